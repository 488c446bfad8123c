"""Plain sockets to checked addresses, and how TLS trusts."""

import socket
import ssl
from dataclasses import dataclass

from portal.core.addresses import Address
from portal.smtp.addresses import Destination, DestinationPolicy, Resolver
from portal.smtp.failures import Failure, Kind, visible
from portal.smtp.stages import Stage

# Of several addresses' problems, the one that tells most.
CONNECT_CAUSES = ("port_closed", "timeout_connect", "dropped", "unreachable")


@dataclass(frozen=True, slots=True)
class Reach:
    """Which servers may be reached, and how their names and certificates are looked at."""

    policy: DestinationPolicy
    resolver: Resolver | None = None
    context: ssl.SSLContext | None = None


def trusted_context() -> ssl.SSLContext:
    """TLS 1.2 or newer, checked against the system's authorities (or those of SSL_CERT_FILE)."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def connect(target: Destination, timeout: float) -> tuple[socket.socket, Address]:
    """A socket to the first address that answers, and that address. Raises Failure."""
    problems: list[OSError] = []
    for address in target.addresses:
        try:
            sock = socket.create_connection((str(address), target.port), timeout)
        except OSError as error:
            problems.append(error)
            continue
        # The final dot is a small write after a large one: it must not wait for an ACK.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock, address
    causes = [_connect_cause(problem) for problem in problems]
    cause = min(causes, key=CONNECT_CAUSES.index)
    raise Failure(Stage.CONNECT, Kind.TEMPORARY, cause, reply=visible(str(problems[-1])))


def _connect_cause(problem: OSError) -> str:
    if isinstance(problem, ConnectionRefusedError):
        return "port_closed"
    if isinstance(problem, TimeoutError):
        return "timeout_connect"
    return "dropped" if isinstance(problem, ConnectionError) else "unreachable"
