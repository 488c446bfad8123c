"""`portal restore`: a backup takes the place of the database, whole or not at all.

It is put together beside the database (`backup_staging`): tables of the backup's own version, its
rows, the migrations since. Then, in one transaction, it takes the database's place. A process
killed before that leaves the database as it was.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask
from sqlalchemy import JSON, MetaData, Table, func, select, text
from sqlalchemy.exc import DBAPIError

from portal.core import migrations
from portal.core.config import Settings
from portal.core.crypto import KeyRing, SecretUnreadable
from portal.core.db import db, reading
from portal.core.errors import Conflict
from portal.operations import backup_archive, backup_staging, keys
from portal.operations.backup import BATCH, NOT_DATA
from portal.operations.backup_archive import DAMAGED, BadBackup, Part, Reader, reader_of
from portal.operations.backup_settling import settle

OpenApp = Callable[[str], Flask]  # a database's address in, an application over it out


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and what a person has to know."""

    made_at: datetime
    revision: str
    rows: int
    paused_accounts: int
    uncertain: int
    keys_added: tuple[str, ...] = ()
    keys_to_set: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = field(default=())


def restore(
    path: Path, settings: Settings, open_app: OpenApp, now: datetime, *, replace: bool = False
) -> Restored:
    """Put the backup in the place of the current application's database.

    Raises BadBackup, and Conflict when the database holds rows and `replace` is not given.
    """
    with backup_archive.opened(path) as reader, backup_staging.place() as place:
        _refuse_other_versions(reader)
        if not replace and not is_empty():
            raise Conflict("O banco de dados não está vazio. Para trocá-lo: --replace.")
        app = open_app(place.url)
        with app.app_context():
            try:
                rows = _fill(reader)
                migrations.upgrade()
                done = settle(reader.manifest.made_at, settings.timezone, now)
                added, to_set = _take_keys(reader, settings.keys)
                unreadable = tuple(_unreadable(settings.keys))
            finally:
                db.session.remove()
                db.engine.dispose()
        place.take()
    return Restored(
        made_at=reader.manifest.made_at,
        revision=reader.manifest.revision,
        rows=rows,
        paused_accounts=done.paused,
        uncertain=done.uncertain,
        keys_added=added,
        keys_to_set=to_set,
        unreadable=unreadable,
    )


def is_empty() -> bool:
    """Whether the database has no tables, or no row in any."""
    if migrations.revision() is None:
        return True
    with reading(), db.engine.connect() as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        tables = [table for table in metadata.sorted_tables if table.name != NOT_DATA]
        return not any(connection.execute(select(1).select_from(t).limit(1)).all() for t in tables)


def _refuse_other_versions(reader: Reader) -> None:
    newest = migrations.newest()
    if reader.manifest.revision > newest:
        raise BadBackup(
            f"A cópia é da versão {reader.manifest.revision} do banco de dados, mais nova que este"
            f" Pontual ({newest}): atualize-o."
        )
    found = migrations.revision()
    if found is not None and found > newest:
        raise Conflict(f"O banco de dados está na versão {found}: atualize o Pontual.")


def _fill(reader: Reader) -> int:
    """Tables of the backup's version with its rows; returns how many rows."""
    migrations.install()
    flask_migrate.upgrade(revision=reader.manifest.revision)
    parts = dict(reader.manifest.tables())
    metadata = MetaData()
    metadata.reflect(db.engine)
    tables = [table for table in metadata.sorted_tables if table.name != NOT_DATA]
    if {table.name for table in tables} != parts.keys():
        raise BadBackup(DAMAGED.format(what="as tabelas não são as da sua versão"))
    try:
        return sum(_fill_table(table, parts[table.name], reader) for table in tables)
    except DBAPIError as error:
        reason = str(error.orig).splitlines()[0]
        raise BadBackup(
            f"O banco de dados não aceita a cópia: {reason}. Nada foi mudado."
        ) from None


def _fill_table(table: Table, part: Part, reader: Reader) -> int:
    rows = reader.rows(part)
    names = next(rows, None)
    if not isinstance(names, list) or not set(names) <= set(table.columns.keys()):
        raise BadBackup(DAMAGED.format(what=f"as colunas de {table.name} não são as esperadas"))
    for column in table.columns:
        if isinstance(column.type, JSON):  # an absent value stays absent where it may
            column.type.none_as_null = bool(column.nullable)
    readers = [reader_of(table.c[name], db.engine.dialect.name) for name in names]
    count = 0
    with db.engine.begin() as connection:
        for batch in _batches(rows):
            connection.execute(table.insert(), [_row(names, readers, row) for row in batch])
            count += len(batch)
        if db.engine.dialect.name == "postgresql" and "id" in table.c:
            _reset_sequence(connection, table)
    return count


def _row(
    names: list[str], readers: list[Callable[[Any], Any]], values: list[Any]
) -> dict[str, Any]:
    try:
        return {
            name: None if value is None else read(value)
            for name, read, value in zip(names, readers, values, strict=True)
        }
    except (ValueError, TypeError, ArithmeticError) as error:
        raise BadBackup(DAMAGED.format(what="um valor não se lê")) from error


def _batches(rows: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _reset_sequence(connection: Any, table: Table) -> None:
    """The next id comes after the last one; tables whose ids are text have no sequence."""
    sequence = connection.scalar(
        text("SELECT pg_get_serial_sequence(:table, 'id')"), {"table": table.name}
    )
    if sequence:
        last = connection.scalar(select(func.max(table.c.id)))
        connection.execute(
            text("SELECT setval(CAST(:sequence AS regclass), :last, :used)"),
            {"sequence": sequence, "last": last or 1, "used": last is not None},
        )


def _take_keys(reader: Reader, ring: KeyRing) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Keys that came along: put into the file, or named where the environment holds them."""
    if not reader.manifest.has_keys:
        return (), ()
    given = KeyRing.parse(reader.keys())
    if ring.source is None:
        return (), tuple(key_id for key_id in given.ids if key_id not in ring.ids)
    return keys.merge(ring, given), ()


def _unreadable(ring: KeyRing) -> Iterator[str]:
    for secret in keys.stored():
        readable = False
        with suppress(SecretUnreadable):
            readable = bool(ring.decrypt(secret.token, bound_to=secret.place))
        if not readable:
            yield secret.place
