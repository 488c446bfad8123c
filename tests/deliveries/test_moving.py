"""A queue handed to another account: whole, once, and never what a sender has in hand."""

from datetime import timedelta
from threading import Thread
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import Conflict, NotFound
from portal.deliveries import claims, moving
from portal.deliveries.holds import HELD
from portal.deliveries.models import EmailMessage
from portal.deliveries.room import Room
from portal.deliveries.states import State
from portal.smtp.models import AccountState, SmtpAccount
from tests.factories import NOON, create_account, create_generation, create_message, create_user
from tests.support.forms import post
from tests.support.pages import links, words

LATER = NOON + timedelta(minutes=5)
A, B = "Bloqueada", "Reserva"


@pytest.fixture
def pair(session) -> tuple[int, int]:
    return create_account(name=A).id, create_account(name=B).id


def of_account(account_id, state=State.QUEUED):
    db.session.rollback()
    query = select(EmailMessage.id).where(
        EmailMessage.smtp_account_id == account_id, EmailMessage.state == state
    )
    return list(db.session.scalars(query.order_by(EmailMessage.id)))


def queue(account_id, count=1, **changes):
    return [create_message(smtp_account_id=account_id, **changes).id for _ in range(count)]


def test_what_waits_leaves_by_the_other_account_with_its_message_id(pair, monkeypatch):
    source, target = pair
    monkeypatch.setattr(moving, "CHUNK", 2)
    woken = []
    monkeypatch.setattr(moving, "wake", lambda *job: woken.append(job))
    tired = queue(source, 4, attempts=7, cause="greylisted", next_attempt_at=LATER)
    (held,) = queue(source, cause=HELD, reason="Pausado por Ana.", next_attempt_at=None)
    (sending,) = queue(source, state=State.SENDING, claim="x", lease_until=LATER)
    (sent,) = queue(source, state=State.SENT, next_attempt_at=None)
    names = [db.session.get_one(EmailMessage, id_).message_id for id_ in tired]
    ana = create_user(name="Ana Souza")

    assert moving.move(source, target, ana, NOON) == 5

    assert of_account(target) == [*tired, held]
    rows = [db.session.get_one(EmailMessage, id_) for id_ in tired]
    assert [row.message_id for row in rows] == names
    assert {(row.attempts, row.next_attempt_at, row.cause) for row in rows} == {(0, NOON, "")}
    assert rows[0].reason == "Passou da conta “Bloqueada” para “Reserva” a pedido de Ana Souza."
    kept = db.session.get_one(EmailMessage, held)
    assert (kept.next_attempt_at, kept.cause, kept.reason) == (None, HELD, "Pausado por Ana.")
    assert of_account(source, State.SENDING) == [sending]
    assert of_account(source, State.SENT) == [sent]
    events = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [event.summary for event in events] == [
        "2 e-mails passaram da conta “Bloqueada” para “Reserva”",
        "2 e-mails passaram da conta “Bloqueada” para “Reserva”",
        "1 e-mail passou da conta “Bloqueada” para “Reserva”",
    ]
    assert woken == [("jobs.deliveries.drain", target)]
    assert moving.move(source, target, ana, NOON) == 0  # asked again: nothing is left to move
    assert len(woken) == 1


def test_only_one_run_and_nothing_that_came_later(pair):
    source, target = pair
    run = create_generation().id
    mine = queue(source, 2, generation_id=run)
    others = queue(source, 1)
    late = queue(source, 1, generation_id=run)
    seen = moving.preview(source, target, run, NOON)
    assert (seen.count, seen.newest) == (3, late[0])
    moved = moving.move(source, target, create_user(), NOON, generation_id=run, newest=mine[-1])
    assert moved == 2
    assert (of_account(target), of_account(source)) == (mine, [*others, *late])


def test_a_message_that_a_sender_takes_meanwhile_stays_with_it(app, pair):
    source, target = pair
    first, second = queue(source, 2)
    ana = SimpleNamespace(id=create_user().id, name="Ana")  # rows belong to one thread's session
    moved = []

    def hand_over():
        with app.app_context():
            moved.append(moving.move(source, target, ana, NOON))

    claim = claims.take_next(source, NOON, Room())  # the transaction of the sender is open
    mover = Thread(target=hand_over)
    mover.start()
    mover.join(0.3)
    assert mover.is_alive()  # it waits for the sender's transaction
    db.session.commit()
    mover.join(30)
    assert claim.message_id == first
    assert moved == [1]
    assert of_account(source, State.SENDING) == [first]
    assert of_account(target) == [second]


@pytest.mark.parametrize(
    ("changes", "words_"),
    [
        ({"state": AccountState.PAUSED, "pause_reason": "cheia"}, "“Reserva” pausada: cheia"),
        ({"requires_auth": True}, "“Reserva” sem usuário ou senha"),
        ({"body": ""}, "falta preencher: mensagem"),
    ],
)
def test_an_account_that_cannot_send_takes_nothing(pair, changes, words_):
    source, target = pair
    queue(source)
    for name, value in changes.items():
        setattr(db.session.get_one(SmtpAccount, target), name, value)
    db.session.commit()
    assert not moving.preview(source, target, None, NOON).possible
    with pytest.raises(Conflict, match=words_):
        moving.move(source, target, create_user(), NOON)
    assert len(of_account(source)) == 1
    with pytest.raises(NotFound):
        moving.move(source, source, create_user(), NOON)


def test_an_account_that_is_paused_halfway_keeps_what_it_took_and_this_is_said(pair, monkeypatch):
    source, target = pair
    queue(source, 5)
    monkeypatch.setattr(moving, "CHUNK", 2)

    def record_and_pause(*_args):
        db.session.get_one(SmtpAccount, target).state = AccountState.PAUSED

    monkeypatch.setattr(moving, "_record", record_and_pause)
    with pytest.raises(Conflict, match=r"^2 e-mails passaram, e o resto ficou: conta “Reserva”"):
        moving.move(source, target, create_user(), NOON)
    assert (len(of_account(target)), len(of_account(source))) == (2, 3)


def test_the_page_tells_number_limits_and_end_and_the_button_moves(app, finance, pair):
    source, target = pair
    account = db.session.get_one(SmtpAccount, target)
    account.tested_at = account.test_accepted = None
    account.hourly_limit = 2
    db.session.get_one(SmtpAccount, source).state = AccountState.PAUSED
    db.session.commit()
    queue(source, 3)
    url = f"/configuracoes/smtp/{source}/fila"
    assert (
        links(finance.get(f"/configuracoes/smtp/{source}"))["passe a fila para outra conta"] == url
    )
    assert (
        links(finance.get(f"/configuracoes/smtp/{source}/uso"))["Passar a fila para outra conta"]
        == url
    )
    page = words(finance.get(url))
    assert "3 e-mails esperam pela conta Bloqueada" in page
    assert "Pela conta Reserva, o último sai" in page
    assert "2 por hora · 2.000 por dia" in page
    assert "nunca testado" in page  # warned, and possible

    form = {"para": str(target), "geracao": "", "maior": "999"}
    answer = post(finance, url, form)
    assert answer.location == f"/sistema/log-email?estado=queued&conta={target}"
    assert "3 e-mails passaram para a conta “Reserva”." in words(finance.get(answer.location))
    again = post(finance, url, form, follow_redirects=True)  # the button pressed twice
    assert "Nenhum destes e-mails espera mais por esta conta." in words(again)
    assert len(of_account(target)) == 3


def test_who_only_reads_cannot_move(reader, pair):
    url = f"/configuracoes/smtp/{pair[0]}/fila"
    assert reader.get(url).status_code == 403
    assert post(reader, url, {"para": str(pair[1]), "maior": "9"}).status_code == 403
