"""The same key is the same write: told again, refused for another, done once by two at once."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from portal.api import deliveries, generations, idempotency
from portal.api.models import ApiRequest
from portal.clients.models import Client
from portal.core import clock
from portal.core.db import db
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import State
from portal.generation.models import Generation
from tests.api.conftest import System
from tests.factories import create_contract, create_message, create_settings

KEY = "5f3c8c1e-0001"
ANA = {"code": "C1", "name": "Ana", "cpf_cnpj": "52998224725"}


@pytest.fixture
def failed(app):
    """The id of a message that failed."""
    with app.app_context():
        return create_message(state=State.FAILED, next_attempt_at=None, attempts=3).id


def count(model):
    return db.session.scalar(select(func.count()).select_from(model))


@pytest.mark.parametrize("key", [None, "", "curta", "com espaço dentro", "x" * 129, "é" * 10])
def test_a_write_that_creates_needs_a_fit_key(app, erp, key):
    headers = erp.headers | ({} if key is None else {"Idempotency-Key": key})
    answer = erp.client.post("/api/v1/clients", json=ANA, headers=headers)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    with app.app_context():
        assert count(Client) == 0


def test_the_same_key_and_body_get_the_same_answer(app, erp):
    first, second = (erp.post("/clients", ANA, key=KEY) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    for name in ("Location", "ETag"):
        assert first.headers[name] == second.headers[name]
    assert "Idempotency-Replayed" in second.headers
    with app.app_context():
        assert count(Client) == 1


def test_the_same_key_with_another_body_or_address_is_refused(erp, failed):
    erp.post("/clients", ANA, key=KEY)
    assert erp.post("/clients", ANA | {"code": "C2"}, key=KEY).status_code == 422
    assert erp.post(f"/deliveries/{failed}/resend", key=KEY).status_code == 422


def test_a_key_belongs_to_its_token(app, erp):
    from tests.api.conftest import make_token

    with app.app_context():
        other = System(app.test_client(), make_token("Site"))
    assert erp.post("/clients", ANA, key=KEY).status_code == 201
    assert other.post("/clients", ANA | {"code": "C2"}, key=KEY).status_code == 201


def test_a_refused_write_leaves_its_key_free(app, erp):
    assert erp.post("/clients", ANA | {"cpf_cnpj": "1"}, key=KEY).status_code == 422
    assert erp.post("/clients", ANA, key=KEY).status_code == 201


def test_a_request_in_work_is_not_begun_again(app, erp, monkeypatch):
    create = deliveries.service.resend
    answers = []

    def slow(*args):
        answers.append(erp.post(f"/deliveries/{args[0]}/resend", key=KEY).status_code)
        return create(*args)

    with app.app_context():
        message_id = create_message(state=State.FAILED, next_attempt_at=None).id
    if db_is_sqlite(app):  # the write lock is held: the second one would wait for it
        pytest.skip("one writer at a time")
    monkeypatch.setattr(deliveries.service, "resend", slow)
    assert erp.post(f"/deliveries/{message_id}/resend", key=KEY).status_code == 202
    assert answers == [409]


def db_is_sqlite(app):
    with app.app_context():
        return db.engine.dialect.name == "sqlite"


def test_two_at_once_are_done_once(app, erp, failed):
    start, answers = threading.Barrier(4), []

    def ask():
        system = System(app.test_client(), erp.headers["Authorization"].removeprefix("Bearer "))
        start.wait()
        answers.append(system.post(f"/deliveries/{failed}/resend", key=KEY))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 202
    assert set(statuses) <= {202, 409}
    assert erp.post(f"/deliveries/{failed}/resend", key=KEY).status_code == 202
    with app.app_context():
        resends = [row for row in audit() if row == "deliveries.resend"]
        assert len(resends) == 1


def audit():
    from portal.core.audit import AuditEvent

    return list(db.session.scalars(select(AuditEvent.action)))


class Killed(BaseException):
    """A process that ends here."""


def killed(*_args, **_kwargs):
    raise Killed


def test_killed_after_the_change_the_same_key_tells_of_it(app, erp, failed, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(idempotency.Hold, "finish", killed)
        patch.setattr(idempotency.Hold, "release", killed)
        with pytest.raises(Killed):
            erp.post(f"/deliveries/{failed}/resend", key=KEY)
    with app.app_context():  # meanwhile it was sent, and failed again
        message = db.session.get_one(EmailMessage, failed)
        assert message.state == State.QUEUED
        message.state = State.FAILED
        db.session.commit()
    answer = erp.post(f"/deliveries/{failed}/resend", key=KEY)
    assert (answer.status_code, answer.json["id"]) == (202, failed)
    with app.app_context():
        assert db.session.get_one(EmailMessage, failed).state == State.FAILED


def test_killed_after_a_creation_the_same_key_shows_what_was_made(erp, monkeypatch):
    body = {**ANA, "code": " C\n1 "}  # kept as "C 1"
    with monkeypatch.context() as patch:
        patch.setattr(idempotency.Hold, "finish", killed)
        patch.setattr(idempotency.Hold, "release", killed)
        with pytest.raises(Killed):
            erp.post("/clients", body, key=KEY)
    answer = erp.post("/clients", body, key=KEY)
    assert (answer.status_code, answer.json["code"]) == (201, "C 1")
    assert answer.headers["Location"] == "/api/v1/clients/C%201"


def test_killed_before_the_change_the_same_key_does_it_when_the_lease_is_over(
    app, erp, failed, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(deliveries.service, "resend", killed)
        patch.setattr(idempotency.Hold, "release", killed)
        with pytest.raises(Killed):
            erp.post(f"/deliveries/{failed}/resend", key=KEY)
    with app.app_context():
        db.session.rollback()
    answer = erp.post(f"/deliveries/{failed}/resend", key=KEY)
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "5")
    age(app, idempotency.LEASE)
    assert erp.post(f"/deliveries/{failed}/resend", key=KEY).status_code == 202


def age(app, by):
    with app.app_context():
        db.session.execute(update(ApiRequest).values(created_at=clock.now() - by * 2))
        db.session.commit()


def test_a_run_asked_for_again_after_a_crash_is_the_same_run(app, erp, monkeypatch):
    with app.app_context():
        create_settings()
        create_contract()
    with monkeypatch.context() as patch:
        patch.setattr(generations.service, "start", killed)
        patch.setattr(idempotency.Hold, "release", killed)
        with pytest.raises(Killed):
            erp.post("/generations", {"competence": "2026-12"}, key=KEY)
    age(app, idempotency.LEASE)
    answer = erp.post("/generations", {"competence": "2026-12"}, key=KEY)
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/generations/{answer.json['id']}"
    with app.app_context():
        assert count(Generation) == 1


def test_keys_are_forgotten_after_a_week(app, erp):
    erp.post("/clients", ANA, key=KEY)
    age(app, timedelta(days=7))
    erp.post("/clients", ANA | {"code": "C2"}, key=KEY)
    with app.app_context():
        assert count(ApiRequest) == 1
