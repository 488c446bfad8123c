"""Counting tables that only grow, without reading them from the start each time.

Rows are never deleted, and what they are counted by never changes. So what was counted up to some
id is kept (in Redis for every process, else in this one), and only what came after is counted.
Ids may become visible out of order, so the last ones are always counted again.
"""

import json
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Column, Connection, Table, func, select

from portal.deliveries.models import DeliveryAttempt, EmailMessage

KEY = "pontual:metrics:counts:"
KEPT_SECONDS = 86_400  # then all of it is counted once more

Counts = dict[tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class Growing:
    """A table that only grows. `unsettled`: how many ids may still be on their way (a run writes
    a chunk of messages in one transaction, an attempt is alone in its own)."""

    table: Table
    by: tuple[str, ...]
    moment: str  # a column that tells this row from one of another database
    unsettled: int


ATTEMPTS = Growing(
    cast(Table, DeliveryAttempt.__table__), ("outcome", "cause"), "started_at", 2_000
)
MESSAGES = Growing(cast(Table, EmailMessage.__table__), ("kind",), "created_at", 20_000)


@dataclass(frozen=True, slots=True)
class Kept:
    """What was counted up to `last_id`; `mark` is that row's moment."""

    last_id: int
    mark: str
    counts: Counts


NOTHING = Kept(0, "", {})


class RunningCounts:
    """One for each process."""

    def __init__(self) -> None:
        self._own: dict[str, Kept] = {}

    def count(self, connection: Connection, growing: Growing, redis: Redis | None) -> Counts:
        """Rows by the values of `growing.by`, all of them."""
        table = growing.table
        kept = self._kept(growing, redis)
        if _mark(connection, growing, kept.last_id) != kept.mark:
            kept = NOTHING  # another database, or one that was restored
        newest = connection.scalar(select(func.max(table.c.id))) or 0
        settled = max(newest - growing.unsettled, 0)
        if settled > kept.last_id:
            fresh = _between(connection, growing, kept.last_id, settled)
            mark = _mark(connection, growing, settled)
            if mark:  # that very id was rolled back: next time
                kept = Kept(settled, mark, _sum(kept.counts, fresh))
                self._keep(growing, kept, redis)
        return _sum(kept.counts, _between(connection, growing, kept.last_id, newest))

    def _kept(self, growing: Growing, redis: Redis | None) -> Kept:
        name = growing.table.name
        if redis is None:
            return self._own.get(name, NOTHING)
        try:
            raw: Any = redis.get(KEY + name)
            facts = json.loads(raw) if raw else None
            if facts is None:
                return NOTHING
            counts = {tuple(values): count for values, count in facts["counts"]}
            return Kept(facts["last_id"], facts["mark"], counts)
        except (RedisError, OSError, ValueError, KeyError, TypeError):
            return self._own.get(name, NOTHING)

    def _keep(self, growing: Growing, kept: Kept, redis: Redis | None) -> None:
        name = growing.table.name
        self._own[name] = kept
        if redis is None:
            return
        counts = [[list(values), count] for values, count in kept.counts.items()]
        facts = {"last_id": kept.last_id, "mark": kept.mark, "counts": counts}
        try:
            redis.set(KEY + name, json.dumps(facts), ex=KEPT_SECONDS)
        except (RedisError, OSError):
            return


def _mark(connection: Connection, growing: Growing, row_id: int) -> str:
    if not row_id:
        return ""
    column: Column[Any] = growing.table.c[growing.moment]
    found = connection.scalar(select(column).where(growing.table.c.id == row_id))
    return found.isoformat() if found else ""


def _between(connection: Connection, growing: Growing, after: int, until: int) -> Counts:
    """Rows with `after < id <= until`."""
    table = growing.table
    columns = [table.c[name] for name in growing.by]
    query = (
        select(*columns, func.count())
        .where(table.c.id > after, table.c.id <= until)
        .group_by(*columns)
    )
    return {tuple(map(str, values)): count for *values, count in connection.execute(query)}


def _sum(one: Counts, other: Counts) -> Counts:
    return {key: one.get(key, 0) + other.get(key, 0) for key in one.keys() | other.keys()}
