"""The search of the top bar, and searching text without case and accents."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase, digits
from typing import Any

from sqlalchemy import Boolean, ColumnElement, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.functions import FunctionElement

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person typed; `client_ids` are the clients found by it, whose room is asked first."""

    text: str
    client_ids: list[int] = field(default_factory=list)


Source = Callable[[Wanted], Sequence[Hit]]
SOURCES: list[Source] = []


def add_source(source: Source) -> None:
    """Let the search ask `source` too; rooms call it in `register(app)`. Twice is once."""
    if source not in SOURCES:
        SOURCES.append(source)


def search_all(text: str) -> Iterator[tuple[str, list[Hit]]]:
    """(heading, hits) of every source that found something for what a person typed."""
    wanted = Wanted(one_line(text)[:MAX_QUERY])
    if not wanted.text:
        return
    groups: dict[str, list[Hit]] = {}
    for source in SOURCES:
        for hit in source(wanted):
            groups.setdefault(hit.group, []).append(hit)
    yield from groups.items()


# Letters of Portuguese and its neighbours. PostgreSQL has no function built in that drops accents,
# and its lower() leaves capitals with accents alone in some locales: both cases are named.
_ACCENTED = "áàâãäåéèêëíìîïóòôõöúùûüçñýÿªºÁÀÂÃÄÅÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑÝŸ"
_PLAIN = "".join(fold(letter) for letter in _ACCENTED)
_LETTERS: dict[str, str] = defaultdict(str)  # plain letter → the letters that fold to it
for _letter, _plain in zip(_ACCENTED, _PLAIN, strict=True):
    _LETTERS[_plain] += _letter
_SPECIAL = "*?["  # of GLOB
_SURE = frozenset(ascii_lowercase + digits + " .-@/") - _LETTERS.keys()  # never with an accent


def contains(column: Any, text: str) -> ColumnElement[bool]:
    """A condition: `column` holds `text` somewhere, whatever the case and the accents.

    No index helps it, but each database does it in its own code: 100,000 names take a few tens of
    milliseconds.
    """
    plain = fold(text)
    return _Holds(
        column, literal(like(plain)), literal(f"*{_each(plain, _class)}*"), literal(_coarse(plain))
    )


def starts_with(column: Any, text: str) -> ColumnElement[bool]:
    """A condition that an index serves: `column` begins with `text`, letter by letter.

    On PostgreSQL the index needs the operators `text_pattern_ops`.
    """
    text = text.rstrip("\U0010ffff")
    if not text:
        return literal(True)
    return _From(column, literal(text)) & _Before(column, literal(text[:-1] + _next(text[-1])))


def _next(char: str) -> str:
    after = ord(char) + 1
    return chr(0xE000 if after == 0xD800 else after)  # surrogates are no text


def _each(plain: str, pattern: Callable[[str], str]) -> str:
    return "".join(map(pattern, plain))


def _coarse(plain: str) -> str:
    """A pattern of LIKE that lets through what GLOB may find: SQLite reads it many times faster."""
    return f"%{_each(plain, lambda char: char if char in _SURE else '_')}%"


def _class(char: str) -> str:
    """What GLOB finds a folded letter by: either case, any accent."""
    letters = char + char.upper() * (len(char.upper()) == 1) + _LETTERS.get(char, "")
    same = "".join(dict.fromkeys(letters))
    return f"[{same}]" if len(same) > 1 or char in _SPECIAL else char


class _Condition(FunctionElement[bool]):
    """Written with operators, so it stands in parentheses beside others."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        return Grouping(self)


class _Holds(_Condition):
    """Column, pattern of LIKE for the folded column, and for SQLite of GLOB and of LIKE."""

    inherit_cache = True


class _From(_Condition):
    """The column is at or after the text, by its letters' numbers and not by a language."""

    inherit_cache = True


class _Before(_Condition):
    """The column comes before the text."""

    inherit_cache = True


def _sides(element: _Condition, compiler: Any, **kwargs: Any) -> Iterator[str]:
    return (compiler.process(part, **kwargs) for part in element.clauses)


@compiles(_Holds)
def _holds(element: _Holds, compiler: Any, **kwargs: Any) -> str:
    column, pattern, *_ = _sides(element, compiler, **kwargs)
    return f"translate(lower({column}), '{_ACCENTED}', '{_PLAIN}') LIKE {pattern}"


@compiles(_Holds, "sqlite")
def _holds_sqlite(element: _Holds, compiler: Any, **kwargs: Any) -> str:
    column, _, exact, coarse = _sides(element, compiler, **kwargs)
    return f"{column} LIKE {coarse} AND {column} GLOB {exact}"


@compiles(_From)
def _from(element: _From, compiler: Any, **kwargs: Any) -> str:
    return " ~>=~ ".join(_sides(element, compiler, **kwargs))


@compiles(_From, "sqlite")
def _from_sqlite(element: _From, compiler: Any, **kwargs: Any) -> str:
    return " >= ".join(_sides(element, compiler, **kwargs))


@compiles(_Before)
def _before(element: _Before, compiler: Any, **kwargs: Any) -> str:
    return " ~<~ ".join(_sides(element, compiler, **kwargs))


@compiles(_Before, "sqlite")
def _before_sqlite(element: _Before, compiler: Any, **kwargs: Any) -> str:
    return " < ".join(_sides(element, compiler, **kwargs))
