"""Counting the statements that a page sends to the database.

The menu's number of missing requirements is left out: kept ten seconds, it would make the count
depend on how long ago another page was. What it takes has a test of its own.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.checklist import queries
from portal.core.db import db

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
log = logging.getLogger("portal.tests")  # heard as the portal is


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """The SELECTs and writes executed inside, in order; BEGIN and the like left out."""
    found: list[str] = []
    with _heard(app) as heard:
        try:
            yield found
        finally:
            found += [statement for statement, _ in heard]


def selects(app: Flask, browser: FlaskClient, url: str) -> int:
    """How many statements the page takes, once the browser has been there."""
    browser.get(url)
    with statements(app) as sent:
        assert browser.get(url).status_code == 200
    log.info("%s took:\n%s", url, "\n".join(sent))  # shown when a test fails
    return len(sent)


@contextmanager
def plans(app: Flask) -> Iterator[list[str]]:
    """The lines of SQLite's plans for the SELECTs executed inside; there once the block ended."""
    found: list[str] = []
    with _heard(app) as heard:
        yield found
    with app.app_context(), db.engine.connect() as connection:
        for statement, parameters in heard:
            if statement.startswith(("SELECT", "WITH")):
                lines = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                found += [line.detail for line in lines]


@contextmanager
def _heard(app: Flask) -> Iterator[list[tuple[str, Any]]]:
    heard: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")):
            heard.append((statement, parameters))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        app.extensions["checklist_missing"] = (LONG_AGO, 0)
        with patch.object(queries, "KEPT", timedelta(days=100_000)):
            yield heard
    finally:
        app.extensions.pop("checklist_missing", None)
        event.remove(engine, "before_cursor_execute", note)
