"""A scripted OAuth 2.0 token endpoint: it gives tokens, refuses, hangs, drips or babbles.

    with TokenEndpoint(user="u@example.com") as endpoint:
        server = ScriptedServer(users={}, methods="XOAUTH2", tokens=endpoint.tokens)

Every access token that it gives is in `tokens`, by user, so that a scripted SMTP server accepts it.
"""

import json
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

REFRESH_TOKEN = "refresh-0"


@dataclass
class Odd:
    """One answer that is not a token: `status` and `body`; or `do` hang, drip or drop."""

    status: int = 200
    body: bytes | dict[str, Any] = b""
    do: str = "answer"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def refusal(error: str, description: str = "", status: int = 400) -> Odd:
    """An error as RFC 6749, 5.2 describes it."""
    return Odd(status, {"error": error, "error_description": description})


class TokenEndpoint:
    """Listens on loopback, with TLS where a (certificate, key) is given.

    `odd` answers come first, one request each. `rotate` gives a new refresh token with every
    answer, and then takes only the newest. `asked` is what the clients sent.
    """

    def __init__(
        self,
        *odd: Odd,
        user: str = "financeiro@example.com",
        expires_in: int | None = 3600,
        rotate: bool = False,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.odd = list(odd)
        self.user = user
        self.expires_in = expires_in
        self.rotate = rotate
        self.refresh_token = REFRESH_TOKEN
        self.tokens: dict[str, str] = {}
        self.asked: list[dict[str, str]] = []
        self.stopping = threading.Event()
        self._given = 0
        self._lock = threading.Lock()
        self._server = _Listener(("127.0.0.1", 0), _Handler)
        self._server.endpoint = self
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}/token"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, asked: dict[str, str]) -> Odd:
        """What the next client gets."""
        with self._lock:
            self.asked.append(asked)
            if self.odd:
                return self.odd.pop(0)
            if asked.get("refresh_token") != self.refresh_token:
                return refusal("invalid_grant", "the refresh token is not known")
            self._given += 1
            facts: dict[str, Any] = {"token_type": "Bearer", "access_token": f"at-{self._given}"}
            self.tokens[facts["access_token"]] = self.user
            if self.expires_in is not None:
                facts["expires_in"] = self.expires_in
            if self.rotate:
                self.refresh_token = f"refresh-{self._given}"
                facts["refresh_token"] = self.refresh_token
            return Odd(body=facts)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    endpoint: TokenEndpoint

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Listener

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        odd = self.server.endpoint.answer(dict(parse_qsl(self.rfile.read(length).decode())))
        if odd.do == "drop":
            return
        if odd.do == "hang":
            self.server.endpoint.stopping.wait(30)
            return
        if odd.do == "drip":
            self._drip()
            return
        self.send_response(odd.status)
        for name, value in odd.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(odd.raw)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(odd.raw)

    def _drip(self) -> None:
        with suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while not self.server.endpoint.stopping.wait(0.05):
                self.wfile.write(b" ")
                self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
