"""Alembic: runs the numbered migrations on the portal's database."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from portal.core.db import db


@contextmanager
def foreign_keys_off(connection: Connection) -> Iterator[None]:
    """SQLite makes a table again to alter it; its references are looked at afterwards.

    They can only be switched outside a transaction, so not by a migration itself.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
        broken = cursor.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"a migration left broken references: {broken[:5]}")
    finally:
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()


def run() -> None:
    """Every pending migration in its own transaction: a kill leaves a whole version behind.

    A process killed in between is no trouble: the next start goes on with the next version.
    """
    with db.engine.connect() as connection, foreign_keys_off(connection):
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            transaction_per_migration=True,
            user_module_prefix="portal.core.db.",
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("offline migrations are not supported")
run()
