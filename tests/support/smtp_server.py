"""A scripted SMTP server: it can refuse, delay, drop, hang or babble at any stage.

In the test's own process:

    with ScriptedServer(Fault("rcpt", text="550 5.1.1 no such user", recipient="^x@")) as server:
        ...
    assert server.acceptances["<id@example.com>"] == 1

As a process of its own, with faults that can be changed while it runs:

    python -m tests.support.smtp_server --spool DIR --faults FILE.json
    {"port": 40123}                                   (first line on stdout)

FILE.json holds a list of faults (fields of Fault) and is read again when it changes. Accepted
messages go to DIR/<n>.eml and, one JSON line each, to DIR/accepted.jsonl.
"""

import argparse
import json
import signal
import socket
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.smtp_conversation import Conversation, Hangup
from tests.support.smtp_faults import SPOOL_INDEX, Accepted, Fault, read_spool, write_faults

__all__ = ["Accepted", "Fault", "ScriptedServer", "read_spool", "write_faults"]


class ScriptedServer:
    """Listens on loopback. `tls`: none, starttls or implicit, with (certificate, key) files.

    `users` maps user to password; None offers no AUTH. `tokens` maps access token to user, for
    XOAUTH2, and may change while it runs. `commands` is what all clients said.
    """

    def __init__(
        self,
        *faults: Fault,
        tls: str = "none",
        certificate: tuple[Path, Path] | None = None,
        users: Mapping[str, str] | None = None,
        tokens: Mapping[str, str] | None = None,
        extensions: Iterable[str] = ("SIZE 10000000", "8BITMIME", "SMTPUTF8"),
        methods: str = "PLAIN LOGIN",
        spool: Path | None = None,
        faults_file: Path | None = None,
        port: int = 0,
    ) -> None:
        self.faults = list(faults)
        self.tls = tls
        self.users = users
        self.tokens: Mapping[str, str] = {} if tokens is None else tokens
        self.extensions = list(extensions)
        self.methods = methods
        self.accepted: list[Accepted] = []
        self.commands: list[str] = []
        self.connections = 0
        self.messages = 0
        self.stopping = threading.Event()
        self.context = _context(certificate) if certificate else None
        self._spool = spool
        self._faults_file = faults_file
        self._faults_stamp = 0
        self._fired: Counter[Fault] = Counter()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the door and every conversation."""
        self.stopping.set()
        with self._lock:
            sockets = [self._listener, *self._open]
        for sock in sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    @property
    def acceptances(self) -> Counter[str]:
        """How often each Message-ID was accepted."""
        return Counter(item.message_id for item in self.accepted)

    @property
    def recipients(self) -> Counter[str]:
        """How many messages each recipient got."""
        return Counter(name for item in self.accepted for name in item.recipients)

    def fault(self, at: str, message: int, connection: int, recipient: str) -> Fault | None:
        """The first fault that is due here; it counts as fired."""
        with self._lock:
            self._read_faults()
            for fault in self.faults:
                due = fault.at == at and fault.meets(message, connection, recipient)
                if due and not (fault.times and self._fired[fault] >= fault.times):
                    self._fired[fault] += 1
                    return fault
        return None

    def next_message(self) -> int:
        with self._lock:
            self.messages += 1
            return self.messages

    def keep(self, item: Accepted) -> None:
        """Take responsibility: from here on the message counts as accepted."""
        with self._lock:
            self.accepted.append(item)
            if self._spool is None:
                return
            (self._spool / f"{item.number}.eml").write_bytes(item.data)
            row = {**asdict(item), "data": f"{item.number}.eml"}
            with (self._spool / SPOOL_INDEX).open("a") as index:
                index.write(json.dumps(row) + "\n")

    def _listen(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                number = self.connections
                self._open.add(sock)
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        conversation = Conversation(self, sock, number)
        try:
            conversation.run()
        except (Hangup, OSError, ValueError):
            pass
        finally:
            conversation.sock.close()
            with self._lock:
                self._open.discard(sock)

    def _read_faults(self) -> None:
        if self._faults_file is None or not self._faults_file.exists():
            return
        stamp = self._faults_file.stat().st_mtime_ns
        if stamp != self._faults_stamp:
            self._faults_stamp = stamp
            rows = json.loads(self._faults_file.read_text())
            self.faults = [Fault(**row) for row in rows]


def _context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def main() -> None:
    parser = argparse.ArgumentParser(description="Scripted SMTP server for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--spool", type=Path)
    parser.add_argument("--faults", type=Path)
    parser.add_argument("--tls", choices=("none", "starttls", "implicit"), default="none")
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    given = parser.parse_args()
    if given.spool:
        given.spool.mkdir(parents=True, exist_ok=True)
    server = ScriptedServer(
        tls=given.tls,
        certificate=(given.certificate, given.key) if given.certificate else None,
        users={given.user: given.password} if given.user else None,
        spool=given.spool,
        faults_file=given.faults,
        port=given.port,
    )
    signal.signal(signal.SIGTERM, lambda *_: server.stopping.set())
    with server:
        sys.stdout.write(json.dumps({"port": server.port}) + "\n")
        sys.stdout.flush()
        server.stopping.wait()


if __name__ == "__main__":
    main()
