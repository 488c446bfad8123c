"""Where a list goes on: opaque to the caller, and of no use for another list."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from portal.api.schema import (
    MAX_ID,
    Bad,
    Field,
    Integer,
    ListOf,
    Maybe,
    Problem,
    Record,
    Text,
    answer,
)

SIZE = 50
PAGING: Mapping[str, Field] = {
    "cursor": Field(Text(120, least=1), "“next_cursor” da página anterior"),
    "limit": Field(Integer(1, 200), f"Itens por página; sem ele, {SIZE}"),
}


def pack(kind: str, after: int | None) -> str | None:
    """The cursor behind the row `after` of the list `kind`; None at the end."""
    if after is None:
        return None
    return base64.urlsafe_b64encode(f"{kind}:{after}".encode()).decode().rstrip("=")


def unpack(kind: str, query: Mapping[str, Any]) -> int | None:
    """The row behind which to go on; None for the beginning. Raises Bad."""
    cursor = query.get("cursor")
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        of, _, after = (
            base64.urlsafe_b64decode(padded.encode("ascii")).decode("ascii").partition(":")
        )
    except (ValueError, binascii.Error):
        of, after = "", ""
    if of != kind or not after.isdigit() or not 0 < int(after) <= MAX_ID:
        raise Bad(Problem("cursor", "Este cursor não é desta lista. Use o “next_cursor” dela."))
    return int(after)


def size(query: Mapping[str, Any]) -> int:
    """How many rows a page has."""
    return int(query.get("limit", SIZE))


def page_record(name: str, row: Record) -> Record:
    """A page of rows, as the document describes it."""
    return answer(name, data=ListOf(row), next_cursor=Maybe(Text(120)))
