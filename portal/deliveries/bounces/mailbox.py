"""The mailbox that receives bounces: looked into over IMAP, and left exactly as it was.

The folder is opened with EXAMINE and mails are fetched with PEEK: nothing is marked, moved or
deleted. The server must pass the same policy as one that sends, at the ports of IMAP.
"""

import imaplib
import re
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from portal.core.addresses import Address
from portal.deliveries.bounces.faults import failures, reply_of
from portal.deliveries.bounces.imap import Imap
from portal.smtp.access_tokens import AccessToken, access_token, forget
from portal.smtp.addresses import (
    IMAP_PORTS,
    Destination,
    DestinationPolicy,
    check_destination,
)
from portal.smtp.failures import Failure, Kind, visible
from portal.smtp.server import OAuth
from portal.smtp.sockets import Reach, connect, trusted_context
from portal.smtp.stages import Stage

SINCE = timedelta(days=30)  # an older bounce helps nobody any more
HEADER_BYTES = 32 * 1024
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_UID = re.compile(rb"\d{1,10}")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that each step may take in all."""

    dns: float = 10
    connect: float = 10
    step: float = 30


@dataclass(frozen=True, slots=True)
class MailboxFacts:
    """Where to read, and as whom. `security` is none, starttls or ssl.

    Where there is no password, `oauth` is the grant by which the account sends.
    """

    host: str
    port: int
    security: str
    username: str
    password: str = field(default="", repr=False)
    oauth: OAuth | None = None
    folder: str = "INBOX"
    patience: Patience = Patience()


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, its first bytes, and when the mailbox received it (None: not told)."""

    uid: int
    data: bytes
    received_at: datetime | None


class Mailbox:
    """An open mailbox; made by `open_mailbox`. Every method raises Failure."""

    def __init__(self, imap: Imap, facts: MailboxFacts, uid_validity: int) -> None:
        self._imap, self._facts = imap, facts
        self.uid_validity = uid_validity

    def new_uids(self, after: int, now: datetime, most: int) -> list[int]:
        """The lowest `most` UIDs above `after` among the mails of the last 30 days."""
        day = now - SINCE
        since = f"{day.day:02}-{_MONTHS[day.month - 1]}-{day.year}"
        with self._step():
            kind, found = self._imap.uid("SEARCH", f"UID {after + 1}:* SINCE {since}")
            _accepted(kind, found)
        lines = [line for line in found if isinstance(line, bytes)]
        uids = {int(uid) for line in lines for uid in _UID.findall(line)}
        # `n:*` always names the newest mail, also when its UID is below n.
        return sorted(uid for uid in uids if uid > after)[:most]

    def header(self, uid: int) -> bytes:
        """The header of the mail; empty when it is gone."""
        mail = self._fetch(uid, f"BODY.PEEK[HEADER]<0.{HEADER_BYTES}>")
        return mail.data if mail else b""

    def fetch(self, uid: int, most: int) -> Mail | None:
        """The first `most` bytes of the mail; None when it is gone."""
        return self._fetch(uid, f"BODY.PEEK[]<0.{most}>")

    def _fetch(self, uid: int, what: str) -> Mail | None:
        with self._step():
            kind, found = self._imap.uid("FETCH", str(uid), f"(INTERNALDATE {what})")
            _accepted(kind, found)
        for item in found:
            if isinstance(item, tuple) and b"BODY[" in item[0]:
                return Mail(uid, item[1], _internal_date(item[0]))
        return None

    @contextmanager
    def _step(self) -> Iterator[None]:
        self._imap.allow(self._facts.patience.step)
        with failures(Stage.DATA, self._facts.password):
            yield


@contextmanager
def open_mailbox(facts: MailboxFacts, policy: DestinationPolicy) -> Iterator[Mailbox]:
    """The mailbox, signed in, its folder open for reading only. Raises Failure.

    Without TLS a password or token goes only to an inner address that `policy` allows.
    """
    target = check_destination(
        facts.host, facts.port, policy, timeout=facts.patience.dns, usual=IMAP_PORTS
    )
    imap, peer = _connected(target, facts)
    try:
        _sign_in(imap, facts, policy, trusted=policy.trusts(target.host, peer))
        yield Mailbox(imap, facts, _examine(imap, facts))
        _say_goodbye(imap)
    finally:
        imap.shutdown()


def folder_name(text: str) -> str:
    """The folder as IMAP spells it: quoted, in modified UTF-7 (RFC 3501, 5.1.3)."""
    spelled = re.sub(r"&|[^\x20-\x7e]+", _shifted, text)
    escaped = spelled.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _shifted(match: re.Match[str]) -> str:
    if match[0] == "&":
        return "&-"
    encoded = b64encode(match[0].encode("utf-16-be")).decode("ascii")
    return f"&{encoded.rstrip('=').replace('/', ',')}-"


# --- opening --------------------------------------------------------------------------------------
def _connected(target: Destination, facts: MailboxFacts) -> tuple[Imap, Address]:
    sock: socket.socket
    sock, peer = connect(target, facts.patience.connect)
    try:
        if facts.security == "ssl":
            sock = _encrypted(sock, facts)
        with failures(Stage.GREETING, facts.password):
            imap = Imap(sock, facts.host, facts.patience.step)
        if facts.security == "starttls":
            _upgrade(imap, facts)
    except BaseException:
        sock.close()
        raise
    return imap, peer


def _encrypted(sock: socket.socket, facts: MailboxFacts) -> ssl.SSLSocket:
    sock.settimeout(facts.patience.step)
    with failures(Stage.TLS, facts.password):
        return trusted_context().wrap_socket(sock, server_hostname=facts.host)


def _upgrade(imap: Imap, facts: MailboxFacts) -> None:
    imap.allow(facts.patience.step)
    if "STARTTLS" not in imap.capabilities:
        raise Failure(Stage.TLS, Kind.ACCOUNT, "starttls_missing")
    with failures(Stage.TLS, facts.password):
        imap.secure(trusted_context())


def _sign_in(imap: Imap, facts: MailboxFacts, policy: DestinationPolicy, *, trusted: bool) -> None:
    if facts.security == "none" and not trusted:
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "password_needs_tls")
    if not facts.username or not (facts.password or facts.oauth):
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "credentials_missing")
    if facts.oauth and not facts.password:
        _by_token(imap, facts, facts.oauth, Reach(policy))
        return
    imap.allow(facts.patience.step)
    with failures(Stage.LOGIN, facts.password):
        if _plain(facts.username) and _plain(facts.password):
            imap.login(_quoted(facts.username), facts.password)
        else:  # LOGIN speaks ASCII only
            secret = f"\0{facts.username}\0{facts.password}".encode()
            imap.authenticate("PLAIN", lambda _challenge: secret)


def _by_token(imap: Imap, facts: MailboxFacts, oauth: OAuth, reach: Reach) -> None:
    if "AUTH=XOAUTH2" not in imap.capabilities:
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "auth_method_unsupported")
    token = access_token(oauth, reach)
    refusal = _xoauth2(imap, facts, token)
    if refusal is not None and not token.fresh:
        # It may have been revoked before its time: one more try, with a new one.
        forget(oauth)
        token = access_token(oauth, reach)
        refusal = _xoauth2(imap, facts, token)
    if refusal is not None:
        forget(oauth)
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "oauth_login_refused", reply=refusal)


def _xoauth2(imap: Imap, facts: MailboxFacts, token: AccessToken) -> str | None:
    """What the server said when it refused the token; None when it took it.

    A refusal begins with a challenge that tells the error, and is spoken after an empty answer.
    """
    answers = iter((token.credentials(facts.username).encode(), b""))
    imap.allow(facts.patience.step)
    with failures(Stage.LOGIN, token.text):
        try:
            # After both answers: None, which calls the exchange off.
            imap.authenticate("XOAUTH2", lambda _challenge: next(answers, None))
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            return reply_of(error, token.text)
    return None


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _examine(imap: Imap, facts: MailboxFacts) -> int:
    """Open the folder; its UIDVALIDITY."""
    imap.allow(facts.patience.step)
    with failures(Stage.MAIL, facts.password):
        kind, told = imap.select(folder_name(facts.folder), readonly=True)
        if kind != "OK":
            reply = visible(told[-1] or b"")
            raise Failure(Stage.MAIL, Kind.ACCOUNT, "folder_not_found", reply=reply)
        _, validity = imap.response("UIDVALIDITY")
    first = validity[0] if validity else None
    return int(first) if isinstance(first, bytes) and first.isdigit() else 0


def _say_goodbye(imap: Imap) -> None:
    imap.allow(5)
    with suppress(imaplib.IMAP4.error, OSError):
        imap.logout()


def _accepted(kind: str, told: list[object]) -> None:
    if kind != "OK":
        raise imaplib.IMAP4.error(told[-1] if told else "")


def _internal_date(prefix: bytes) -> datetime | None:
    moment = imaplib.Internaldate2tuple(prefix)
    return datetime.fromtimestamp(time.mktime(moment), UTC) if moment else None
