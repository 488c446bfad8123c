"""FAULTS 18-25: what changes, hangs or is missing while a batch is being sent."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from portal.core import clock
from portal.core.db import db
from portal.deliveries import backoff, claims, content, endings, sender, service
from portal.deliveries.models import EmailMessage, QuotaUse
from portal.deliveries.reconcile import reconcile
from portal.deliveries.states import State
from portal.generation.models import Generation
from portal.receivables.models import ReceivableStatus
from portal.receivables.service import cancel as cancel_title
from portal.smtp import service as smtp
from portal.smtp.models import SmtpAccount
from tests.factories import create_client, create_contract, create_user
from tests.support.sending import attempts, due_again, messages, queue, quota_used
from tests.support.smtp_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("session")
LOCKED_SECONDS = 6


@contextmanager
def during(
    monkeypatch: pytest.MonkeyPatch, number: int, do: Callable[[], object]
) -> Iterator[None]:
    """Do something just before the body of the `number`-th message leaves."""
    real, seen = claims.hand_over, 0

    def hand_over(*args: object, **kwargs: object) -> bool:
        nonlocal seen
        seen += 1
        if seen == number:
            do()
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(claims, "hand_over", hand_over)
        yield


def states() -> list[State]:
    return [item.state for item in messages()]


def test_a_changed_account_is_obeyed_by_the_next_message(monkeypatch):
    with ScriptedServer() as first, ScriptedServer() as second:
        account = queue(first, count=3)
        actor = create_user()

        def move() -> None:
            values = {"port": second.port, "subject": "Agora #cliente_nome#"}
            smtp.change(account.id, values, account.version, actor, clock.now())

        with during(monkeypatch, 1, move):
            assert sender.drain(account.id) == 3
        assert (first.acceptances.total(), second.acceptances.total()) == (1, 2)
        assert b"Subject: Seu boleto" in first.accepted[0].data
        assert all(b"Agora" in item.data for item in second.accepted)


def test_a_paused_account_sends_what_is_in_flight_and_no_more(monkeypatch):
    with ScriptedServer() as server:
        account = queue(server, count=3)
        actor = create_user()

        def pause() -> None:
            smtp.pause(account.id, "Manutenção", actor, clock.now())

        with during(monkeypatch, 2, pause):
            sender.drain(account.id)
        assert states() == [State.SENT, State.SENT, State.QUEUED]
        smtp.resume(account.id, actor, clock.now())
        sender.drain(account.id)
        assert set(server.acceptances.values()) == {1}
    assert states() == [State.SENT] * 3


def test_lowered_limits_are_obeyed_by_the_next_message(monkeypatch):
    with ScriptedServer() as server:
        account = queue(server, count=4)
        actor = create_user()

        def lower() -> None:
            smtp.change(account.id, {"hourly_limit": 2}, account.version, actor, clock.now())

        with during(monkeypatch, 1, lower):
            sender.drain(account.id)
        assert server.acceptances.total() == 2
    assert states() == [State.SENT] * 2 + [State.QUEUED] * 2


@pytest.mark.parametrize("move", ["hold", "cancel"])
def test_a_batch_held_or_cancelled_ends_what_is_in_flight_only(monkeypatch, move: str):
    change = {"hold": service.hold_run, "cancel": service.cancel_run}[move]
    with ScriptedServer() as server:
        account = queue(server, count=4)
        actor = create_user()
        run = messages()[0].generation_id
        with during(monkeypatch, 2, lambda: change(run, actor, clock.now())):
            sender.drain(account.id)
        assert server.acceptances.total() == 2
        reconcile(clock.now() + timedelta(minutes=5))
        sender.drain(account.id)
        assert server.acceptances.total() == 2
        service.release_run(run, actor, clock.now())
        sender.drain(account.id)
        assert set(server.acceptances.values()) == {1}
    rest = State.SENT if move == "hold" else State.CANCELLED
    assert states() == [State.SENT, State.SENT, rest, rest]


@pytest.mark.parametrize("how", ["raises", "hangs"])
def test_a_boleto_that_cannot_be_drawn_fails_alone_and_never_leaves(monkeypatch, how: str):
    real = content.render_pdf

    def draw(slips):
        if slips[0].pagador.name.endswith("(ruim)"):
            if how == "raises":
                raise content.RenderFailed("O boleto não pôde ser desenhado. Confira o logotipo.")
            time.sleep(60)
        return real(slips)

    monkeypatch.setattr(content, "render_pdf", draw)
    monkeypatch.setattr(sender, "COMPOSE_SECONDS", 0.5)
    with ScriptedServer() as server:
        create_contract(client=create_client(name="Ana (ruim)", emails="ruim@example.com"))
        account = queue(server, count=2)
        assert sender.drain(account.id) == 3
        assert server.recipients.keys() == {"c0@example.com", "c1@example.com"}
        assert all(b"application/pdf" in item.data for item in server.accepted)
    bad = next(item for item in messages() if item.recipient == "ruim@example.com")
    assert (bad.state, bad.cause) == (State.FAILED, "content")
    assert ("desenhado" if how == "raises" else "segundos") in bad.reason
    assert quota_used() == 2


def test_a_message_that_kills_its_sender_each_time_ends_as_failed():
    with ScriptedServer() as server:
        account = queue(server)
        for _ in range(backoff.MAX_TRIES):
            assert claims.claim_next(account.id, clock.now()) is not None  # and its process dies
            reconcile(clock.now() + timedelta(minutes=10))
            due_again()
        assert claims.claim_next(account.id, clock.now()) is None
    (message,) = messages()
    assert message.state == State.FAILED
    assert f"{backoff.MAX_TRIES} tentativas" in message.reason
    assert len(attempts()) == backoff.MAX_TRIES


def test_a_boleto_cancelled_after_queuing_is_skipped_with_its_reason():
    with ScriptedServer() as server:
        account = queue(server, count=3)
        first, second, _ = messages()
        cancel_title(first.receivables[0].id, create_user(), clock.now())
        second.receivables[0].status = ReceivableStatus.PAID
        db.session.commit()
        sender.drain(account.id)
        assert server.acceptances.total() == 1
    assert [item.reason for item in messages()[:2]] == ["boleto cancelado", "boleto pago"]
    assert states() == [State.SKIPPED, State.SKIPPED, State.SENT]


def test_clients_that_cannot_be_reached_are_counted_by_their_reason():
    with ScriptedServer() as server:
        for changes in (
            {"emails": "", "email_status": "missing"},
            {"emails": "", "email_status": "invalid"},
        ):
            create_contract(client=create_client(**changes))
        account = queue(server, count=1)
        sender.drain(account.id)
        assert server.acceptances.total() == 1
    (made,) = db.session.scalars(select(Generation)).all()
    assert made.receivables == 3
    assert made.not_sent == {"client_email": 2}


def test_a_database_locked_for_six_seconds_is_waited_for():
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL locks rows, not the database")
    lock = (
        "import sqlite3, sys, time\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('BEGIN IMMEDIATE'); print('locked', flush=True)\n"
        f"time.sleep({LOCKED_SECONDS}); c.execute('ROLLBACK')\n"
    )
    with ScriptedServer() as server:
        account_id = queue(server, count=2).id
        db.session.rollback()
        path = str(db.engine.url.database)
        other = subprocess.Popen(
            [sys.executable, "-c", lock, path], stdout=subprocess.PIPE, text=True
        )
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        started = time.monotonic()
        assert sender.drain(account_id) == 2
        assert time.monotonic() - started > LOCKED_SECONDS / 2
        assert other.wait(10) == 0
        other.stdout.close()
        assert set(server.acceptances.values()) == {1}
    assert states() == [State.SENT] * 2


def test_an_acceptance_is_written_down_although_the_database_was_away(monkeypatch):
    real, failures = claims.settle, 2

    def settle(*args: object, **values: object) -> bool:
        nonlocal failures
        if failures and values.get("state") == State.SENT:
            failures -= 1
            raise OperationalError("UPDATE", {}, sqlite3.OperationalError("server closed"))
        return real(*args, **values)

    monkeypatch.setattr(claims, "settle", settle)
    monkeypatch.setattr(endings, "PATIENCE", (0.01, 0.01))
    with ScriptedServer() as server:
        account = queue(server)
        sender.drain(account.id)
        assert server.acceptances.total() == 1
    assert states() == [State.SENT]
    assert [item.outcome for item in attempts()] == ["accepted"]


def test_a_database_that_goes_away_fails_no_message(monkeypatch):
    with ScriptedServer() as server:
        account = queue(server)

        def away(*_args: object) -> None:
            raise OperationalError("SELECT", {}, sqlite3.OperationalError("server closed"))

        with monkeypatch.context() as patch:
            patch.setattr(content, "load", away)
            with pytest.raises(OperationalError):
                sender.drain(account.id)
        db.session.rollback()
        reconcile(clock.now() + timedelta(minutes=10))
        due_again()
        sender.drain(account.id)
        assert server.acceptances.total() == 1
    assert states() == [State.SENT]


def test_ten_an_hour_and_25_a_day_hold_over_every_hour_of_two_days():
    with ScriptedServer() as server:
        account = queue(server, count=40, hourly_limit=10, daily_limit=25)
        pace = []
        for _ in range(27):
            sender.drain(account.id)
            pace.append(server.acceptances.total())
            an_hour_passes()
        assert pace[:3] == [10, 20, 25]
        assert pace[3:24] == [25] * 21
        assert pace[24:] == [35, 40, 40]
        assert set(server.acceptances.values()) == {1}


def an_hour_passes() -> None:
    """Move the past back by an hour, and a little more than the strict edge of the window."""
    for use in db.session.scalars(select(QuotaUse)):
        use.used_at -= timedelta(seconds=3601)
    db.session.commit()
    db.session.execute(
        update(EmailMessage)
        .where(EmailMessage.state == State.QUEUED)
        .values(next_attempt_at=clock.now())
    )
    db.session.execute(update(SmtpAccount).values(hold_until=None))
    db.session.commit()
