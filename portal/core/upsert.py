"""Many rows at once, by their `code`: what is new, what differs, what is the same."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar, cast

from sqlalchemy import Select, Table, bindparam, insert, select, update

from portal.core import audit
from portal.core.db import Base, db

_IN = 1000  # values in one IN (…)
_BATCH = 5000  # rows in one executemany
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Changed:
    """A stored row that the file changes; `changes` as the audit trail keeps them."""

    id: int
    code: str
    values: Mapping[str, Any]
    changes: dict[str, list[Any]]


@dataclass(slots=True)
class Upsert:
    """The difference between the file and the table."""

    new: list[Mapping[str, Any]] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    same: int = 0


def batches(items: Iterable[T], size: int = _IN) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def compare(model: type[Base], rows: Mapping[str, Mapping[str, Any]], *, lock: bool) -> Upsert:
    """How `rows` (by code, all with the same columns) differ from the table's.

    `lock` keeps others from changing the stored rows until the transaction ends.
    """
    result = Upsert()
    stored = _stored(_table(model), rows, lock=lock)
    for code, values in rows.items():
        before = stored.get(code)
        if before is None:
            result.new.append(values)
            continue
        changes = {
            name: [audit.plain(before[name]), audit.plain(value)]
            for name, value in values.items()
            if before[name] != value
        }
        if changes:
            result.changed.append(Changed(before["id"], code, values, changes))
        else:
            result.same += 1
    return result


def _stored(
    table: Table, rows: Mapping[str, Mapping[str, Any]], *, lock: bool
) -> dict[str, Mapping[str, Any]]:
    names = next(iter(rows.values()), {})
    columns = [table.c.id, *(table.c[name] for name in names)]
    found: dict[str, Mapping[str, Any]] = {}
    for codes in batches(rows):
        query: Select[Any] = select(*columns).where(table.c.code.in_(codes))
        if lock:
            query = query.with_for_update(key_share=True)
        found.update((row["code"], dict(row)) for row in db.session.execute(query).mappings())
    return found


def write(model: type[Base], difference: Upsert, now: datetime) -> None:
    """Insert what is new and update what changed, raising `version`. The caller commits."""
    table = _table(model)
    for new in batches(difference.new, _BATCH):
        db.session.execute(insert(table), [{**row, "created_at": now} for row in new])
    if not difference.changed:
        return
    statement = _update(table, list(difference.changed[0].values))
    for changed in batches(difference.changed, _BATCH):
        db.session.connection().execute(statement, [_parameters(row) for row in changed])


def _update(table: Table, names: Sequence[str]) -> Any:
    values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    statement = update(table).where(table.c.id == bindparam("row_id"))
    return statement.values(**values, version=table.c.version + 1)


def _parameters(row: Changed) -> dict[str, Any]:
    return {"row_id": row.id} | {f"new_{name}": value for name, value in row.values.items()}


def _table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)
