"""The bytes of SMTP: smtplib's commands over a socket of ours, every step with an end.

smtplib alone waits its time-out again for every byte that drips in, keeps any amount of reply
lines in memory, and cannot tell "dropped" from "garbage". This one gives each step a deadline
and each reply a size, and says which of the three went wrong.
"""

from __future__ import annotations

import ipaddress
import re
import smtplib
import socket
import ssl
import time
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

LINE_LIMIT = 8192  # bytes; RFC 5321 asks for 512
REPLY_LINES = 100
CHUNK = 65_536
_REPLY = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)


class Broken(StrEnum):
    """How the conversation broke."""

    DROPPED = "dropped"
    TIMEOUT = "timeout"
    GARBAGE = "garbage"


class WireError(Exception):
    """The connection is of no use any more; `seen` is the beginning of what the server said."""

    def __init__(self, how: Broken, seen: bytes = b"") -> None:
        super().__init__(how)
        self.how = how
        self.seen = seen


class Wire(smtplib.SMTP):
    """An SMTP connection over a socket that is already connected to a checked address.

    Give each step its time with `allow(seconds)`. Raises WireError, after which only
    `close()` makes sense.
    """

    sock: socket.socket | None

    def __init__(self, sock: socket.socket) -> None:
        # No look-up of our own name: an address literal is a full EHLO (RFC 5321, 4.1.3).
        super().__init__(local_hostname=_own_literal(sock))
        self.sock = sock
        self._seen = bytearray()
        self._deadline = time.monotonic()

    def allow(self, seconds: float) -> None:
        """The steps up to the next call may take `seconds` in all."""
        self._deadline = time.monotonic() + seconds

    def send(self, s: Buffer | str) -> None:
        """Hand all of `s` to the system, within the allowed time."""
        view = memoryview(s.encode(self.command_encoding) if isinstance(s, str) else s)
        while view:
            sock = self._ready()
            try:
                view = view[sock.send(view[:CHUNK]) :]
            except OSError as error:
                raise _wire_error(error) from error

    def getreply(self) -> tuple[int, bytes]:
        """One reply, its lines joined by a line feed; raises WireError for what is not one."""
        lines: list[bytes] = []
        while True:
            line = self._line()
            match = _REPLY.fullmatch(line)
            if match is None or len(lines) == REPLY_LINES:
                raise WireError(Broken.GARBAGE, line)
            lines.append(match[3] or b"")
            if match[2] != b"-":
                return int(match[1]), b"\n".join(lines)

    def spoke_early(self, wait: float) -> bool:
        """Whether the server says something within `wait` seconds though it is our turn.

        Raises WireError when it has hung up instead.
        """
        if self._seen:
            return True
        sock = self._ready()
        sock.settimeout(wait)
        try:
            chunk = sock.recv(LINE_LIMIT)
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError as error:
            raise _wire_error(error) from error
        if not chunk:
            raise WireError(Broken.DROPPED)
        self._seen += chunk
        return True

    def encrypt(self, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
        """Speak TLS from here on, with the certificate checked against `host`.

        What the server said before is forgotten (RFC 3207, 4.2), and bytes that it sent ahead
        in clear are refused: they could be anybody's. Raises OSError, ssl.SSLError included.
        """
        if self._seen:
            raise WireError(Broken.GARBAGE, bytes(self._seen))
        secure = context.wrap_socket(self._ready(), server_hostname=host)
        self.sock = secure
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False
        return secure

    @property
    def encrypted(self) -> bool:
        return isinstance(self.sock, ssl.SSLSocket)

    def _line(self) -> bytes:
        while (end := self._seen.find(b"\n")) < 0:
            if len(self._seen) > LINE_LIMIT:
                raise WireError(Broken.GARBAGE, bytes(self._seen))
            chunk = self._receive()
            if not chunk and not self._seen:
                raise WireError(Broken.DROPPED)
            # A last line without its end still counts: its code is what matters.
            self._seen += chunk or b"\n"
        line = bytes(self._seen[:end])
        del self._seen[: end + 1]
        return line.rstrip(b"\r")

    def _receive(self) -> bytes:
        try:
            return self._ready().recv(LINE_LIMIT)
        except OSError as error:
            raise _wire_error(error) from error

    def _ready(self) -> socket.socket:
        if self.sock is None:
            raise WireError(Broken.DROPPED)
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise WireError(Broken.TIMEOUT, bytes(self._seen))
        self.sock.settimeout(left)
        return self.sock


def _wire_error(error: OSError) -> WireError:
    return WireError(Broken.TIMEOUT if isinstance(error, TimeoutError) else Broken.DROPPED)


def _own_literal(sock: socket.socket) -> str:
    address = ipaddress.ip_address(str(sock.getsockname()[0]).partition("%")[0])
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"
