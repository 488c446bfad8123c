"""CSV for spreadsheets: opened in Brazil's Excel as it is, and never run as a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_BOM = "\ufeff"  # tells Excel that the text is UTF-8


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """The file: UTF-8 with BOM, `;`, CRLF; cells that a spreadsheet would run are made text."""
    target = io.StringIO()
    target.write(_BOM)
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in header])
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return target.getvalue().encode("utf-8")


def safe_cell(value: Any) -> str:
    """The value as text; an apostrophe goes before what a spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
