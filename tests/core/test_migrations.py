"""The migrations: numbered, one head, and the tables that the models expect."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from portal.core.audit import record
from portal.core.db import db
from portal.core.migrations import FOLDER, downgrade, newest, upgrade
from tests.factories import NOON


def test_there_is_one_head_and_numbers_follow_each_other():
    script = ScriptDirectory(str(FOLDER))
    numbers = sorted(item.revision for item in script.walk_revisions())
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    assert script.get_heads() == [numbers[-1]]


def test_the_newest_number_is_the_head(session):
    assert newest() == ScriptDirectory(str(FOLDER)).get_current_head()


def test_the_migrated_tables_are_those_of_the_models(session):
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, db.metadata) == []


def test_every_migration_goes_down_and_up_again(app: Flask):
    with app.app_context():
        downgrade("base")
        assert inspect(db.engine).get_table_names() == ["alembic_version"]
        upgrade()
        assert "email_messages" in inspect(db.engine).get_table_names()


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_events SET action = 'x'", "DELETE FROM audit_events"]
)
def test_audit_events_can_be_neither_changed_nor_deleted(session, statement):
    record(None, "tests.event", "tests", 1, NOON)
    session.commit()
    with pytest.raises(DatabaseError, match="append-only"):
        session.execute(text(statement))
    session.rollback()


def test_delivery_attempts_cannot_be_changed(session):
    from portal.deliveries.models import DeliveryAttempt
    from tests.factories import create_message

    message = create_message()
    session.add(
        DeliveryAttempt(
            message_id=message.id, number=1, started_at=NOON, stage="data", outcome="accepted"
        )
    )
    session.commit()
    with pytest.raises(DatabaseError, match="append-only"):
        session.execute(text("UPDATE delivery_attempts SET outcome = 'x'"))
    session.rollback()
