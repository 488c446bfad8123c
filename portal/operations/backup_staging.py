"""Where a restored database is put together, and the one step by which it becomes the database.

SQLite: a file beside the database, copied over it by SQLite itself in one transaction.
PostgreSQL: a schema of its own, whose tables move into the place of the old ones in one
transaction.
"""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from portal.core.db import BUSY_TIMEOUT_MS, db
from portal.core.errors import Conflict
from portal.core.migrations import LOCK_KEY

SCHEMA = "pontual_restore"
ONE_AT_A_TIME = LOCK_KEY + 1
LOCK_WAIT = "30s"  # for tables that another process is using
NOT_STOPPED = "Outro portal restore está em andamento sobre este banco de dados."


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Beside a SQLite database."""

    target: Path

    @property
    def draft(self) -> Path:
        """The database that is being put together."""
        return self.target.with_name(f"{self.target.name}.restoring")

    @property
    def url(self) -> str:
        """Its address."""
        return f"sqlite:///{self.draft}"

    def take(self) -> None:
        """Copy it over the target: readers see the old one or the new one, nothing between."""
        timeout = BUSY_TIMEOUT_MS / 1000
        with (
            closing(sqlite3.connect(self.draft)) as source,
            closing(sqlite3.connect(self.target, timeout=timeout)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def clear(self) -> None:
        """Remove what is there of it, also of a restore that was killed."""
        for suffix in ("", "-wal", "-shm", "-journal"):
            self.draft.with_name(self.draft.name + suffix).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class SchemaPlace:
    """Inside a PostgreSQL database."""

    engine: Engine

    @property
    def url(self) -> str:
        """The same database, seen from the schema."""
        options = {"options": f"-csearch_path={SCHEMA}"}
        return self.engine.url.update_query_dict(options).render_as_string(hide_password=False)

    def prepare(self) -> None:
        """An empty schema."""
        self.clear()
        with self.engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))

    def take(self) -> None:
        """Old tables go, new ones come, in one transaction."""
        with self.engine.begin() as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))
            home = _quoted(connection, str(connection.scalar(text("SELECT current_schema()"))))
            tables = _names(connection, "SELECT tablename FROM pg_tables WHERE schemaname = :s")
            for name in tables:
                connection.execute(text(f"DROP TABLE IF EXISTS {home}.{name} CASCADE"))
            functions = _names(
                connection,
                "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace"
                " WHERE nspname = :s",
            )
            for name in functions:
                connection.execute(text(f"DROP FUNCTION IF EXISTS {home}.{name}() CASCADE"))
                connection.execute(text(f"ALTER FUNCTION {SCHEMA}.{name}() SET SCHEMA {home}"))
            for name in tables:  # their sequences and indexes go with them
                connection.execute(text(f"ALTER TABLE {SCHEMA}.{name} SET SCHEMA {home}"))
            connection.execute(text(f"DROP SCHEMA {SCHEMA}"))

    def clear(self) -> None:
        """Remove what is there of it, also of a restore that was killed."""
        with self.engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))


Place = FilePlace | SchemaPlace


@contextmanager
def place() -> Iterator[Place]:
    """The place for the current application's database; nothing is left of it afterwards.

    Raises Conflict while another restore is at work.
    """
    engine = db.engine
    if engine.dialect.name == "sqlite":
        with _alone_with_file(FilePlace(Path(str(engine.url.database)))) as beside:
            yield beside
        return
    inside = SchemaPlace(engine)
    with engine.connect() as guard:
        if not guard.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": ONE_AT_A_TIME}):
            raise Conflict(NOT_STOPPED)
        inside.prepare()
        try:
            yield inside
        finally:
            inside.clear()
            guard.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ONE_AT_A_TIME})


@contextmanager
def _alone_with_file(beside: FilePlace) -> Iterator[FilePlace]:
    with beside.draft.with_name(f"{beside.draft.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(NOT_STOPPED) from error
        beside.clear()
        try:
            yield beside
        finally:
            beside.clear()


def _names(connection: Connection, query: str) -> list[str]:
    found = connection.execute(text(query), {"s": SCHEMA}).scalars().all()
    return [_quoted(connection, str(name)) for name in found]


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
