"""From a rendered message to the bytes of an e-mail: clean HTML, safe headers, the PDFs attached.

Flask-Mail's `Message` composes. It needs an application context, for its own settings.
"""

import binascii
import re
import secrets
import time
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import Compat32
from email.utils import formataddr, parseaddr
from functools import lru_cache
from typing import Any

import flask_mail
import nh3

from portal.smtp.mailboxes import InvalidMailbox, clean_mailbox, needs_smtputf8
from portal.smtp.server import SmtpServer
from portal.smtp.variables import Rendered
from portal.smtp.wording import clean_line, clean_text

FOLD_ABOVE = 70  # characters of a header's name and value; RFC 5322, 2.1.1: at most 78 a line
NAME_LIMIT = 100  # characters of a display name or a file name
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,120}@[a-z0-9.-]{1,120}>", re.IGNORECASE)
# No img: a remote image would tell others when the message is read.
_TAGS = {
    *("a", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "hr", "i"),
    *("li", "ol", "p", "pre", "s", "small", "span", "strong", "sub", "sup", "u", "ul"),
    *("table", "tbody", "td", "tfoot", "th", "thead", "tr"),
}
_ATTRIBUTES = {
    "*": {"style"},
    "a": {"href", "title"},
    "table": {"align", "border", "cellpadding", "cellspacing", "width"},
    "td": {"align", "colspan", "rowspan", "valign", "width"},
    "th": {"align", "colspan", "rowspan", "scope", "valign", "width"},
}
_STYLES = {
    *("background-color", "color", "font-family", "font-size", "font-style", "font-weight"),
    *("border", "border-bottom", "border-collapse", "border-left", "border-right", "border-top"),
    *("letter-spacing", "line-height", "text-align", "text-decoration", "vertical-align"),
    *("margin", "margin-bottom", "margin-left", "margin-right", "margin-top"),
    *("padding", "padding-bottom", "padding-left", "padding-right", "padding-top"),
    *("max-width", "white-space", "width"),
}
_FORBIDDEN_STYLE = re.compile(r"url|expression|image|import|[\\@<]|/\*", re.IGNORECASE)
_DROPPED_WITH_CONTENT = {
    *("applet", "audio", "canvas", "embed", "form", "frame", "frameset", "head", "iframe"),
    *("math", "noscript", "object", "option", "script", "select", "style", "svg", "template"),
    *("textarea", "title", "video"),
}
_BODY_STYLE = (
    "margin:0;padding:16px;font-family:Arial,Helvetica,sans-serif;font-size:15px;"
    "line-height:1.5;color:#17212b"
)


class _Policy(Compat32):
    """Folds at blanks, never decodes; what needs no fold is written as it is, for speed."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if isinstance(value, str) and len(name) + len(value) <= FOLD_ABOVE and value.isprintable():
            line = f"{name}: {value}\r\n"
            if line.isascii():
                return line.encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n")


def _attribute(tag: str, name: str, value: str) -> str | None:
    return None if name == "style" and _FORBIDDEN_STYLE.search(value) else value


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_DROPPED_WITH_CONTENT,
    attributes=_ATTRIBUTES,
    attribute_filter=_attribute,
    filter_style_properties=_STYLES,
    url_schemes={"http", "https", "mailto", "tel"},
    url_relative="deny",
    link_rel="noopener noreferrer",
)


class Message(flask_mail.Message):
    """Flask-Mail's message with bodies that any server passes on unchanged.

    Flask-Mail leaves UTF-8 bodies as 8-bit text with lines of any length; servers without
    8BITMIME or with the 998-character limit of RFC 5322 would damage or refuse them.
    """

    utf8 = True
    force_charset = True

    def as_bytes(self) -> bytes:
        """The whole e-mail in ASCII with CRLF, long headers folded.

        Subject and From are written here: Flask-Mail folds without regard to the header's name,
        and its policy then decodes the encoded words to fold anew, which would turn a "<" in the
        sender's name into an address.
        """
        message: Any = self._message()
        message.policy = _POLICY
        if self.subject:
            message.replace_header("Subject", self._header("Subject", self.subject))
        message.replace_header("From", self._from())
        for part in message.walk():
            if part.is_multipart():
                # "=_" stands in no quoted-printable or base64 text (RFC 2045, 6.7): Python need
                # not look for the boundary in the whole body.
                boundary = f'boundary="=_{secrets.token_hex(16)}"'
                part.replace_header("Content-Type", f"{part.get_content_type()}; {boundary}")
        raw: bytes = message.as_bytes()
        return raw

    def _from(self) -> Header:
        name, address = self.sender if isinstance(self.sender, tuple) else parseaddr(self.sender)
        if name.isascii():
            return self._header("From", formataddr((name, address)))
        return self._header("From", name, f"<{address}>")

    def _header(self, header: str, *texts: str) -> Header:
        value = Header(header_name=header)
        for text in texts:
            value.append(text, "us-ascii" if text.isascii() else self._charset_for(text))
        return value

    # Flask-Mail only attaches it: any part will do.
    def _mimetext(  # type: ignore[override]
        self, text: str | None, subtype: str = "plain"
    ) -> MIMENonMultipart:
        content = text or ""
        charset = self._charset_for(content)
        part = MIMENonMultipart("text", subtype, charset=charset)
        part["Content-Transfer-Encoding"] = "quoted-printable"
        part.set_payload(binascii.b2a_qp(content.encode(charset), istext=True).decode("ascii"))
        return part

    def _charset_for(self, text: str) -> str:
        """UTF-8 when forced; otherwise ASCII where it is enough, else what the account prefers."""
        if self.force_charset:
            return "utf-8"
        if text.isascii():
            return "us-ascii"
        return "utf-8" if self.utf8 or not _fits_latin1(text) else "iso-8859-1"


def compose(
    server: SmtpServer,
    recipient: str,
    rendered: Rendered,
    attachments: Sequence[tuple[str, bytes]],
    message_id: str,
    date: datetime,
    *,
    auto_submitted: bool = True,
) -> Message:
    """One e-mail to one recipient: text, clean HTML and the attachments (file name, content).

    `message_id` is the caller's, made once by new_message_id; `date` is aware. Raises
    InvalidMailbox for sender, reply-to or recipient, ValueError for a bad message_id.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError(f"not a Message-ID: {message_id!r}")
    address = _ascii_mailbox(server.sender_address)
    message = Message(
        subject=clean_line(rendered.subject),
        recipients=[_ascii_mailbox(recipient)],
        body=clean_text(rendered.text),
        html=html_document(rendered.html),
        sender=address,
        reply_to=_ascii_mailbox(server.reply_to) if server.reply_to else None,
        date=date.timestamp(),
        charset="utf-8",
        extra_headers={"Auto-Submitted": "auto-generated"} if auto_submitted else None,
        attachments=[_attachment(name, content) for name, content in attachments],
    )
    # Given as a pair, the name is quoted or encoded as it needs; in the constructor it is not.
    message.sender = (clean_line(server.sender_name)[:NAME_LIMIT], address)
    message.msgId = message_id
    message.utf8, message.force_charset = server.utf8, server.force_charset
    return message


def new_message_id(domain: str) -> str:
    """A Message-ID that nobody can guess, under the sender's domain: `<…@example.com>`.

    It begins with the moment, in milliseconds, so that what comes later stands later in the index:
    else each chunk of a big run would write all over it (a third more to disk after 50,000).
    """
    try:
        name = domain.rpartition("@")[2].encode("idna").decode("ascii").lower()
    except UnicodeError:
        name = ""
    safe = re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", name) and len(name) <= 120
    moment = time.time_ns() // 1_000_000
    return f"<{moment:012x}{secrets.token_hex(10)}@{name if safe else 'localhost'}>"


@lru_cache(maxsize=8)  # what is sent is kept as well: the same text comes twice
def sanitise_html(html: str) -> str:
    """`html` with harmless tags, links and inline styles only; nothing in it loads anything."""
    return _CLEANER.clean(clean_text(html))


def html_document(html: str) -> str:
    """The HTML part as it is sent and previewed: sanitised, with a calm base style."""
    return (
        '<!DOCTYPE html><html lang="pt-BR"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"></head>'
        f'<body style="{_BODY_STYLE}">\n{sanitise_html(html)}\n</body></html>'
    )


def safe_filename(name: str) -> str:
    """`name` without folders, quotes, accents or control characters, at most 100 long."""
    base = re.split(r"[/\\]", name)[-1]
    plain = unicodedata.normalize("NFKD", base).encode("ascii", "ignore").decode("ascii")
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-.")
    plain = re.sub(r"\.{2,}", ".", plain)
    stem, dot, extension = plain.rpartition(".")
    if not dot or not re.fullmatch(r"[A-Za-z0-9]{1,8}", extension):
        return plain[:NAME_LIMIT] or "anexo"
    return f"{stem[: NAME_LIMIT - len(extension) - 1]}.{extension}"


def _ascii_mailbox(text: str) -> str:
    """An address that fits in headers which every server understands.

    Before the @, an accent is nearly always a slip of the keyboard.
    """
    address = clean_mailbox(text)
    if needs_smtputf8(address):
        raise InvalidMailbox(f"E-mail inválido: {address[:80]}. Tire os acentos antes do @.")
    return address


def _attachment(name: str, content: bytes) -> flask_mail.Attachment:
    return flask_mail.Attachment(filename=safe_filename(name), data=content)


def _fits_latin1(text: str) -> bool:
    try:
        text.encode("iso-8859-1")
    except UnicodeEncodeError:
        return False
    return True
