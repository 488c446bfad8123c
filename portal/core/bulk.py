"""Changing many stored rows at once, each only if it is still as the person saw it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, insert, select

from portal.core import audit
from portal.core.audit import Actor, AuditEvent
from portal.core.db import Base, db
from portal.core.upsert import Changed, batches, compare, write

ROWS = 5000  # audit events in one executemany


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it: rows changed, rows that were so already, codes that changed meanwhile."""

    changed: list[Changed]
    same: int
    stale: list[str]

    def to_dict(self) -> dict[str, Any]:
        """The numbers, and the codes that were left alone."""
        return {"changed": len(self.changed), "same": self.same, "stale": self.stale}


def write_as_seen(
    model: type[Base], rows: Mapping[str, Mapping[str, Any]], seen: Mapping[str, int], now: datetime
) -> Written:
    """Update `rows` (by code, all with the same columns) whose version is still the one in `seen`.

    The rows stay locked until the transaction ends. The caller audits and commits.
    """
    current = _locked_versions(cast(Table, model.__table__), list(rows))
    fresh = {
        code: {**values, "code": code}
        for code, values in rows.items()
        if current.get(code) == seen[code]
    }
    difference = compare(model, fresh, lock=False)
    write(model, difference, now)
    stale = [code for code in rows if code not in fresh]
    return Written(difference.changed, difference.same, stale)


def _locked_versions(table: Table, codes: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in batches(codes):
        query = select(table.c.code, table.c.version).where(table.c.code.in_(some))
        found.update(
            db.session.execute(query.order_by(table.c.id).with_for_update(key_share=True)).all()
        )
    return found


def record_each(
    actor: Actor | None,
    action: str,
    entity: str,
    changed: Sequence[Changed],
    now: datetime,
    *,
    summary: Callable[[Changed], str],
) -> None:
    """An audit event for each changed row; the caller commits."""
    table = cast(Table, AuditEvent.__table__)
    for some in batches(changed, ROWS):
        events = [
            audit.columns(
                actor, action, entity, row.id, now, summary=summary(row), changes=row.changes
            )
            for row in some
        ]
        db.session.execute(insert(table), events)
