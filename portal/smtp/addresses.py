"""Which servers may be reached: never the inside of the network, unless it was allowed.

The check returns the very addresses to connect to (see `portal.core.addresses`).
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portal.core.addresses import Address, is_public, literal, look_up, unwrapped
from portal.smtp.failures import Failure, Kind
from portal.smtp.stages import Stage

MAIL_PORTS = (25, 465, 587, 2525)
IMAP_PORTS = (143, 993)
HTTPS_PORTS = (443,)  # where a token endpoint answers
MAX_ADDRESSES = 4  # tried one after the other
# Services that must never receive SMTP commands, even on an allowed address: databases,
# caches, brokers, container and cluster interfaces.
SERVICE_PORTS = frozenset(
    {1433, 1521, 2049, 2375, 2376, 2379, 2380, 3000, 3306, 3389, 4444, 5000, 5432, 5672, 5900}
    | {5984, 6379, 6443, 7000, 7001, 8080, 8086, 8443, 8500, 9000, 9042, 9090, 9092, 9200, 9300}
    | {10250, 11211, 15672, 26379, 27017, 27018, 50000}
)
EVERYTHING = ("*", "1")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, float], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Allowed:
    """One item of a policy: a name, a network or everything; at one port or at the usual ones."""

    name: str = ""
    network: Network | None = None
    port: int | None = None

    def covers(self, host: str, address: Address) -> bool:
        if self.network is not None:
            return address.version == self.network.version and address in self.network
        return self.name in (*EVERYTHING, host)

    def opens(self, port: int, usual: tuple[int, ...] = MAIL_PORTS) -> bool:
        if self.port is not None:
            return port == self.port
        return port in usual or (port >= 1024 and port not in SERVICE_PORTS)


@dataclass(frozen=True, slots=True)
class DestinationPolicy:
    """What may be reached besides the public mail servers (and public token endpoints).

    Items: `127.0.0.1`, `10.0.0.0/8`, `mail.lan`, `127.0.0.1:1025`, `[::1]:1025`, and `*` or
    `1` for every private address. An item with a port opens that port only; one without opens
    the mail ports and, from 1024 up, every port that is not a well-known service.
    Raises ValueError, naming the item, when one cannot be read.
    """

    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.items()

    def items(self) -> list[Allowed]:
        return [_item(text) for text in self.allow]

    def permits(
        self, host: str, address: Address, port: int, usual: tuple[int, ...] = MAIL_PORTS
    ) -> bool:
        """`usual`: the ports of the service that is meant."""
        if is_public(address) and port in usual:
            return True
        return any(item.covers(host, address) and item.opens(port, usual) for item in self.items())

    def trusts(self, host: str, address: Address) -> bool:
        """Whether this address inside the network was allowed: a password may go unencrypted."""
        inside = not is_public(address)
        return inside and any(item.covers(host, address) for item in self.items())


@dataclass(frozen=True, slots=True)
class Destination:
    """A checked server: connect to these addresses only, in this order."""

    host: str
    port: int
    addresses: tuple[Address, ...]


def host_problem(host: str) -> str | None:
    """Why `host` cannot be a server's name, with the cure; None if it can."""
    if not host.strip():
        return "Informe o servidor de saída, por exemplo smtp.exemplo.com."
    if len(host) > 253:
        return "O nome do servidor é longo demais (máximo 253 caracteres)."
    if "://" in host or "/" in host:
        return "Informe só o nome do servidor, sem https:// e sem barra: smtp.exemplo.com."
    if "@" in host:
        return "Isto é um endereço de e-mail. Informe o servidor, por exemplo smtp.exemplo.com."
    if host != host.strip() or re.search(r"\s", host):
        return "Tire os espaços do nome do servidor."
    if literal(host) is not None:
        return None
    if re.fullmatch(r"[^:]*:\d*", host):
        return "Tire a porta do nome do servidor: ela tem um campo próprio."
    if not _is_name(host):
        return "Nome de servidor inválido. Escreva como smtp.exemplo.com."
    return None


def check_destination(
    host: str,
    port: int,
    policy: DestinationPolicy,
    *,
    resolver: Resolver | None = None,
    timeout: float = 10,
    usual: tuple[int, ...] = MAIL_PORTS,
) -> Destination:
    """The addresses of `host` that the policy lets us reach at `port`.

    Raises Failure at Stage.DNS: `host_invalid`, `port_refused` and `destination_refused` stop
    the account; `dns_not_found` and `dns_timeout` are temporary.
    """
    if host_problem(host):
        raise Failure(Stage.DNS, Kind.ACCOUNT, "host_invalid")
    host = host.lower().rstrip(".")
    found = (resolver or resolve)(host, timeout)
    addresses = [address for address in map(unwrapped, found) if address is not None]
    if not addresses:
        raise Failure(Stage.DNS, Kind.TEMPORARY, "dns_not_found")
    permitted = [item for item in addresses if policy.permits(host, item, port, usual)]
    if not permitted:
        known = any(is_public(item) or policy.trusts(host, item) for item in addresses)
        cause = "port_refused" if known else "destination_refused"
        raise Failure(Stage.DNS, Kind.ACCOUNT, cause)
    return Destination(host, port, tuple(dict.fromkeys(permitted))[:MAX_ADDRESSES])


def resolve(host: str, timeout: float) -> list[str]:
    """The addresses that the system's resolver knows for `host`.

    Raises Failure `dns_not_found` or `dns_timeout`.
    """
    try:
        return look_up(host, timeout)
    except TimeoutError:
        raise Failure(Stage.DNS, Kind.TEMPORARY, "dns_timeout") from None
    except OSError:
        raise Failure(Stage.DNS, Kind.TEMPORARY, "dns_not_found") from None


def _item(text: str) -> Allowed:
    text = text.strip()
    if text in EVERYTHING:
        return Allowed(name=text)
    place, port = _split_port(text)
    try:
        return Allowed(network=ipaddress.ip_network(place, strict=False), port=port)
    except ValueError:
        pass
    if not _is_name(place) or re.fullmatch(r"[\d.]+", place):
        raise ValueError(f"{text!r} is not an address, a network or a name, with or without port")
    return Allowed(name=place.lower(), port=port)


def _split_port(text: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"\[([^\]]+)\](?::(\d+))?|([^:]+):(\d+)", text)
    if match is None:
        return text, None
    place, port = match[1] or match[3], match[2] or match[4]
    if port is not None and not 1 <= int(port) <= 65535:
        raise ValueError(f"{text!r}: the port must be from 1 to 65535")
    return place, int(port) if port else None


def _is_name(host: str) -> bool:
    try:
        labels = host.rstrip(".").encode("idna").decode("ascii").split(".")
    except UnicodeError:
        return False
    return all(_LABEL.fullmatch(label) for label in labels)
