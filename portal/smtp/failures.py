"""What can go wrong while sending: one exception, of four kinds."""

import re
import unicodedata
from datetime import timedelta
from enum import StrEnum

from portal.smtp.stages import Stage

REPLY_LIMIT = 500  # characters of a server's answer that are kept and shown
_REPEATED_STATUS = re.compile(r"^\d\.\d{1,3}\.\d{1,3}\s+")


class Kind(StrEnum):
    """What a failure means for the message and for the account."""

    TEMPORARY = "temporary"  # the same message may pass later
    PERMANENT = "permanent"  # never for this recipient or this message
    ACCOUNT = "account"  # no message of this account will pass: pause it, keep its queue
    UNCERTAIN = "uncertain"  # handed over, no clear answer: it may have arrived


class Failure(Exception):
    """A message or a connection stopped at `stage`.

    `cause` is a stable code of causes.py. `code` and `reply` are the server's answer, where
    there was one (`reply` is one line, printable, at most 500 characters). `retry_after` is
    how long to wait at least, where the answer tells.
    """

    def __init__(
        self,
        stage: Stage,
        kind: Kind,
        cause: str,
        *,
        code: int | None = None,
        reply: str = "",
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(f"{stage}: {cause} ({kind}){': ' + reply if reply else ''}")
        self.stage = stage
        self.kind = kind
        self.cause = cause
        self.code = code
        self.reply = reply
        self.retry_after = retry_after


def visible(raw: bytes | str, limit: int = REPLY_LIMIT) -> str:
    """Text from outside as one printable line of at most `limit` characters.

    Control, formatting and line-separating characters become escapes such as `\\x1b`, so that
    they can neither break a log line nor turn the direction of the text.
    """
    if isinstance(raw, bytes):
        raw = _decoded(raw[: limit * 4])
    text = "".join(_escaped(char) for char in raw[:limit])
    return text if len(text) <= limit and len(raw) <= limit else text[: limit - 1] + "…"


def visible_reply(code: int, lines: list[bytes]) -> str:
    """A reply of one or many lines as one: `550 5.4.5 Daily limit exceeded. See …`.

    Servers repeat the enhanced status on every line; it is kept on the first one only.
    """
    texts = [_decoded(line).strip() for line in lines]
    rest = (_REPEATED_STATUS.sub("", text) for text in texts[1:])
    return visible(" ".join([str(code), texts[0] if texts else "", *rest]).strip())


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _escaped(char: str) -> str:
    if char.isprintable():
        return char
    if unicodedata.category(char) == "Zs":
        return " "
    return char.encode("unicode_escape").decode("ascii")
