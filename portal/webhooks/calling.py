"""One call: a POST to a checked address, over verified TLS, with an end. No redirect is followed.

Nothing that comes back is trusted: a few hundred bytes of the answer are kept for the log.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from portal.core.text import one_line
from portal.webhooks.destinations import Refused, Target, find

TIMEOUT = 10.0  # seconds to connect, and as many again for TLS and answer together
ANSWER_LIMIT = 4096  # bytes that are read at most
SHOWN = 200  # characters of the answer that the log keeps


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call; `status` is None where no answer came. `error` is "" for a success."""

    status: int | None
    error: str = ""

    @property
    def fine(self) -> bool:
        """Whether the receiver took it."""
        return not self.error


def call(url: str, body: bytes, headers: Mapping[str, str], *, production: bool) -> Answer:
    """POST `body` (JSON) to `url`; never raises for what the other side does."""
    try:
        target = find(url, production=production)
        return _exchange(_connect(target), target, body, headers)
    except Refused as refused:
        return Answer(None, str(refused))
    except ssl.SSLCertVerificationError as error:
        return Answer(None, f"O certificado não confere: {error.verify_message}.")
    except TimeoutError:
        return Answer(None, f"Sem resposta em {TIMEOUT:.0f} segundos.")
    except ConnectionRefusedError:
        return Answer(None, "Conexão recusada: nada atende neste endereço.")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(None, f"A conexão falhou: {one_line(str(error))[:SHOWN] or type(error)}")


def _connect(target: Target) -> socket.socket:
    """A socket to the first address that answers; each has its share of TIMEOUT."""
    share = TIMEOUT / len(target.addresses)
    last: OSError = ConnectionRefusedError()
    for address in target.addresses:
        try:
            return socket.create_connection((str(address), target.port), share)
        except OSError as error:
            last = error
    raise last


def _exchange(
    sock: socket.socket, target: Target, body: bytes, headers: Mapping[str, str]
) -> Answer:
    host = target.parts.hostname or ""
    with _Deadline(sock) as line:
        if target.parts.scheme == "https":
            line.encrypt(host)
        connection = http.client.HTTPConnection(host, target.port, timeout=TIMEOUT)
        connection.sock = line.sock  # connected already, to the checked address
        connection.request("POST", target.path, body, dict(headers))
        response = connection.getresponse()
        line.refuse_late()
        return _judged(response.status, _beginning(response))


class _Deadline:
    """A socket that is shut down when its time is up: each read has a time-out of its own, and
    only this ends an answer that drips for ever."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._over = threading.Event()
        self._watch = threading.Timer(TIMEOUT, self._end)
        self._watch.daemon = True

    def __enter__(self) -> "_Deadline":
        self._watch.start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._watch.cancel()
        self.sock.close()
        if error is not None:
            self.refuse_late()

    def refuse_late(self) -> None:
        """Raises TimeoutError once the time is up: what was read then may be half of it."""
        if self._over.is_set():
            raise TimeoutError from None

    def encrypt(self, host: str) -> None:
        """TLS 1.2 or newer, the certificate checked against the name."""
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        sock = context.wrap_socket(self.sock, server_hostname=host, do_handshake_on_connect=False)
        self.sock = sock
        sock.do_handshake()

    def _end(self) -> None:
        self._over.set()
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


def _beginning(response: http.client.HTTPResponse) -> bytes:
    """The first bytes of the answer's body, for the log: with the status it was received."""
    try:
        return response.read(ANSWER_LIMIT)
    except (OSError, http.client.HTTPException):
        return b""


def _judged(status: int, content: bytes) -> Answer:
    if 200 <= status < 300:
        return Answer(status)
    if 300 <= status < 400:
        return Answer(status, f"Resposta {status}: não seguimos redirecionamentos.")
    said = one_line(content.decode("utf-8", "replace"))[:SHOWN]
    return Answer(status, f"Resposta {status}" + (f": {said}" if said else "."))
