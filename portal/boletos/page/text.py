"""Text as a boleto can show it: the printable letters of Helvetica, cut to the width of its place.

Widths are in points at a font size in points. Text that does not fit is shortened with an ellipsis,
never wrapped and never drawn over its neighbour.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from reportlab.pdfbase.pdfmetrics import getFont

REGULAR, BOLD = "Helvetica", "Helvetica-Bold"
ELLIPSIS = "…"
MARK = "¤"  # marks the places of a page being compiled, so no text may hold it
_WIDEST = 1.02  # of the letters, in parts of the font size
_LONGEST = 400  # letters of one line that are looked at


@lru_cache(maxsize=4)
def _letter_widths(font: str) -> tuple[float, ...]:
    """Width of each byte of Windows-1252, in thousandths of the font size."""
    widths = getFont(font).widths
    return tuple(float(width or 0) for width in widths)


def printable(text: str) -> str:
    """One line with the letters of Windows-1252 only: others lose their accents or become `?`."""
    text = text[:_LONGEST]
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    text = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(map(_letter, text)).strip()


@lru_cache(maxsize=4096)
def _letter(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in ("Cc", "Cf", "Mn", "Cs"):
        return ""
    if _encodable(letter):
        return "?" if letter == MARK else letter
    plain = unicodedata.normalize("NFKD", letter)
    kept = "".join(ch for ch in plain if not unicodedata.combining(ch))
    return kept if kept and kept.isascii() and kept.isprintable() else "?"


def _encodable(letter: str) -> bool:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def encode(text: str) -> bytes:
    """Printable text in the encoding that the page's fonts use."""
    return text.encode("cp1252")


def text_width(text: str, font: str, size: float) -> float:
    """Width in points of printable text."""
    widths = _letter_widths(font)
    total: float = sum(map(widths.__getitem__, text.encode("cp1252")))
    return total * size / 1000


def shorten(text: str, font: str, size: float, limit: float) -> str:
    """The text, or as much of its beginning as fits in `limit` points with an ellipsis."""
    if len(text) * size * _WIDEST <= limit or text_width(text, font, size) <= limit:
        return text
    return _cut(text, font, size, limit)


@lru_cache(maxsize=4096)
def _cut(text: str, font: str, size: float, limit: float) -> str:
    widths = _letter_widths(font)
    room = limit - text_width(ELLIPSIS, font, size)
    used = 0.0
    for index, byte in enumerate(encode(text)):
        used += widths[byte] * size / 1000
        if used > room:
            return text[:index].rstrip(" ,.;-") + ELLIPSIS
    return text


def wrap(text: str, font: str, size: float, limit: float) -> list[str]:
    """The text in lines of at most `limit` points, broken at blanks."""
    lines: list[str] = []
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(joined, font, size) <= limit:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines
