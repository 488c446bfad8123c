"""`portal backup`: the whole database, at one moment, in a file that any database takes back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sqlalchemy import Connection, MetaData, Table, select

from portal.core.crypto import KeyRing
from portal.core.db import db, reading
from portal.core.errors import PortalError
from portal.core.migrations import newest, revision
from portal.operations import backup_archive
from portal.operations.backup_archive import KEYS, Writer, to_line
from portal.operations.snapshot import snapshot

BATCH = 1000  # rows in memory at once
NOT_DATA = "alembic_version"


@dataclass(frozen=True, slots=True)
class Saved:
    """What a backup holds."""

    tables: int
    rows: int
    bytes: int
    with_keys: bool


def save(path: Path, ring: KeyRing, now: datetime, *, with_keys: bool = False) -> Saved:
    """Write a backup to `path`, which must not exist; work may go on meanwhile.

    Raises PortalError when the database is not at this version's migration.
    """
    with reading():
        found = revision()
    if found is None or found != newest():
        raise PortalError("O banco de dados não está nesta versão: inicie o Pontual e repita.")
    with backup_archive.writing(path) as writer:
        with snapshot() as connection:
            tables, rows = _write_tables(writer, connection)
        if with_keys:
            writer.add(KEYS, [ring.export()])
        writer.close(
            made_at=now,
            revision=found,
            dialect=db.engine.dialect.name,
            version=portal_version(),
        )
    return Saved(tables, rows, path.stat().st_size, with_keys)


def portal_version() -> str:
    """The version that runs here."""
    try:
        return version("pontual")
    except PackageNotFoundError:
        return "desconhecida"


def _write_tables(writer: Writer, connection: Connection) -> tuple[int, int]:
    """Tables as the database has them, in the order in which they can be filled again."""
    metadata = MetaData()
    metadata.reflect(connection)
    tables = [table for table in metadata.sorted_tables if table.name != NOT_DATA]
    rows = 0
    for table in tables:
        rows += writer.add(f"tables/{table.name}.jsonl", _lines(connection, table)) - 1
    return len(tables), rows


def _lines(connection: Connection, table: Table) -> Iterator[str]:
    yield to_line(column.name for column in table.columns)
    order = list(table.primary_key.columns)
    query = select(table).order_by(*order)
    for row in connection.execution_options(yield_per=BATCH).execute(query):
        yield to_line(row)
