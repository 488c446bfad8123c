"""The database at one moment, whoever writes meanwhile; nothing is locked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from portal.core.db import db, reading


@contextmanager
def snapshot() -> Iterator[Connection]:
    """A connection of its own that only reads, and sees what its first look saw."""
    options: dict[str, Any] = {}
    if db.engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with reading(), db.engine.connect() as connection:
        yield connection.execution_options(**options)
