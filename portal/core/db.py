"""The database: one typed base, UTC times, and SQLite made safe for many processes."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Dialect, Engine, Executable, MetaData, Row, event
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

T = TypeVar("T")
BUSY_TIMEOUT_MS = 30_000
PING_AFTER = 1.0  # seconds that a connection to PostgreSQL waits unasked
QUICK_TRIES, QUICK_WAIT = 50, 0.0002  # seconds between two tries for SQLite's write lock

# How to lock a row whose key stays: rows that refer to it may be inserted meanwhile.
KEEPING_KEYS = {"key_share": True}

# Whether the next SQLite transaction of this context only reads. Writers must take the write lock
# at BEGIN: a transaction that reads first and writes later fails at once when another wrote
# in between ("database is locked"), and no timeout helps it.
_reading: ContextVar[bool] = ContextVar("reading", default=False)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in code; `timestamptz` in PostgreSQL, naive UTC in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime given to the database")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of every table; constraint names are fixed so that migrations can name them."""

    registry = registry(
        type_annotation_map={datetime: UtcDateTime},
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
    )


db = SQLAlchemy(model_class=Base)


def kept(take: Callable[[], T | None]) -> T | None:
    """What `take` found, committed; rolled back when it found nothing or failed.

    For a claim: whoever won it holds it from here on, whoever did not holds no lock.
    """
    try:
        found = take()
    except BaseException:
        db.session.rollback()
        raise
    if found is None:
        db.session.rollback()
    else:
        db.session.commit()
    return found


@contextmanager
def reading() -> Iterator[None]:
    """Transactions begun inside take no write lock (SQLite); for pages and reports."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


def set_reading(value: bool) -> None:
    """As `reading()`, for the rest of this context (a web request)."""
    _reading.set(value)


def end_read() -> None:
    """Close the open read transaction: never hold one across SMTP, PDF or hashing."""
    db.session.rollback()


def found_by(statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
    """All rows of one SELECT, alone in its transaction.

    Not for a place where the session has one open: what that wrote is not seen.
    """
    with reading(), _alone() as connection:
        return connection.execute(statement, parameters).all()


def written_by(statement: Executable, parameters: Mapping[str, Any]) -> int:
    """How many rows one UPDATE changed, alone in its transaction, and committed.

    Not for a place where the session has one open: that would be waited for.
    """
    with _alone() as connection:
        changed: int = connection.execute(statement, parameters).rowcount
        connection.commit()
    return changed


@contextmanager
def _alone() -> Iterator[Connection]:
    """A connection for one statement. PostgreSQL is not asked to begin and to commit: it does so
    for a statement that comes alone, and two of three answers need not be waited for."""
    with db.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        yield connection


def engine_options(database_url: str) -> dict[str, Any]:
    """Options for create_engine fitting the database; errors never quote what was stored."""
    if database_url.startswith("sqlite"):
        return {"hide_parameters": True, "connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000}}
    return {"hide_parameters": True, "pool_size": 5, "max_overflow": 10}


def prepare_engine(engine: Engine) -> None:
    """Install the settings of SQLite, or the check of connections that waited, on an engine."""
    if engine.dialect.name != "sqlite":
        event.listen(engine, "checkin", _on_checkin)
        event.listen(engine, "checkout", _on_checkout)
        return
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def _on_checkin(_raw: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info["since"] = time.monotonic()


def _on_checkout(raw: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Ask a connection that waited whether it is still there; the pool replaces one that is not.

    As `pool_pre_ping` does each time; a sender takes its connection three times for each message.
    """
    idle = time.monotonic() - record.info.pop("since", time.monotonic())
    if idle < PING_AFTER:
        return
    dialect = db.engine.dialect
    try:
        dialect.do_ping(raw)
    except dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error


def _on_connect(raw: DBAPIConnection, _record: object) -> None:
    connection = cast(sqlite3.Connection, raw)
    connection.isolation_level = None  # transactions are begun by _on_begin, not by the driver
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # FULL: a commit survives a power cut. A lost "handed over" mark would send a boleto twice.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _on_begin(connection: Any) -> None:
    if _reading.get():
        connection.exec_driver_sql("BEGIN")
    elif not _begin_at_once(connection.connection.driver_connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # waits BUSY_TIMEOUT_MS, then raises


def _begin_at_once(raw: sqlite3.Connection) -> bool:
    """Whether the write lock was had within a few milliseconds.

    It is held for less than one; SQLite's own wait sleeps 1, 2, 5, 10 … ms, and two senders
    would spend more time asleep than at work.
    """
    cursor = raw.cursor()
    cursor.execute("PRAGMA busy_timeout = 0")
    try:
        for _ in range(QUICK_TRIES):
            try:
                cursor.execute("BEGIN IMMEDIATE")
                return True
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    return False
            time.sleep(QUICK_WAIT)
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.close()
    return False


def text_enum(kind: type[StrEnum], name: str) -> SqlEnum:
    """A string column that holds only the values of `kind`; a CHECK in the database holds it."""
    return SqlEnum(
        kind,
        name=name,
        native_enum=False,
        length=20,
        create_constraint=True,
        validate_strings=True,
        values_callable=lambda members: [member.value for member in members],
    )
