"""What is too old goes, what must stay stays, whatever dies in the middle."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.api import idempotency
from portal.api.models import ApiRequest, ApiToken
from portal.clients import staging
from portal.clients.models import DataAccess
from portal.core.db import db
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import State
from portal.privacy import retention
from portal.settings.models import FinancialSettings
from portal.users.models import EndedSession, UserSession
from portal.webhooks.models import CallState, Webhook, WebhookCall
from tests import factories
from tests.factories import NOON
from tests.support.forms import post
from tests.support.pages import words

PAGE = "/configuracoes/privacidade"
OLD = NOON - timedelta(days=91)


def keep(**days):
    factories.create_settings(**days)


def make_messages(count=1, **changes):
    receivable = factories.create_receivable()
    account = factories.create_account()
    values = {"state": State.SENT, "subject": "Seu boleto", "text": "t", "html": "<p>t</p>"}
    return [
        factories.create_message(
            receivable=receivable,
            smtp_account=account,
            **({"created_at": OLD, "reply": "250 ok", "pdf_sha256": "a" * 64} | values | changes),
        ).id
        for _ in range(count)
    ]


def with_text():
    query = select(EmailMessage.id).where((EmailMessage.text != "") | (EmailMessage.html != ""))
    return list(db.session.scalars(query.order_by(EmailMessage.id)))


def test_old_texts_go_and_the_proof_stays(session):
    keep(keep_bodies_days=90)
    (old,) = make_messages()
    (young,) = make_messages(created_at=NOON - timedelta(days=89))
    (waiting,) = make_messages(state=State.QUEUED)
    assert retention.sweep(NOON).bodies == 1
    assert with_text() == [young, waiting]
    message = session.get(EmailMessage, old)
    assert (message.subject, message.state) == ("Seu boleto", State.SENT)
    assert (message.reply, message.pdf_sha256) == ("250 ok", "a" * 64)
    assert retention.sweep(NOON).bodies == 0


def test_without_days_everything_stays(session):
    keep()
    make_messages(created_at=NOON - timedelta(days=4000))
    session.add(DataAccess(at=NOON - timedelta(days=4000), user_name="Ana", what="x"))
    session.commit()
    swept = retention.sweep(NOON)
    assert (swept.bodies, swept.accesses) == (0, 0)


def test_a_pass_that_dies_has_done_its_chunks_and_the_next_goes_on(session, monkeypatch):
    keep(keep_bodies_days=90)
    ids = make_messages(5)
    monkeypatch.setattr(retention, "CHUNK", 2)
    real, chunks = retention.audit.record, []

    def dies(*args, **more):
        chunks.append(1)
        if len(chunks) == 2:
            raise RuntimeError("killed")
        real(*args, **more)

    monkeypatch.setattr(retention.audit, "record", dies)
    with pytest.raises(RuntimeError):
        retention.sweep(NOON)
    session.rollback()
    assert with_text() == ids[2:]
    monkeypatch.setattr(retention.audit, "record", real)
    assert retention.sweep(NOON).bodies == 3
    assert with_text() == []


def test_answers_of_the_api_are_kept_as_long_as_their_keys_count():
    assert retention.KEPT_ANSWERS == idempotency.KEEP


def test_files_of_imports_go_after_a_day(app, session):
    keep()
    home = app.config["SETTINGS"].home
    staged = staging.keep(home, "clients", 1, "clientes.csv", NOON)
    at = NOON.timestamp()
    for path in (staged.path, staged.note):
        os.utime(path, (at, at))
    retention.sweep(NOON + timedelta(hours=23))
    assert staged.path.exists()
    retention.sweep(NOON + timedelta(hours=25))
    assert not staged.path.exists()
    assert not staged.note.exists()


def test_old_rows_of_every_other_kind_go(session):
    keep(keep_accesses_days=30)
    person = factories.create_user()
    hook = Webhook(url="https://x.example", created_at=NOON)
    token = ApiToken(name="t", prefix="p", digest="d", created_by="Ana", created_at=NOON)
    session.add_all([hook, token])
    session.flush()
    for number, (days, hours, age) in enumerate(((31, 49, 8), (29, 1, 6))):
        at, recent = NOON - timedelta(days=days), NOON - timedelta(hours=hours)
        asked = NOON - timedelta(days=age)
        session.add_all(
            [
                DataAccess(at=at, user_name="Ana", what="x"),
                EndedSession(id=str(number), ended_at=recent),
                UserSession(id=str(number), user_id=person.id, began_at=at, seen_at=recent),
                ApiRequest(token_id=token.id, key=str(number), fingerprint="f", created_at=asked),
                WebhookCall(
                    webhook_id=hook.id, event_id=str(number), event="message.sent", subject_id=1,
                    state=CallState.DONE, created_at=at, done_at=at,
                ),
            ]
        )  # fmt: skip
    session.add_all(
        WebhookCall(
            webhook_id=hook.id, event_id=state, event="message.sent", subject_id=1, state=state,
            created_at=OLD,
        )
        for state in (CallState.QUEUED, CallState.FAILED)
    )  # fmt: skip
    session.commit()
    swept = retention.sweep(NOON)
    assert swept == retention.Swept(bodies=0, accesses=1, sessions=2, answers=1, calls=2)
    counts = {
        model.__name__: session.scalar(select(func.count()).select_from(model))
        for model in (DataAccess, EndedSession, UserSession, ApiRequest, WebhookCall)
    }
    assert counts == {
        "DataAccess": 1, "EndedSession": 1, "UserSession": 1, "ApiRequest": 1, "WebhookCall": 2,
    }  # fmt: skip


def test_the_message_says_when_its_text_went(app, finance):
    with app.app_context():
        keep(keep_bodies_days=90)
        (old,) = make_messages(accepted_at=OLD)
        (never,) = make_messages(subject="", text="", html="", state=State.CANCELLED)
        retention.sweep(NOON)
        retention.sweep(NOON + timedelta(days=1))
    shown = words(finance.get(f"/sistema/log-email/{old}"))
    assert "O texto foi apagado em 24/11/2026 12:00, conforme a retenção" in shown
    assert "Seu boleto" in shown
    assert "Nada foi entregue" in words(finance.get(f"/sistema/log-email/{never}"))


def test_the_days_are_saved_and_told_to_the_trail(app, finance, reader):
    with app.app_context():
        keep()
    fields = {"version": "1", "keep_bodies_days": "365", "keep_accesses_days": ""}
    assert post(finance, PAGE, fields).status_code == 303
    with app.app_context():
        row = db.session.get(FinancialSettings, 1)
        assert (row.keep_bodies_days, row.keep_accesses_days) == (365, None)
    assert "guardar os textos dos e-mails, em dias: — → 365" in words(
        finance.get("/sistema/auditoria")
    )
    assert post(finance, PAGE, fields).status_code == 409
    assert post(reader, PAGE, fields).status_code == 403


@pytest.mark.parametrize("days", ["0", "-1", "3651", "x", "1,5"])
def test_impossible_days_are_refused(app, finance, days):
    with app.app_context():
        keep()
    answer = post(finance, PAGE, {"version": "1", "keep_bodies_days": days})
    assert answer.status_code == 422
    with app.app_context():
        assert db.session.get(FinancialSettings, 1).keep_bodies_days is None
