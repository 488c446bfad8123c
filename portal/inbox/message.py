"""A stored message as its page shows it: headers, bodies and attachments, whatever is in it."""

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message

from portal.inbox.store import received_at

# Types that a browser may be told; anything else is bytes to it.
KNOWN_TYPES = frozenset({"application/pdf", "image/jpeg", "image/png", "text/csv"})
_SHOWN_HEADERS = (
    ("From", "De"),
    ("To", "Para"),
    ("Cc", "Com cópia"),
    ("Reply-To", "Responder a"),
    ("Subject", "Assunto"),
    ("Date", "Data"),
    ("Message-ID", "Message-ID"),
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with the message: `name` is safe as a file's name."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One message. `text` and `html` are None when it has no such part."""

    name: str
    received_at: datetime
    subject: str
    recipients: list[str]
    headers: list[tuple[str, str]]
    text: str | None
    html: str | None
    attachments: list[Attachment]


def parse(name: str, content: bytes) -> Mail:
    """Read a stored message; a part that cannot be read says so and spoils no other."""
    message = message_from_bytes(content)  # the lenient policy: it fails on no header
    headers = [(label, ", ".join(_headers(message, name))) for name, label in _SHOWN_HEADERS]
    parts = [part for part in message.walk() if not part.is_multipart()]
    return Mail(
        name=name,
        received_at=received_at(name),
        subject=next(filter(None, _headers(message, "Subject")), "(sem assunto)"),
        recipients=_headers(message, "Delivered-To"),
        headers=[(label, value) for label, value in headers if value],
        text=_body(parts, "text/plain"),
        html=_body(parts, "text/html"),
        attachments=[
            _attachment(part, number)
            for number, part in enumerate(filter(_is_attachment, parts), start=1)
        ],
    )


def safe_name(raw: str, fallback: str) -> str:
    """A file name of plain letters, digits, space, dot, dash and underscore; never a path."""
    plain = unicodedata.normalize("NFKD", raw).encode("ascii", "ignore").decode()
    plain = re.split(r"[/\\]", plain)[-1]
    plain = re.sub(r"[^A-Za-z0-9 ._-]+", "_", plain).strip(" ._")
    return plain[-100:] or fallback


def _headers(message: Message, name: str) -> list[str]:
    """The values of every header of this name, decoded."""
    return [_decoded(value) for key, value in message.raw_items() if key.lower() == name.lower()]


def _decoded(raw: str) -> str:
    """A header's text: 8-bit bytes read as UTF-8, encoded words decoded, in one line."""
    plain = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    with suppress(HeaderParseError, LookupError, ValueError):  # broken by its sender: as it came
        plain = str(make_header(decode_header(plain)))
    return " ".join(plain.split())


def _is_attachment(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _body(parts: list[Message], content_type: str) -> str | None:
    for part in parts:
        if part.get_content_type() == content_type and not _is_attachment(part):
            return _text(part)
    return None


def _text(part: Message) -> str:
    raw = _bytes(part)
    try:
        return raw.decode(part.get_content_charset() or "utf-8", errors="replace")
    except LookupError:  # a character set that does not exist
        return raw.decode("utf-8", errors="replace")


def _bytes(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _attachment(part: Message, number: int) -> Attachment:
    content_type = part.get_content_type()
    return Attachment(
        name=safe_name(_decoded(part.get_filename() or ""), fallback=f"anexo-{number}"),
        content_type=content_type if content_type in KNOWN_TYPES else "application/octet-stream",
        content=_bytes(part),
    )
