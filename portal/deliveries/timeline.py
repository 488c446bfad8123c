"""The order of a client's timeline: newest first, over entries of many tables. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MAX_DIGITS = (17, 2, 18)  # of the three parts of a place in the URL


class Theme(StrEnum):
    """What an entry is about; the word in the URL."""

    TITLES = "titulos"
    PAYMENTS = "pagamentos"
    EMAILS = "emails"
    BOUNCES = "devolucoes"
    REGISTER = "cadastro"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an entry stands: its moment, the rank of its source, its row. Never twice the same."""

    at: datetime
    rank: int
    id: int

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // MICROSECOND}-{self.rank}-{self.id}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: what happened (a key of `timeline_words.EVENTS`), to which row, in which words."""

    place: Place
    event: str
    text: str
    detail: str = ""
    who: str = ""
    state: str = ""  # of an e-mail, now

    @property
    def id(self) -> int:
        """The row that the entry speaks of, or that it is."""
        return self.place.id


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """`next_after`: the place after which the following page begins; None at the end."""

    rows: Sequence[Entry]
    next_after: str | None
    first: bool


def parse_place(raw: str) -> Place | None:
    """A place from the URL; None for anything else."""
    parts = raw.split("-")
    if len(parts) != len(MAX_DIGITS):
        return None
    for part, digits in zip(parts, MAX_DIGITS, strict=True):
        if not (part.isascii() and part.isdigit() and len(part) <= digits):
            return None
    moment, rank, row = map(int, parts)
    return Place(EPOCH + moment * MICROSECOND, rank, row)


def merged(found: Iterable[Entry], after: Place | None, size: int) -> TimelinePage:
    """One page of the entries that the sources gave; each gave at least `size` + 1 if it has."""
    ordered = sorted(found, key=lambda entry: entry.place, reverse=True)
    rows = ordered[:size]
    more = len(ordered) > size
    return TimelinePage(rows, str(rows[-1].place) if more else None, after is None)
