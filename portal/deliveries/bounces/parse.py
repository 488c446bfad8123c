"""A mail from a bounce mailbox → the recipients that it says were not reached.

Read are delivery-status notifications (RFC 3464, inside multipart/report of RFC 6522) and, where
a server does not write them, the plain notices of plain_notice.py. Read receipts, out-of-office
answers and mails of people give nothing. Standard library only; nothing here raises.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr

from portal.deliveries.bounces import plain_notice
from portal.deliveries.bounces.plain_notice import DELAYED, FAILED, Told

MAX_BYTES = 256 * 1024  # what is read of one mail; original headers come well before
MAX_RECIPIENTS = 50
ID_LIMIT = 150  # a longer Message-ID is replaced by a digest
DIAGNOSTIC_LIMIT = 1000
_ID = re.compile(r"<[^<>\s]{1,198}>")
_ID_LINE = re.compile(r"^[ \t>]*Message-ID:\s*(<[^<>\s]{1,198}>)", re.IGNORECASE | re.MULTILINE)
_TAG = re.compile(r"<[^>]*>")
_SPACE = re.compile(r"\s+")
_REPORT = "message/delivery-status"


@dataclass(frozen=True, slots=True)
class BounceFacts:
    """One recipient that a notification speaks of.

    `notification_id` is the same whenever the same mail is read, and differs for each of its
    recipients. `action` is failed or delayed; `status` an enhanced code of RFC 3463 such as
    5.1.1, empty where none is told; `original_id` the Message-ID of the mail that came back,
    empty where the notification does not carry it.
    """

    notification_id: str
    recipient: str
    action: str
    status: str
    diagnostic: str
    original_id: str

    @property
    def failed(self) -> bool:
        """The server gave up."""
        return self.action == FAILED

    @property
    def permanent(self) -> bool:
        """The server gave up, and says that trying again is of no use."""
        return self.failed and self.status.startswith("5")


def parse(data: bytes) -> list[BounceFacts]:
    """What the mail says; empty when it is no notification. Reads the first 256 KB."""
    try:
        return _parse(data[:MAX_BYTES])
    except Exception:
        # Whoever knows the address can mail anything here, and the library's parser has its
        # weak spots: what cannot be read is not a notification.
        return []


def may_be_notification(header: bytes) -> bool:
    """Whether a mail with this header is worth fetching whole."""
    try:
        mail = message_from_bytes(header)
        return (
            mail.get_content_type() == "multipart/report"
            or "X-Failed-Recipients" in mail
            or _text_of(mail, "Return-Path").strip() == "<>"
            or plain_notice.is_from_machine(_sender(mail))
            or plain_notice.is_about_failure(_text_of(mail, "Subject"))
        )
    except Exception:
        return False


def _parse(data: bytes) -> list[BounceFacts]:
    mail = message_from_bytes(data)
    parts = list(_parts(mail))
    report = next((part for part in parts if part.get_content_type() == _REPORT), None)
    text = _plain_text(parts)
    if report is not None:
        told = _from_report(report)
    elif mail.get_content_type() == "multipart/report":
        return []  # a read receipt, or a complaint
    else:
        told = plain_notice.read(
            _sender(mail), _text_of(mail, "Subject"), _text_of(mail, "X-Failed-Recipients"), text
        )
    original = _original_id(mail, report, parts, text)
    own = _own_id(mail, data)
    return [
        BounceFacts(
            notification_id=own if number == 1 else f"{own}#{number}",
            recipient=item.recipient,
            action=item.action,
            status=item.status,
            diagnostic=item.diagnostic,
            original_id=original,
        )
        for number, item in enumerate(told[:MAX_RECIPIENTS], start=1)
    ]


def _parts(mail: Message) -> Iterator[Message]:
    """The leaves of the mail, without what attached mails contain."""
    payload = mail.get_payload()
    if mail.get_content_maintype() == "multipart" and isinstance(payload, list):
        for part in payload:
            if isinstance(part, Message):
                yield from _parts(part)
    else:
        yield mail


# --- RFC 3464 -------------------------------------------------------------------------------------
def _from_report(report: Message) -> list[Told]:
    told = (_recipient_block(block) for block in _blocks(report))
    return [item for item in told if item is not None]


def _blocks(report: Message) -> list[Message]:
    """The groups of fields: one about the message, then one for each recipient."""
    payload = report.get_payload()
    if isinstance(payload, list):
        return [block for block in payload if isinstance(block, Message)]
    return []


def _recipient_block(block: Message) -> Told | None:
    recipient = _mailbox(_text_of(block, "Original-Recipient")) or _mailbox(
        _text_of(block, "Final-Recipient")
    )
    diagnostic = _one_line(_after_type(_text_of(block, "Diagnostic-Code")))
    status = plain_notice.better_status(_text_of(block, "Status"), diagnostic)
    action = _text_of(block, "Action").split("(")[0].strip().lower()
    if not action:
        action = FAILED if status.startswith("5") else ""
    if not recipient or action not in (FAILED, DELAYED):
        return None
    return Told(recipient, action, status, diagnostic)


def _mailbox(field: str) -> str:
    """The address of `rfc822; <maria@example.com>`; empty when there is none."""
    address = _SPACE.sub("", _after_type(field)).strip("<>")
    return address[:254] if "@" in address and address.isprintable() else ""


def _after_type(field: str) -> str:
    return field.partition(";")[2] if ";" in field else field


# --- which mail came back -------------------------------------------------------------------------
def _original_id(mail: Message, report: Message | None, parts: list[Message], text: str) -> str:
    """The Message-ID of the mail that came back, from the surest place that has one."""
    for part in parts:
        found = _attached_id(part)
        if found:
            return found
    for block in _blocks(report) if report is not None else []:
        if match := _ID.search(_text_of(block, "X-Original-Message-ID")):
            return match[0]
    if match := _ID_LINE.search(text):
        return match[1]
    for name in ("In-Reply-To", "References"):
        if found_ids := _ID.findall(_text_of(mail, name)):
            return str(found_ids[-1])
    return ""


def _attached_id(part: Message) -> str:
    kind = part.get_content_type()
    if kind == _REPORT:
        return ""
    payload = part.get_payload()
    if part.get_content_maintype() == "message" and isinstance(payload, list) and payload:
        attached = payload[0]
    elif kind in ("text/rfc822-headers", "message/rfc822", "message/rfc822-headers"):
        raw = part.get_payload(decode=True)
        attached = message_from_bytes(raw) if isinstance(raw, bytes) else None
    else:
        return ""
    match = _ID.search(_text_of(attached, "Message-ID")) if isinstance(attached, Message) else None
    return match[0] if match else ""


def _own_id(mail: Message, data: bytes) -> str:
    match = _ID.search(_text_of(mail, "Message-ID"))
    if match and len(match[0]) <= ID_LIMIT:
        return match[0]
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


# --- texts ----------------------------------------------------------------------------------------
def _text_of(mail: Message, name: str) -> str:
    """A header in words; empty when it is not there, as it stands when it cannot be decoded."""
    raw = mail[name]
    if raw is None:
        return ""
    text = str(raw)[:8000]
    try:
        return str(make_header(decode_header(text)))
    except (ValueError, LookupError):
        return text


def _sender(mail: Message) -> str:
    return parseaddr(_text_of(mail, "From"))[1].lower()


def _plain_text(parts: list[Message]) -> str:
    """The first text for people; of HTML what is not a tag."""
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() != kind:
                continue
            raw = part.get_payload(decode=True)
            text = _decoded(raw, part) if isinstance(raw, bytes) else ""
            return text if kind == "text/plain" else _TAG.sub(" ", text)
    return ""


def _decoded(raw: bytes, part: Message) -> str:
    for charset in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return raw.decode(charset).replace("\r\n", "\n")
        except (LookupError, ValueError):
            continue
    return raw.decode("latin-1").replace("\r\n", "\n")


def _one_line(text: str) -> str:
    return _SPACE.sub(" ", text).strip()[:DIAGNOSTIC_LIMIT]
