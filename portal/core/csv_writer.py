"""CSV for spreadsheets: opened in Brazil's Excel as it is, and never run as a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_PIECE = 32_000  # characters
_BOM = "\ufeff"  # tells Excel that the text is UTF-8


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """The file: UTF-8 with BOM, `;`, CRLF; cells that a spreadsheet would run are made text."""
    return b"".join(stream_csv(header, rows))


def stream_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The same file in pieces of some tens of kilobytes, so that a long one takes no memory."""
    target = io.StringIO()
    target.write(_BOM)
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    for row in chain((header,), rows):
        writer.writerow([safe_cell(value) for value in row])
        if target.tell() > _PIECE:
            yield target.getvalue().encode("utf-8")
            target.seek(0)
            target.truncate()
    yield target.getvalue().encode("utf-8")


def safe_cell(value: Any) -> str:
    """The value as text; an apostrophe goes before what a spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
