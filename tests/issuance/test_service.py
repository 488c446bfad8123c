"""One form sends once, even when it is sent twice at the same moment."""

import threading
from typing import Any

from flask import Flask
from sqlalchemy import select

from portal.core.db import db
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.issuance import service
from tests.factories import NOON, create_client, create_contract, create_settings, create_user
from tests.receivables.making import create_boleto
from tests.support.counting import statements


def test_a_double_click_sends_once(app: Flask) -> None:
    with app.app_context():
        create_settings()
        ids = [create_boleto().id for _ in range(3)]
        actor_id = create_user().id
        db.session.remove()
    key = service.new_key()
    start = threading.Barrier(2)
    answers: list[tuple[int, bool]] = []

    def click() -> None:
        with app.app_context():
            from portal.users.models import User

            actor = db.session.get_one(User, actor_id)
            db.session.expunge(actor)
            db.session.rollback()
            start.wait(10)
            answers.append(service.send(ids, key, actor, NOON))
            db.session.remove()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [(3, False), (3, True)]
    with app.app_context():
        assert len(db.session.scalars(select(EmailMessage)).all()) == 3
        assert len(db.session.scalars(select(MessageReceivable)).all()) == 3


def test_two_keys_are_two_sendings(app: Flask) -> None:
    with app.app_context():
        create_settings()
        title_id = create_boleto().id
        for _ in range(2):
            assert service.send([title_id], service.new_key(), None, NOON) == (1, True)
        assert len(db.session.scalars(select(EmailMessage)).all()) == 2


def test_sending_many_takes_few_queries(app: Flask) -> None:
    with app.app_context():
        create_settings()
        ids = [
            create_boleto(contract=create_contract(client=create_client())).id for _ in range(30)
        ]
        db.session.remove()
    with app.app_context(), statements(app) as seen:
        service.send(ids, service.new_key(), None, NOON)
    assert len(seen) <= 12


def test_a_key_fits_its_column(session: Any) -> None:
    column = EmailMessage.__table__.c.scope.type.length
    assert len(f"manual:{service.new_key()}:{10**15}") <= column
