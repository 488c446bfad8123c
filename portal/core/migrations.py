"""Bringing the tables to this version of the code: numbered migrations, one head."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import current_app
from sqlalchemy import inspect, text

from portal.core.db import db
from portal.core.errors import ConfigError

LOCK_KEY = 7_061_985  # any number that nothing else in this database locks
FOLDER = Path(__file__).resolve().parent.parent.parent / "migrations"


def ensure_migrated() -> None:
    """Bring the tables to this version; one process at a time. A newer database is refused."""
    if revision() == newest():
        return
    with _one_at_a_time():
        found = revision()
        if found == newest():
            return
        if found is not None and found > newest():
            raise ConfigError(
                f"o banco de dados está na versão {found}, mais nova que este Pontual: atualize-o"
            )
        upgrade()


def upgrade() -> None:
    """Run the pending migrations."""
    import flask_migrate

    install()
    logging.getLogger("alembic").setLevel(logging.WARNING)
    flask_migrate.upgrade()


def downgrade(to: str) -> None:
    """Go back to a revision, or to `base`; for tests and rescues."""
    import flask_migrate

    install()
    flask_migrate.downgrade(revision=to)


def install() -> None:
    """Attach Flask-Migrate to the application. Not at its start: Alembic takes long to import."""
    from flask_migrate import Migrate

    if "migrate" not in current_app.extensions:
        Migrate(current_app, db, directory=str(FOLDER), render_as_batch=True)


def newest() -> str:
    """The number of the last migration."""
    return max(path.name[:4] for path in (FOLDER / "versions").glob("[0-9]*.py"))


def revision() -> str | None:
    """The number that the database has; None when it is empty."""
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return str(found) if found else None


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """One process over all machines: PostgreSQL's own lock, a file beside SQLite."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect() as connection:
            # Freed with the connection's transaction, also when the migration fails.
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
            yield
        return
    lock = current_app.config["SETTINGS"].home / "migrate.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
