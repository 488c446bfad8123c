"""Generating: titles, boletos and outbox rows, against a bare executemany of the same rows."""

from datetime import date

from sqlalchemy import delete, insert, select

from bench.support import NOW, TODAY, add_contracts, scratch_app, seconds, verdict
from portal.core.db import db
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.generation import service
from portal.generation.orders import Order
from portal.generation.planning import make_plan
from portal.receivables.models import Receivable

TABLES = (Receivable, EmailMessage, MessageReceivable)


def main() -> bool:
    """Whether 1,000 contracts are generated in 3 s; prints the ratio to the baseline too."""
    with scratch_app():
        add_contracts(1000)
        order = Order(date(2026, 12, 1))
        preview = seconds(lambda: make_plan(order, TODAY, NOW).to_dict())
        run = seconds(lambda: service.run_now(order, today=TODAY, actor=None, now=NOW))
        baseline = _baseline()
    print(f"     preview {preview:.2f} s; bare executemany of the same rows {baseline:.2f} s")
    print(f"     run / executemany = {run / baseline:.1f}")
    return verdict("1,000 contracts generated", run, 3, "s")


def _baseline() -> float:
    """Delete what the run wrote and write the very same rows again, in one transaction."""
    rows = {
        table: [dict(row) for row in db.session.execute(select(table.__table__)).mappings()]
        for table in TABLES
    }
    for table in reversed(TABLES):
        db.session.execute(delete(table))
    db.session.commit()

    def write() -> None:
        for table in TABLES:
            db.session.execute(insert(table.__table__), rows[table])
        db.session.commit()

    return seconds(write)
