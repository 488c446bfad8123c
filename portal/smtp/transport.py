"""One connection that hands over many messages, each to one recipient, and never guesses.

Flask-Mail's extension point (its `Connection`), with what it lacks: time-outs, a checked
certificate and destination, the stage of a failure, and a QUIT that cannot undo a delivery.
"""

import re
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parseaddr
from types import TracebackType
from typing import Protocol, Self

import flask_mail

from portal.smtp.addresses import DestinationPolicy, Resolver
from portal.smtp.dialing import OnStage, Progress, broken, dial, refused
from portal.smtp.failures import Failure, Kind, visible_reply
from portal.smtp.mailboxes import InvalidMailbox, clean_mailbox, needs_smtputf8
from portal.smtp.server import SmtpServer
from portal.smtp.stages import Stage
from portal.smtp.wire import Wire, WireError

SERVICE_CLOSING = 421
POSITIVE = range(200, 300)
QUIT_PATIENCE = 5.0
_LINE_END = re.compile(rb"\r\n|\r|\n")


Hook = Callable[[], None]


class Sendable(Protocol):
    """A composed message: flask_mail.Message, email.message.EmailMessage."""

    def as_bytes(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The server took the message over: its code, its words, and how long the transaction took."""

    code: int
    reply: str
    milliseconds: int


class SmtpSession(flask_mail.Connection):
    """Connects at `with`, `open()` or the first message, and reconnects when it has to.

    Between messages RSET clears the server's state and proves that the connection lives; if
    it does not, a new one is opened before anything of the next message is said. `on_stage`
    hears of every completed stage. Not for use by several threads.
    """

    host: Wire | None  # Flask-Mail's name for the connected smtplib object

    def __init__(
        self,
        server: SmtpServer,
        policy: DestinationPolicy | None = None,
        *,
        on_stage: OnStage | None = None,
        resolver: Resolver | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(flask_mail.Mail())
        self.server = server
        self._policy = policy or DestinationPolicy()
        self._progress = Progress(on_stage)
        self._resolver = resolver
        self._context = context
        self._used = False

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> None:
        """Connect and sign in. Raises Failure."""
        self.close()
        self.host = self.configure_host()
        self._used = False

    def configure_host(self) -> Wire:
        """A new connection, ready for the first message. Raises Failure."""
        return dial(
            self.server,
            self._policy,
            self._progress,
            resolver=self._resolver,
            context=self._context,
        )

    def send(
        self,
        message: flask_mail.Message,
        envelope_from: str | tuple[str, str] | None = None,
    ) -> None:
        """Flask-Mail's way in, for `message.send(session)`: one transaction per recipient."""
        if message.has_bad_headers():
            raise flask_mail.BadHeaderError
        sender = _bare(envelope_from) if envelope_from else ""
        for recipient in sorted(_bare(address) for address in message.send_to):
            self.deliver(message, recipient, sender=sender)

    def deliver(
        self,
        message: Sendable | bytes,
        recipient: str,
        *,
        sender: str = "",
        before_data: Hook | None = None,
        before_dot: Hook | None = None,
    ) -> Acceptance:
        """Hand `message` over for one recipient; returns only if the server accepted it.

        `sender` is the envelope's, by default the account's. The hooks are where a caller notes
        for good that the message may have arrived, should this process die: `before_data` runs
        once the server is ready for the body, before its first byte; `before_dot` runs after
        the body, before the final dot, without which no server may accept (RFC 5321, 4.1.1.4).
        If a hook raises, the dot is not sent and the connection is closed.
        Raises Failure; UNCERTAIN is only possible after the final dot.
        """
        body = for_the_wire(message if isinstance(message, bytes) else message.as_bytes())
        sender = _mailbox(sender or self.server.sender_address, Stage.MAIL, Kind.ACCOUNT)
        recipient = _mailbox(recipient, Stage.RCPT, Kind.PERMANENT)
        wire = self._ready_wire()
        started = time.monotonic()
        try:
            self._announce(wire, sender, recipient, len(body), eight_bit=not body.isascii())
            self._promise(before_data)
            self._send_body(wire, body, pause=before_dot is None)
            self._promise(before_dot)
            code, reply = self._finish(wire, len(body))
        except Failure:
            raise  # the connection was closed where the server cannot go on
        except BaseException:
            self._drop()
            raise
        self._progress.done_whatever_happens(Stage.ACCEPTED, reply)
        self.num_emails += 1
        return Acceptance(code, reply, round((time.monotonic() - started) * 1000))

    def close(self) -> None:
        """Say goodbye and close. What was accepted stays accepted, whatever QUIT answers."""
        wire, self.host = self.host, None
        if wire is None:
            return
        wire.allow(min(self.server.timeouts.reply, QUIT_PATIENCE))
        with suppress(WireError, OSError):
            wire.docmd("QUIT")
        with suppress(OSError):
            wire.close()

    def _drop(self) -> None:
        wire, self.host = self.host, None
        if wire is not None:
            with suppress(OSError):
                wire.close()

    def _ready_wire(self) -> Wire:
        if self.host is not None and self._used and not self._reset(self.host):
            self._drop()
        if self.host is None:
            self.open()
        wire = self.host
        if wire is None:  # pragma: no cover - open() either connects or raises
            raise RuntimeError("no connection")
        self._used = True
        return wire

    def _reset(self, wire: Wire) -> bool:
        wire.allow(self.server.timeouts.reply)
        try:
            return wire.rset()[0] in POSITIVE
        except WireError:
            return False

    def _announce(
        self, wire: Wire, sender: str, recipient: str, size: int, *, eight_bit: bool
    ) -> None:
        """MAIL, RCPT and DATA: up to the moment when the server waits for the body."""
        self._progress.start()
        utf8 = needs_smtputf8(sender) or needs_smtputf8(recipient)
        options = _mail_options(wire, size, utf8=utf8, eight_bit=eight_bit)
        wire.command_encoding = "utf-8" if utf8 else "ascii"
        self._ask(wire, Stage.MAIL, "MAIL", f"FROM:<{sender}>{options}", POSITIVE)
        self._progress.done(Stage.MAIL, sender)
        self._ask(wire, Stage.RCPT, "RCPT", f"TO:<{recipient}>", POSITIVE)
        self._progress.done(Stage.RCPT, recipient)
        self._ask(wire, Stage.DATA, "DATA", "", range(354, 355))

    def _ask(self, wire: Wire, stage: Stage, command: str, args: str, wanted: range) -> None:
        wire.allow(self.server.timeouts.reply)
        try:
            reply = wire.docmd(command, args)
        except WireError as error:
            self._drop()
            raise broken(stage, error, self.server) from error
        if reply[0] not in wanted:
            # After anything but a clear refusal the two sides may not agree on what comes next.
            if reply[0] == SERVICE_CLOSING or reply[0] < 400:
                self._drop()
            raise refused(stage, reply, self.server)

    def _promise(self, hook: Hook | None) -> None:
        try:
            if hook is not None:
                hook()
        except BaseException:
            self._drop()  # the server waits for what will not come
            raise

    def _send_body(self, wire: Wire, body: bytes, *, pause: bool) -> None:
        """All but the final dot: whatever goes wrong here, the message was not accepted.

        A server that hangs up in the middle is noticed in the pause, or in the time that the
        next hook takes.
        """
        self._listen(wire, 0)
        wire.allow(self.server.timeouts.body)
        try:
            wire.send(body)
        except WireError as error:
            self._drop()
            raise broken(Stage.DATA, error, self.server) from error
        if pause:
            self._listen(wire, self.server.timeouts.before_dot)

    def _listen(self, wire: Wire, seconds: float) -> None:
        """Raise Failure if the server hangs up or refuses though it is our turn to speak."""
        wire.allow(self.server.timeouts.reply)
        try:
            reply = wire.getreply() if wire.spoke_early(seconds) else None
        except WireError as error:
            self._drop()
            raise broken(Stage.DATA, error, self.server) from error
        if reply is not None:
            self._drop()
            raise refused(Stage.DATA, reply, self.server)

    def _finish(self, wire: Wire, size: int) -> tuple[int, str]:
        """A last look, the final dot, the answer."""
        self._listen(wire, 0)
        wire.allow(self.server.timeouts.accept)
        try:
            wire.send(b".\r\n")
            code, text = wire.getreply()
        except WireError as error:
            self._drop()
            self._progress.done_whatever_happens(Stage.DATA, _size(size))
            raise broken(Stage.ACCEPTED, error, self.server) from error
        self._progress.done_whatever_happens(Stage.DATA, _size(size))
        if code not in POSITIVE:
            if code == SERVICE_CLOSING or code < 400:
                self._drop()
            raise refused(Stage.ACCEPTED, (code, text), self.server)
        return code, self.server.hide(visible_reply(code, text.split(b"\n")))


def for_the_wire(message: bytes) -> bytes:
    """`message` with CRLF at every line's end, the last one too, and leading dots doubled."""
    ends = message.count(b"\r\n")
    if message.count(b"\n") != ends or message.count(b"\r") != ends:
        message = _LINE_END.sub(b"\r\n", message)
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    message = message.replace(b"\r\n.", b"\r\n..")
    return b"." + message if message.startswith(b".") else message


def _mail_options(wire: Wire, size: int, *, utf8: bool, eight_bit: bool) -> str:
    limit = wire.esmtp_features.get("size", "")
    if limit.isdecimal() and 0 < int(limit) < size:
        raise Failure(Stage.MAIL, Kind.PERMANENT, "message_too_big")
    if utf8 and not wire.has_extn("smtputf8"):
        raise Failure(Stage.RCPT, Kind.PERMANENT, "smtputf8_missing")
    options = f" SIZE={size}" if wire.has_extn("size") else ""
    if eight_bit and wire.has_extn("8bitmime"):
        options += " BODY=8BITMIME"
    return options + (" SMTPUTF8" if utf8 else "")


def _mailbox(address: str, stage: Stage, kind: Kind) -> str:
    try:
        return clean_mailbox(address)
    except InvalidMailbox as error:
        cause = "sender_refused" if stage is Stage.MAIL else "mailbox_invalid"
        raise Failure(stage, kind, cause) from error


def _bare(address: str | tuple[str, str]) -> str:
    return address[1] if isinstance(address, tuple) else parseaddr(address)[1]


def _size(length: int) -> str:
    return f"{length / 1000:.1f} kB".replace(".", ",")
