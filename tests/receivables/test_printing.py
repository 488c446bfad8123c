"""Many boletos in one PDF cost one look at the company, not one each."""

from flask import Flask

from portal.core.db import db
from portal.generation import service
from portal.generation.orders import Order
from portal.receivables.models import Receivable
from portal.receivables.printing import pdf_of
from tests.factories import NOON, TODAY, create_contract, create_settings
from tests.support.counting import statements


def test_the_logo_is_read_once_however_many_boletos_are_printed(app: Flask):
    with app.app_context():
        create_settings()
        for _ in range(5):
            create_contract()
        service.run_now(Order(TODAY.replace(day=1)), today=TODAY, actor=None, now=NOON)
        titles = list(db.session.query(Receivable))
        with statements(app) as sent:
            pdf_of(titles)
    assert len(titles) == 5
    assert len(sent) <= 1
