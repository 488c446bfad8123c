"""The search of the top bar, and searching text without case and accents."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Pool, String, event
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from portal.core.text import fold, one_line
from portal.web.pagination import like

HITS = 10  # per source
MAX_QUERY = 100  # characters


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found: `group` is its heading, `detail` tells it from its namesakes."""

    group: str
    text: str
    detail: str
    url: str


Source = Callable[[str], Sequence[Hit]]
SOURCES: list[Source] = []


def add_source(source: Source) -> None:
    """Let the search ask `source` too; rooms call it in `register(app)`. Twice is once."""
    if source not in SOURCES:
        SOURCES.append(source)


def search_all(text: str) -> Iterator[tuple[str, list[Hit]]]:
    """(heading, hits) of every source that found something for what a person typed."""
    wanted = one_line(text)[:MAX_QUERY]
    if not wanted:
        return
    groups: dict[str, list[Hit]] = {}
    for source in SOURCES:
        for hit in source(wanted):
            groups.setdefault(hit.group, []).append(hit)
    yield from groups.items()


def contains(column: Any, text: str) -> ColumnElement[bool]:
    """A condition: `column` holds `text` somewhere, whatever the case and the accents."""
    return _folded(column).like(like(fold(text)), escape="\\")


# Letters of Portuguese and its neighbours, for PostgreSQL, which has no such function built in.
# Its lower() leaves capitals with accents alone in some locales: both cases are named.
_ACCENTED = "áàâãäåéèêëíìîïóòôõöúùûüçñýÿÁÀÂÃÄÅÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑÝŸ"
_PLAIN = "".join(fold(letter) for letter in _ACCENTED)


class _folded(GenericFunction[str]):
    name = "portal_fold"
    type = String()
    inherit_cache = True


@compiles(_folded, "postgresql")
def _folded_postgresql(element: _folded, compiler: Any, **kwargs: Any) -> str:
    inner = compiler.process(element.clauses, **kwargs)
    return f"translate(lower({inner}), '{_ACCENTED}', '{_PLAIN}')"


@event.listens_for(Pool, "checkout")
def _teach_sqlite(connection: Any, record: Any, _proxy: Any) -> None:
    """SQLite knows only the accents of ASCII: give each of its connections our function, once."""
    if isinstance(connection, sqlite3.Connection) and not record.info.get(_folded.name):
        connection.create_function(
            _folded.name, 1, lambda text: text and fold(text), deterministic=True
        )
        record.info[_folded.name] = True
