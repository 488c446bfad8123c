"""An IMAP server for tests: one folder of mails, and faults on purpose.

    with ImapServer(users={"caixa@example.com": "senha"}) as server:
        server.deliver(data)
        ...
    assert not server.marked

It knows CAPABILITY, STARTTLS, LOGIN, AUTHENTICATE PLAIN and XOAUTH2, EXAMINE, SELECT, UID SEARCH,
UID FETCH and LOGOUT. Whatever would change the mailbox is noted in `marked`.
"""

import base64
import re
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

NOON = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_FETCH = re.compile(r"UID FETCH (\d+) \(INTERNALDATE BODY\.PEEK\[(HEADER)?\]<0\.(\d+)>\)")
_SEARCH = re.compile(r"UID SEARCH UID (\d+):\* SINCE (\d+)-(\w+)-(\d+)")
CHANGING = ("STORE", "EXPUNGE", "DELETE", "MOVE", "COPY", "APPEND", "CLOSE", "SELECT")


@dataclass(frozen=True)
class Fault:
    """At the command `at` (greeting, tls, LOGIN, EXAMINE, UID SEARCH, UID FETCH, …) do what.

    drop: hang up. hang: say nothing more. drip: one byte a tenth of a second. reply: say `text`.
    """

    at: str
    do: str
    text: str = ""
    after: int = 0  # the first so many times nothing happens


@dataclass(frozen=True)
class Kept:
    """One mail of the folder."""

    uid: int
    data: bytes
    received_at: datetime


class ImapServer:
    """Listens on loopback. `tls`: none, starttls or implicit, with (certificate, key) files."""

    def __init__(
        self,
        *faults: Fault,
        users: Mapping[str, str],
        tokens: Mapping[str, str] | None = None,
        tls: str = "none",
        certificate: tuple[Path, Path] | None = None,
        folder: str = '"INBOX"',
        uid_validity: int = 1700000000,
    ) -> None:
        self.faults = list(faults)
        self.users = users
        self.tokens = tokens  # access token → user; None: no XOAUTH2
        self.tls = tls
        self.folder = folder
        self.uid_validity = uid_validity
        self.mails: list[Kept] = []
        self.commands: list[str] = []
        self.marked: list[str] = []
        self.next_uid = 1
        self.context = _context(certificate) if certificate else None
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._times: dict[str, int] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
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
        self.stopping.set()
        for sock in [self._listener, *self._open]:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def deliver(self, data: bytes, received_at: datetime = NOON) -> int:
        """Put a mail into the folder; its UID."""
        uid = self.next_uid
        self.next_uid += 1
        self.mails.append(Kept(uid, data.replace(b"\n", b"\r\n"), received_at))
        return uid

    def rebuild(self) -> None:
        """As after a restore: another UIDVALIDITY, and the mails numbered from 1 again."""
        self.uid_validity += 1
        old, self.mails, self.next_uid = self.mails, [], 1
        for mail in old:
            self.deliver(mail.data.replace(b"\r\n", b"\n"), mail.received_at)

    def said(self, word: str) -> list[str]:
        """The commands that begin with `word`."""
        return [command for command in self.commands if command.startswith(word)]

    def fault(self, at: str) -> Fault | None:
        """The fault that is due at this point."""
        self._times[at] = self._times.get(at, 0) + 1
        due = (item for item in self.faults if item.at == at and self._times[at] > item.after)
        return next(due, None)

    def _listen(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        conversation = _Conversation(self, sock)
        with suppress(OSError, ValueError, _Hangup):
            conversation.run()
        conversation.sock.close()


class _Hangup(Exception):
    pass


class _Conversation:
    def __init__(self, server: ImapServer, sock: socket.socket) -> None:
        self.server, self.sock = server, sock
        self.secure = False
        self.user = ""

    def run(self) -> None:
        if self.server.tls == "implicit":
            self._encrypt()
        self._disturb("greeting")
        self.say("* OK ready")
        while line := self.file().readline():
            tag, _, command = line.decode().strip().partition(" ")
            self.server.commands.append(command)
            self._obey(tag, command)

    def file(self):  # type: ignore[no-untyped-def] # a reader of the current socket
        if getattr(self, "_file_of", None) is not self.sock:
            self._file_of, self._file = self.sock, self.sock.makefile("rb")
        return self._file

    def say(self, text: str | bytes) -> None:
        data = text if isinstance(text, bytes) else text.encode()
        self.sock.sendall(data + b"\r\n")

    def _obey(self, tag: str, command: str) -> None:
        words = command.split(" ")
        name = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
        if any(word in command.upper().split() for word in CHANGING):
            self.server.marked.append(command)
        if self._disturb(name, tag):
            return
        handlers = {
            "CAPABILITY": self._capability,
            "STARTTLS": self._starttls,
            "LOGIN": self._login,
            "AUTHENTICATE": self._authenticate,
            "EXAMINE": self._examine,
            "SELECT": self._examine,
            "UID SEARCH": self._search,
            "UID FETCH": self._fetch,
            "LOGOUT": self._logout,
        }
        handler = handlers.get(name)
        if handler is None:
            self.say(f"{tag} BAD unknown command")
        else:
            handler(tag, command)

    def _disturb(self, at: str, tag: str = "*") -> bool:
        """Whether a fault took the place of the answer."""
        fault = self.server.fault(at)
        if fault is None:
            return False
        if fault.do == "drop":
            raise _Hangup
        if fault.do == "hang":
            self.server.stopping.wait(30)
            raise _Hangup
        if fault.do == "drip":
            while not self.server.stopping.wait(0.1):
                self.sock.sendall(b"*")
            raise _Hangup
        self.say(fault.text.replace("TAG", tag))
        return True

    def _encrypt(self) -> None:
        assert self.server.context is not None
        self._disturb("tls")
        self.sock = self.server.context.wrap_socket(self.sock, server_side=True)
        self.secure = True

    def _capability(self, tag: str, _command: str) -> None:
        offered = " STARTTLS" if self.server.tls == "starttls" and not self.secure else ""
        by_token = "" if self.server.tokens is None else " AUTH=XOAUTH2"
        self.say(f"* CAPABILITY IMAP4rev1 AUTH=PLAIN{by_token}{offered}")
        self.say(f"{tag} OK done")

    def _starttls(self, tag: str, _command: str) -> None:
        self.say(f"{tag} OK begin")
        self._encrypt()

    def _login(self, tag: str, command: str) -> None:
        user, password = re.findall(r'"((?:[^"\\]|\\.)*)"', command)
        plain = [re.sub(r"\\(.)", r"\1", text) for text in (user, password)]
        self._sign_in(tag, *plain)

    def _authenticate(self, tag: str, command: str) -> None:
        self.say("+ ")
        if command.endswith(" XOAUTH2"):
            self._by_token(tag)
            return
        _, user, password = base64.b64decode(self.file().readline()).decode().split("\0")
        self._sign_in(tag, user, password)

    def _sign_in(self, tag: str, user: str, password: str) -> None:
        if self.server.users.get(user) != password:
            self.say(f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials: {password}")
            return
        self.user = user
        self.say(f"{tag} OK signed in")

    def _by_token(self, tag: str) -> None:
        given = base64.b64decode(self.file().readline()).decode()
        user, bearer = given.removesuffix("\1\1").split("\1")
        assert self.server.tokens is not None
        self.user = user.removeprefix("user=")
        token = bearer.removeprefix("auth=Bearer ")
        if self.server.tokens.get(token) == self.user:
            self.say(f"{tag} OK signed in")
            return
        self.say(b"+ " + base64.b64encode(b'{"status":"400","schemes":"Bearer"}'))
        assert self.file().readline() == b"\r\n"
        self.say(f"{tag} NO AUTHENTICATE failed: {token}")

    def _examine(self, tag: str, command: str) -> None:
        assert self.user, "not signed in"
        if command.partition(" ")[2] != self.server.folder:
            self.say(f"{tag} NO no such folder")
            return
        self.say(f"* {len(self.server.mails)} EXISTS")
        self.say(f"* OK [UIDVALIDITY {self.server.uid_validity}] fine")
        self.say(f"{tag} OK [READ-ONLY] open")

    def _search(self, tag: str, command: str) -> None:
        match = _SEARCH.fullmatch(command)
        assert match is not None, command
        month = _MONTHS.index(match[3]) + 1
        since = datetime(int(match[4]), month, int(match[2]), tzinfo=UTC)
        recent = [mail.uid for mail in self.server.mails if mail.received_at >= since]
        found = [uid for uid in recent if uid >= int(match[1])] or recent[-1:]
        self.say("* SEARCH " + " ".join(map(str, found)))
        self.say(f"{tag} OK done")

    def _fetch(self, tag: str, command: str) -> None:
        match = _FETCH.fullmatch(command)
        assert match is not None, command
        mail = next((item for item in self.server.mails if item.uid == int(match[1])), None)
        if mail is not None:
            head, gap, _ = mail.data.partition(b"\r\n\r\n")
            data = (head + gap if match[2] else mail.data)[: int(match[3])]
            at = mail.received_at
            date = f"{at.day:2}-{_MONTHS[at.month - 1]}-{at.year} {at:%H:%M:%S} +0000"
            prefix = f'* 1 FETCH (UID {mail.uid} INTERNALDATE "{date}" BODY[{match[2] or ""}]<0>'
            self.say(f"{prefix} {{{len(data)}}}\r\n".encode() + data + b")")
        self.say(f"{tag} OK done")

    def _logout(self, tag: str, _command: str) -> None:
        self.say("* BYE")
        self.say(f"{tag} OK bye")
        raise _Hangup


def _context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context
