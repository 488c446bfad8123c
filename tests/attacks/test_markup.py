"""Text that is markup or a formula, in every column that holds text, on every page and file."""

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import JSON, String, Table, select, update
from sqlalchemy import Enum as SqlEnum

from portal.core import audit
from portal.core.audit import SECRETS
from portal.core.db import db
from portal.deliveries.models import Bounce, DeliveryAttempt
from portal.users.models import UserSession
from tests.attacks.walking import walk
from tests.factories import NOON
from tests.support import company
from tests.support.routes import FRAMED, Outline, routes

MARKUP = "<xss>\"'><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}"
FORMULA = "=cmd|' /c calc'!A1"
APPEND_ONLY = {"audit_events", "delivery_attempts"}
# Words of the program, numbers and sealed things; what people or other systems write is not here.
OURS = SECRETS | {
    *("id", "action", "entity", "bank_code", "byte", "cause", "claim", "digest", "event"),
    *("event_id", "fingerprint", "not_sent_code", "prefix", "scope", "secret", "stage", "state"),
    *("status", "outcome", "pdf_sha256", "codigo_barras", "imap_security", "security"),
}


def spoil(app: Flask, text: str) -> None:
    """A company in which each text that anybody may have written is `text`."""
    with app.app_context():
        company.fill(2)
        tell(text)
        for table in db.metadata.sorted_tables:
            if table.name not in APPEND_ONLY:
                overwrite(table, text)
        db.session.commit()


def tell(text: str) -> None:
    """Rows that nothing may change once they are there, and those of other systems."""
    audit.record(
        None, "clients.change", "clients", 1, NOON, summary=text, changes={text: [text, 1]}
    )
    values = {"stage": "data", "outcome": "temporary", "cause": "timeout", "reply": text}
    db.session.add(DeliveryAttempt(message_id=1, number=1, started_at=NOON, **values))
    told = {"action": "failed", "status": "5.1.1", "diagnostic": text, "recipient": text}
    db.session.add(
        Bounce(smtp_account_id=1, message_id=1, notification_id="1", received_at=NOON, **told)
    )
    seen = NOON + timedelta(days=300)
    db.session.add(UserSession(id="1", user_id=1, began_at=seen, seen_at=seen, agent=text))


def overwrite(table: Table, text: str) -> None:
    """Each row's texts become `text`, cut to size; where it may not repeat, the id goes with it."""
    unique = {
        c.name for rule in table.constraints if hasattr(rule, "columns") for c in rule.columns
    }
    keys = [column.name for column in table.primary_key.columns]
    for row in db.session.execute(select(*table.primary_key.columns)).all():
        mine = [
            column == value for column, value in zip(table.primary_key.columns, row, strict=True)
        ]
        values: dict[str, Any] = {}
        for column in table.columns:
            if column.name in OURS or column.name in keys or column.foreign_keys:
                continue
            if isinstance(column.type, JSON) and column.name == "instructions":
                values[column.name] = [text]
            if isinstance(column.type, String) and not isinstance(column.type, SqlEnum):
                size = column.type.length or 1000
                own = f"{text[: size - 3]}{row[0]}" if column.name in unique else text[:size]
                values[column.name] = own
        if values:
            db.session.execute(update(table).where(*mine).values(values))


def test_markup_in_any_text_is_shown_as_text_on_every_page(app, admin):
    spoil(app, MARKUP)
    pages, _forms = walk(app, admin)
    assert len(pages) > 80
    shown = 0
    for url, html in pages.items():
        outline = Outline(html)
        assert "<xss" not in html.lower(), url
        assert "<img src=x" not in html, url
        assert not [attrs for _, attrs in outline.tags if "onerror" in attrs], url
        assert "49" not in html or "{{7*7}}" in html, url
        shown += "&lt;xss&gt;" in html
    assert shown > 40


def test_markup_in_a_framed_message_stays_locked_in_or_goes(app, admin):
    spoil(app, MARKUP)
    for rule in FRAMED:
        answer = admin.get(rule.replace("<int:account_id>", "1").replace("<int:message_id>", "1"))
        if answer.status_code == 200:
            assert "sandbox" in answer.headers["Content-Security-Policy"]
            assert "onerror" not in answer.text.replace("&lt;img src=x onerror", "")


@pytest.mark.parametrize("formula", [FORMULA, "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1"])
def test_no_file_holds_a_formula(app, admin, formula):
    spoil(app, formula)
    files = [route for route in routes(app) if route.rule.rule.endswith(".csv") and route.only_ids]
    assert len(files) >= 5
    quoted = 0
    for route in files:
        answer = admin.get(route.url())
        assert answer.status_code == 200, route
        rows = list(csv.reader(StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
        cells = [cell for row in rows for cell in row]
        quoted += f"'{formula}" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))], route
        assert not [cell for cell in cells if cell.startswith("-") and not is_number(cell)], route
    assert quoted >= 3


def is_number(cell: str) -> bool:
    return cell.removeprefix("-").replace(".", "").replace(",", "").isdigit()
