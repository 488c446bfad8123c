"""Text from outside: one clean line of it, and a form for comparing without case and accents."""

import unicodedata

_BLANKS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85")
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def one_line(text: str) -> str:
    """`text` in NFC on one line, trimmed; capitals and inner spaces stay as they were.

    Line breaks, tabs and odd spaces become one space each; control characters, direction marks
    and lone surrogates, which would break a header, a boleto or a log line, are dropped.
    """
    if not text.isprintable():
        text = "".join(map(_plain, text))
    return unicodedata.normalize("NFC", text).strip()


def _plain(char: str) -> str:
    category = unicodedata.category(char)
    if char in _BLANKS or category.startswith("Z"):
        return " "
    return "" if category in _DROPPED else char


def fold(text: str) -> str:
    """`text` without case and accents, so that “jose” finds “JOSÉ”."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text)
    return "".join(char for char in parts if not unicodedata.combining(char)).casefold()
