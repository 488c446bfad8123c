"""Alembic: runs the numbered migrations on the portal's database."""

from alembic import context
from flask import current_app

from portal.core.db import db


def run() -> None:
    """Every pending migration in its own transaction: a kill leaves a whole version behind."""
    engine = db.engine
    with engine.connect() as connection:
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
