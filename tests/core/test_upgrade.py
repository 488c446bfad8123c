"""From the previous release, with data in every table, to this one: nothing is lost or loosened."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from sqlalchemy import (
    CheckConstraint,
    Connection,
    MetaData,
    Table,
    UniqueConstraint,
    insert,
    select,
    text,
)
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.exc import DatabaseError, IntegrityError

from portal import ROOT, create_app
from portal.core.config import Settings
from portal.core.crypto import new_key
from portal.core.db import db
from portal.core.migrations import ensure_migrated, install, newest, revision
from tests.conftest import DEAD_REDIS
from tests.core import old_base
from tests.support.routes import private

# What each CHECK that is no list of words refuses.
REFUSED: dict[str, dict[str, Any]] = {
    "ck_contracts_amount_positive": {"amount": 0},
    "ck_contracts_due_day_range": {"due_day": 32},
    "ck_financial_settings_max_open_positive": {"max_open_receivables": 0},
    "ck_financial_settings_single_row": {"id": 2},
    "ck_general_settings_single_row": {"id": 2},
    "ck_receivables_amount_positive": {"amount": -1},
    "ck_smtp_accounts_limits_positive": {"hourly_limit": 0},
    "ck_smtp_accounts_port_range": {"port": 0},
    "ck_wallets_fine_range": {"fine_percent": 101},
    "ck_wallets_interest_range": {"interest_percent_month": -1},
    "ck_wallets_next_nosso_numero_positive": {"next_nosso_numero": 0},
}
SINGLE = ("general_settings", "financial_settings")  # one row each: what breaks them is a change
ANOTHER_PAIR = {"message_id": 2, "receivable_id": 3}  # of a table whose key is two references

NOT_THERE = {  # pages of what the old base could not have, or that need a choice
    "GET /sistema/webhooks/<int:webhook_id>",
    "GET /financeiro/emissao/enviar",
    "GET /sistema/log-email/em-massa",
}
NEW_TABLES: dict[str, list[dict[str, Any]]] = {
    "webhooks": [{"id": 1, "events": []}],
    "webhook_calls": [{"id": 1, "state": "queued"}],
    "api_tokens": [{"id": 1, "scopes": []}],
    "api_requests": [{"id": 1}],
    "user_sessions": [{"id": "fedcba9876543210"}],
    "data_accesses": [{"id": 1, "client_id": 1}],
}


@pytest.fixture
def environment(fresh_database, tmp_path) -> dict[str, str]:
    """What the portal is started with, over a database of its own."""
    return {
        "PORTAL_HOME": str(tmp_path / "home"),
        "DATABASE_URL": fresh_database,
        "REDIS_URL": DEAD_REDIS,
        "DEMO": "0",
        "SECRET_KEY": "tests-only-secret-key",
        "PORTAL_ENCRYPTION_KEYS": new_key(),
    }


@pytest.fixture
def portal(environment) -> Iterator[Flask]:
    """This release over a database of the previous one, with rows in each of its tables."""
    app = create_app(Settings.from_env(environment), RATELIMIT_ENABLED=False)
    with app.app_context():
        install()
        flask_migrate.upgrade(revision=old_base.PREVIOUS)
        with db.engine.begin() as connection:
            old_base.fill(connection, old_base.ROWS)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def old_tables(portal) -> list[Table]:
    """The tables as the previous release had them."""
    metadata = MetaData()
    with portal.app_context():
        metadata.reflect(db.engine)
    tables = [table for table in metadata.sorted_tables if table.name != "alembic_version"]
    assert {table.name for table in tables} == set(old_base.ROWS)  # of every table some rows
    return tables


def test_an_upgrade_keeps_every_row_and_every_rule_and_every_page_opens(portal, old_tables):
    with portal.app_context():
        before = rows_of(old_tables)
        ensure_migrated()
        assert rows_of(old_tables) == before
        assert_whole()
    assert closed_pages(portal) == {}


@pytest.mark.faults
def test_killed_at_every_statement_an_upgrade_goes_on_and_ends_the_same(
    portal, old_tables, environment
):
    with portal.app_context():
        before = rows_of(old_tables)
        db.engine.dispose()
    process = subprocess.run(
        [sys.executable, "-m", "tests.core.killed_upgrade"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert process.returncode == 0, process.stderr
    left_behind = process.stdout.split()
    assert left_behind == sorted(left_behind)
    assert len(left_behind) > 25  # killed that often
    assert set(left_behind) >= {old_base.PREVIOUS, "0003"}
    with portal.app_context():
        assert rows_of(old_tables) == before
        assert_whole()


def rows_of(tables: list[Table]) -> dict[str, list[tuple[str, ...]]]:
    with db.engine.connect() as connection:
        return old_base.contents(connection, tables)


def assert_whole() -> None:
    """The database is one of this release and refuses what it must."""
    assert revision() == newest()
    with db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    with db.engine.connect() as connection:
        old_base.fill(connection, NEW_TABLES)
        assert [fault for table in today(connection) for fault in faults(connection, table)] == []
        for statement in (
            "UPDATE audit_events SET action = 'x'",
            "DELETE FROM audit_events",
            "UPDATE delivery_attempts SET outcome = 'x'",
        ):
            with pytest.raises(DatabaseError, match="append-only"), connection.begin_nested():
                connection.execute(text(statement))
        connection.rollback()


def today(connection: Connection) -> list[Table]:
    """The tables as they are, without the types of the models: those would refuse by themselves."""
    metadata = MetaData()
    metadata.reflect(connection)
    assert set(db.metadata.tables) <= set(metadata.tables)
    return [metadata.tables[name] for name in db.metadata.tables]


def faults(connection: Connection, table: Table) -> Iterator[str]:
    """What the table takes though a rule of the models forbids it."""
    if not accepts(connection, table, {}):
        yield f"{table.name}: not even a good row is taken"
    for rule, changes in forbidden(connection, table):
        if accepts(connection, table, changes):
            yield f"{table.name}: {rule} does not hold ({changes})"


def forbidden(connection: Connection, table: Table) -> Iterator[tuple[str, dict[str, Any]]]:
    """(Rule, columns that break it and nothing else), for every rule of the model."""
    model = db.metadata.tables[table.name]
    for check in (c for c in model.constraints if isinstance(c, CheckConstraint)):
        if not check._type_bound:
            yield str(check.name), REFUSED[str(check.name)]
    for column in model.columns:
        if isinstance(column.type, SqlEnum):
            yield f"the words of {column.name}", {column.name: "outra"}
        if column.foreign_keys:
            yield f"the reference {column.name}", {column.name: 999_999}
    row = first_row(connection, table)
    for names in unique_sets(table.name):
        if table.name not in SINGLE:
            yield f"unique {names}", {name: row[name] for name in names}


def accepts(connection: Connection, table: Table, changes: dict[str, Any]) -> bool:
    """Whether another row like the first one goes in with `changes`; nothing of it stays."""
    row = first_row(connection, table)
    savepoint = connection.begin_nested()
    try:
        if table.name in SINGLE:
            connection.execute(table.update().values(changes or {"version": 2}))
        else:
            connection.execute(insert(table).values(unlike(table, row) | changes))
    except IntegrityError:
        return False
    finally:
        savepoint.rollback()
    return True


def first_row(connection: Connection, table: Table) -> dict[str, Any]:
    row = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings().first()
    assert row is not None, table.name
    return dict(row)


def unlike(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """The row with other values where they may not repeat; references stay."""
    if table.name == "email_message_receivables":
        return row | ANOTHER_PAIR
    names = {name for names in unique_sets(table.name) for name in names}
    return row | {n: another(row[n]) for n in names if not table.columns[n].foreign_keys}


def another(value: Any) -> Any:
    if isinstance(value, int):
        return value + 1000
    return date(2099, 1, 1) if isinstance(value, date) else f"x{value}"[: max(len(value), 8)]


def unique_sets(name: str) -> list[tuple[str, ...]]:
    """The columns that may not repeat together: keys, constraints, and indexes."""
    model = db.metadata.tables[name]
    found = [tuple(model.primary_key.columns.keys())]
    found += [tuple(c.columns.keys()) for c in model.constraints if isinstance(c, UniqueConstraint)]
    found += [tuple(index.columns.keys()) for index in model.indexes if index.unique]
    return found


def closed_pages(app: Flask) -> dict[str, int]:
    """The pages that an administrator of the old base cannot open, and with what status."""
    browser = app.test_client()
    with browser.session_transaction() as session:
        session["_user_id"], session["_fresh"] = "1.1", True
    pages = [
        route
        for route in private(app)
        if route.reads and route.only_ids and not route.rule.rule.startswith("/api/")
    ]
    answers = {str(route): browser.get(route.url()).status_code for route in pages}
    assert len(answers) > 50
    return {
        route: status
        for route, status in answers.items()
        if status not in (200, 302, 303) and route not in NOT_THERE
    }
