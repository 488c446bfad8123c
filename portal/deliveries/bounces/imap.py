"""The bytes of IMAP: imaplib's commands over a socket of ours, every step with an end.

imaplib alone waits its time-out again for every byte that drips in, and reads whatever size a
server announces. Here each step has a deadline, and each reply a size.
"""

import imaplib
import socket
import ssl
import time
from contextlib import suppress

LINE_LIMIT = 1_000_000  # bytes; the reply to a search is one line
LINES_LIMIT = 10_000  # of one step
LITERAL_LIMIT = 2_000_000
CHUNK = 65_536


class Garbage(imaplib.IMAP4.abort):
    """What the server says is not IMAP, or more of it than any answer has."""


class Imap(imaplib.IMAP4):
    """An IMAP conversation over a socket that is already connected to a checked address.

    Give each step its time with `allow(seconds)`. Raises OSError (TimeoutError when the time is
    up), Garbage, and imaplib's own errors, which may stand for an OSError (their context);
    then only `shutdown()` makes sense.
    """

    sock: socket.socket

    def __init__(self, sock: socket.socket, host: str, seconds: float) -> None:
        self.sock = sock
        self._seen = bytearray()
        self.allow(seconds)
        super().__init__(host)

    def allow(self, seconds: float) -> None:
        """The steps up to the next call may take `seconds` in all."""
        self._deadline = time.monotonic() + seconds
        self._lines = 0

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        """Nothing to open: the socket was given."""
        self.host, self.port = host, port

    def secure(self, context: ssl.SSLContext) -> None:
        """STARTTLS, with the certificate checked against the host.

        Bytes that the server sent ahead in clear are refused: they could be anybody's.
        """
        kind, _ = self.xatom("STARTTLS")
        if kind != "OK":
            raise self.error("STARTTLS refused")
        if self._seen:
            raise Garbage(repr(bytes(self._seen[:80])))
        self.sock = context.wrap_socket(self._ready(), server_hostname=self.host)
        # What was announced in clear is forgotten (RFC 3501, 6.2.1).
        _, found = self.capability()
        self.capabilities = tuple(str(found[-1] or b"", "ascii", "replace").upper().split())

    def read(self, size: int) -> bytes:
        """`size` bytes."""
        if size > LITERAL_LIMIT:
            raise Garbage(f"literal of {size} bytes")
        while len(self._seen) < size:
            self._receive()
        return self._take(size)

    def readline(self) -> bytes:
        """One line with its end."""
        self._lines += 1
        if self._lines > LINES_LIMIT:
            raise Garbage("endless answer")
        start = 0
        while (end := self._seen.find(b"\n", start)) < 0:
            if len(self._seen) > LINE_LIMIT:
                raise Garbage("endless line")
            start = len(self._seen)
            self._receive()
        return self._take(end + 1)

    def send(self, data: bytes) -> None:  # type: ignore[override] # typeshed: any buffer
        """Hand all of `data` to the system, within the allowed time."""
        self._ready().sendall(data)

    def shutdown(self) -> None:
        """Close the socket."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def _take(self, size: int) -> bytes:
        taken = bytes(self._seen[:size])
        del self._seen[:size]
        return taken

    def _receive(self) -> None:
        chunk = self._ready().recv(CHUNK)
        if not chunk:
            raise ConnectionAbortedError
        self._seen += chunk

    def _ready(self) -> socket.socket:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        return self.sock
