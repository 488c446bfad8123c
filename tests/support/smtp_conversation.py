"""One client of the scripted SMTP server, from its first byte to its last."""

from __future__ import annotations

import base64
import json
import re
import socket
import ssl
import struct
import time
from email import message_from_bytes
from typing import IO, TYPE_CHECKING

from tests.support.smtp_faults import Accepted, Fault

if TYPE_CHECKING:
    from tests.support.smtp_server import ScriptedServer


class Hangup(Exception):
    """End of this conversation."""


class Conversation:
    """Reads commands and answers them, unless a fault is due."""

    def __init__(self, server: ScriptedServer, sock: socket.socket, number: int) -> None:
        self.server = server
        self.sock = sock
        self.file: IO[bytes] = sock.makefile("rb")
        self.number = number
        self.message = 0
        self.sender = ""
        self.recipients: list[str] = []
        self.user = ""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self) -> None:
        self.stage("connect")
        if self.server.tls == "implicit":
            self.encrypt()
        if not self.stage("greeting"):
            self.say("220 scripted.example.test ESMTP ready")
        while line := self.file.readline(100_000):
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            self.server.commands.append(text)
            verb, _, rest = text.partition(" ")
            handler = getattr(self, f"on_{verb.lower()}", None)
            if handler is None:
                self.say("500 5.5.2 unknown command")
            else:
                handler(rest)

    def stage(self, at: str, recipient: str = "") -> bool:
        """Do what is scripted for this stage; True if that was the answer."""
        name = recipient or (self.recipients[0] if self.recipients else "")
        fault = self.server.fault(at, self.message, self.number, name)
        if fault is None:
            return False
        if fault.do == "reply":
            self.say(fault.text)
        elif fault.do == "garbage":
            self.sock.sendall(fault.text.encode())
        elif fault.do == "endless":
            while not self.server.stopping.is_set():
                self.sock.sendall(fault.text.encode() * 100)
        elif fault.do == "drip":
            for byte in fault.text.encode():
                self.sock.sendall(bytes([byte]))
                self.server.stopping.wait(fault.seconds)
        elif fault.do == "delay":
            self.server.stopping.wait(fault.seconds)
            return False
        else:
            self.vanish(fault)
        return True

    def vanish(self, fault: Fault) -> None:
        if fault.do == "hang":
            self.server.stopping.wait(fault.seconds or None)
        if fault.do == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.sock.shutdown(socket.SHUT_RDWR)
        raise Hangup

    def say(self, reply: str) -> None:
        self.sock.sendall(reply.encode() + b"\r\n")

    def encrypt(self) -> None:
        if self.stage("tls") or self.server.context is None:
            raise Hangup
        self.sock = self.server.context.wrap_socket(self.sock, server_side=True)
        self.file = self.sock.makefile("rb")

    @property
    def encrypted(self) -> bool:
        return isinstance(self.sock, ssl.SSLSocket)

    def on_ehlo(self, _name: str) -> None:
        if self.stage("ehlo"):
            return
        lines = ["scripted.example.test", *self.server.extensions]
        if self.server.tls == "starttls" and not self.encrypted:
            lines.append("STARTTLS")
        if self.server.users is not None:
            lines.append(f"AUTH {self.server.methods}")
        for line in lines[:-1]:
            self.say(f"250-{line}")
        self.say(f"250 {lines[-1]}")

    def on_helo(self, _name: str) -> None:
        self.say("250 scripted.example.test")

    def on_starttls(self, _rest: str) -> None:
        if self.stage("starttls"):
            return
        self.say("220 2.0.0 go ahead")
        self.encrypt()

    def on_auth(self, rest: str) -> None:
        method, _, initial = rest.partition(" ")
        if method.upper() == "XOAUTH2":
            self.by_token(initial)
            return
        if method.upper() == "PLAIN":
            _, user, password = _decoded(initial or self.ask("")).split("\0")
        elif method.upper() == "LOGIN":
            user = _decoded(initial or self.ask("VXNlcm5hbWU6"))
            password = _decoded(self.ask("UGFzc3dvcmQ6"))
        else:
            self.say("504 5.5.4 unknown method")
            return
        if self.stage("auth"):
            return
        if (self.server.users or {}).get(user) == password:
            self.user = user
            self.say("235 2.7.0 welcome")
        else:
            self.say("535 5.7.8 Authentication credentials invalid")

    def by_token(self, initial: str) -> None:
        """SASL XOAUTH2: a refused token is told in JSON first, and refused after an empty line."""
        user, bearer, *rest = _decoded(initial or self.ask("")).split("\1")
        if self.stage("auth"):
            return
        name, token = user.removeprefix("user="), bearer.removeprefix("auth=Bearer ")
        if rest == ["", ""] and self.server.tokens.get(token) == name:
            self.user = name
            self.say("235 2.7.0 Accepted")
            return
        told = json.dumps({"status": "401", "schemes": "bearer"})
        answer = self.ask(base64.b64encode(told.encode()).decode())
        self.server.commands.append(answer)
        self.say("535 5.7.3 Authentication unsuccessful" if not answer else "501 5.5.2 what?")

    def ask(self, challenge: str) -> str:
        self.say(f"334 {challenge}")
        return self.file.readline(10_000).decode().strip()

    def on_mail(self, rest: str) -> None:
        self.message = self.server.next_message()
        self.recipients = []
        self.sender = _address(rest)
        if self.server.users is not None and not self.user:
            self.say("530 5.7.0 Authentication required")
        elif not self.stage("mail"):
            self.say("250 2.1.0 sender ok")

    def on_rcpt(self, rest: str) -> None:
        recipient = _address(rest)
        if not self.stage("rcpt", recipient):
            self.recipients.append(recipient)
            self.say("250 2.1.5 recipient ok")

    def on_data(self, _rest: str) -> None:
        if not self.recipients:
            self.say("503 5.5.1 no recipients")
            return
        if self.stage("data"):
            return
        self.say("354 go ahead")
        data = self.body()
        if self.stage("dot"):
            return
        item = Accepted(
            number=self.message,
            message_id=str(message_from_bytes(data).get("Message-ID", "")).strip(),
            sender=self.sender,
            recipients=list(self.recipients),
            user=self.user,
            tls=self.encrypted,
            at=time.time(),
            data=data,
        )
        self.server.keep(item)
        if not self.stage("accepted"):
            self.say(f"250 2.0.0 queued as {item.number}")
        self.stage("replied")

    def body(self) -> bytes:
        lines: list[bytes] = []
        while True:
            line = self.file.readline()
            if not line:
                raise Hangup
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line.removeprefix(b"."))
            if len(lines) == 1 and self.stage("body"):
                raise Hangup

    def on_rset(self, _rest: str) -> None:
        if not self.stage("rset"):
            self.say("250 2.0.0 ok")

    def on_quit(self, _rest: str) -> None:
        if not self.stage("quit"):
            self.say("221 2.0.0 bye")
        raise Hangup


def _address(rest: str) -> str:
    match = re.search(r"<([^>]*)>", rest)
    return match[1] if match else ""


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
