"""Names and addresses on the network: what a name stands for, and which addresses are public.

Whoever connects to a host that somebody typed must connect to the very addresses that were looked
at here: resolving the name a second time would let a name server change its answer in between.
"""

import ipaddress
import socket
import threading

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def literal(text: str) -> Address | None:
    """The address that `text` is; None for a name."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def unwrapped(text: str) -> Address | None:
    """The address that packets would really reach: IPv4 hidden in IPv6 is taken out."""
    address = literal(text)
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def is_public(address: Address) -> bool:
    """Whether the address is one of the internet's, not of a network of ours."""
    old_private = isinstance(address, ipaddress.IPv6Address) and address.is_site_local  # fec0::/10
    return not (old_private or address.is_multicast or address.is_reserved) and address.is_global


def look_up(host: str, timeout: float) -> list[str]:
    """The addresses that the system's resolver knows for `host`. Raises OSError, TimeoutError.

    getaddrinfo cannot be interrupted: it runs in a thread that is left behind when its time
    (`timeout`, seconds) is up.
    """
    answer: list[str] = []
    problem: list[OSError] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            answer.extend(str(row[4][0]) for row in rows)
        except (OSError, UnicodeError) as error:
            problem.append(OSError(str(error)))

    thread = threading.Thread(target=ask, daemon=True, name="dns")
    thread.start()
    thread.join(timeout)
    if thread.is_alive():
        raise TimeoutError(f"{host}: no answer from the name server")
    if problem:
        raise problem[0]
    return answer
