"""Pages of a long list by keyset: as fast at the millionth row as at the first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import request
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from portal.core.db import db

PAGE_SIZE = 50
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`next_after` is the key to pass as `?depois=` for the following rows; None at the end."""

    rows: Sequence[T]
    next_after: int | None
    first: bool


def after_key() -> int | None:
    """`?depois=` of this request, when it is a number."""
    raw = request.args.get("depois", "")
    return int(raw) if raw.isdigit() and len(raw) < 19 else None


def page_of(
    query: Select[T],
    key: InstrumentedAttribute[int],
    *,
    newest_first: bool = True,
    after: int | None = None,
    size: int = PAGE_SIZE,
    key_of: Callable[[Any], int] = lambda row: row.id,
) -> Page[T]:
    """One page of `query` ordered by the unique integer `key`."""
    if after is not None:
        query = query.where(key < after if newest_first else key > after)
    ordered = query.order_by(key.desc() if newest_first else key.asc()).limit(size + 1)
    rows = list(db.session.scalars(ordered))
    more = len(rows) > size
    rows = rows[:size]
    return Page(rows, key_of(rows[-1]) if more else None, first=after is None)


def like(text: str) -> str:
    """A LIKE pattern that finds `text` itself anywhere; use with escape="\\\\"."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
