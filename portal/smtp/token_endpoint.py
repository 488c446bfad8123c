"""Asking a token endpoint: one POST to a checked address, over verified TLS, with an end.

Written over a socket of ours, as the mail servers are spoken to: the name is resolved once, only
permitted addresses are contacted, no redirect is followed, and the answer has a size and a time.
"""

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import SplitResult, urlencode, urlsplit

from portal.smtp.addresses import (
    EVERYTHING,
    HTTPS_PORTS,
    Destination,
    DestinationPolicy,
    check_destination,
    host_problem,
)
from portal.smtp.failures import Failure, Kind, visible
from portal.smtp.sockets import Reach, connect, trusted_context
from portal.smtp.stages import Stage

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

TIMEOUT = 10.0  # seconds in all: name, connection, TLS, answer
ANSWER_LIMIT = 65_536  # bytes; a token answer has some thousand
DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body, whatever they say."""

    status: int
    body: bytes


def url_problem(url: str, policy: DestinationPolicy) -> str | None:
    """Why `url` cannot be a token endpoint, with the cure; None if it can.

    Plain http is for addresses inside the network that the installation allows.
    """
    try:
        parts = _parts(url)
    except ValueError:
        return "Informe o endereço completo, por exemplo https://oauth2.exemplo.com/token."
    host = parts.hostname or ""
    problem = host_problem(host)
    if problem:
        return problem
    if parts.scheme == "http" and not _allowed_inside(host, policy):
        return "Use https://: sem criptografia o segredo e o token ficariam à vista."
    return None


def post_form(
    url: str, fields: Mapping[str, str], reach: Reach, timeout: float = TIMEOUT
) -> Answer:
    """Send the form and read the answer.

    Raises Failure at Stage.LOGIN: `oauth_unreachable` (temporary) for whatever fails on the way,
    `oauth_address_refused` (stops the account) for an address that may not be reached.
    """
    deadline = time.monotonic() + timeout
    try:
        parts = _parts(url)
    except ValueError:
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "oauth_address_refused") from None
    target = _checked(parts, reach, timeout)
    try:
        sock, _ = connect(target, _left(deadline))
        with sock:
            return _exchange(sock, parts, urlencode(fields).encode(), reach, deadline)
    except Failure as failure:  # no connection
        raise _unreachable(failure.reply) from failure
    except ssl.SSLCertVerificationError as error:
        raise _unreachable(error.verify_message) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _unreachable(str(error) or type(error).__name__) from error


def _parts(url: str) -> SplitResult:
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise ValueError("not a URL")
    parts = urlsplit(url)
    known = parts.scheme in DEFAULT_PORTS and parts.hostname and not parts.fragment
    if not known or "@" in parts.netloc or parts.port == 0:  # reading the port checks it
        raise ValueError("not a URL of a token endpoint")
    return parts


def _allowed_inside(host: str, policy: DestinationPolicy) -> bool:
    """As far as it shows without asking a name server; connecting looks at the address itself."""
    try:
        return policy.trusts(host, ipaddress.ip_address(host))
    except ValueError:
        return any(item.network or item.name in (*EVERYTHING, host) for item in policy.items())


def _checked(parts: SplitResult, reach: Reach, timeout: float) -> Destination:
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    host = parts.hostname or ""
    try:
        target = check_destination(
            host, port, reach.policy, resolver=reach.resolver, timeout=timeout, usual=HTTPS_PORTS
        )
    except Failure as failure:
        if failure.kind is Kind.TEMPORARY:
            raise _unreachable(f"{host}: {failure.cause}") from failure
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "oauth_address_refused") from failure
    inside = all(reach.policy.trusts(target.host, address) for address in target.addresses)
    if parts.scheme == "http" and not inside:
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "oauth_address_refused")
    return target


def _exchange(
    sock: socket.socket, parts: SplitResult, body: bytes, reach: Reach, deadline: float
) -> Answer:
    sock.settimeout(_left(deadline))
    if parts.scheme == "https":
        context = reach.context or trusted_context()
        sock = context.wrap_socket(sock, server_hostname=parts.hostname)
    with sock:
        sock.settimeout(_left(deadline))
        sock.sendall(_request(parts, body))
        response = http.client.HTTPResponse(cast(Any, _Incoming(sock, deadline)), method="POST")
        response.begin()
        content = response.read(ANSWER_LIMIT + 1)
    if len(content) > ANSWER_LIMIT:
        raise ValueError(f"{response.status}: the answer passes {ANSWER_LIMIT} bytes")
    return Answer(response.status, content)


def _request(parts: SplitResult, body: bytes) -> bytes:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: {parts.netloc}",
        "User-Agent: Pontual",
        "Accept: application/json",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode("ascii") + body


class _Incoming(io.RawIOBase):
    """What arrives on a socket until the deadline, however slowly it drips."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._sock.settimeout(_left(self._deadline))
        return self._sock.recv_into(buffer)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """As HTTPResponse asks a socket for a file."""
        return io.BufferedReader(self)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("time is up")
    return left


def _unreachable(reply: str) -> Failure:
    return Failure(Stage.LOGIN, Kind.TEMPORARY, "oauth_unreachable", reply=visible(reply))


def is_busy(status: int) -> bool:
    """Whether the endpoint may answer the same question better later."""
    return status >= 500 or status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)
