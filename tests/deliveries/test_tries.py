"""What a try counts for: against the limits while it lasts, and against the message afterwards."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from portal.core import clock
from portal.core.db import db
from portal.deliveries import claims, endings, sender, service
from portal.deliveries.forecast import forecast
from portal.deliveries.reconcile import reconcile
from portal.deliveries.states import State
from tests.factories import create_user
from tests.support.sending import attempts, due_again, messages, queue
from tests.support.smtp_server import Fault, ScriptedServer

pytestmark = pytest.mark.usefixtures("session")


def test_a_slow_try_keeps_its_place_in_the_shortest_window():
    with ScriptedServer() as server:
        account = queue(server, count=2, minute_limit=1, max_connections=2)
    begun = clock.now()
    claim = claims.claim_next(account.id, begun)
    assert claim
    for seconds in (60, 120, 180, 240):
        assert claims.keep(claim, begun + timedelta(seconds=seconds))
    assert claims.hand_over(claim, begun + timedelta(seconds=345))
    # The server may accept now, and until the end of `Timeouts.accept`.
    assert claims.claim_next(account.id, begun + timedelta(seconds=460)) is None
    claims.count(claim, begun + timedelta(seconds=400))
    db.session.commit()
    assert claims.claim_next(account.id, begun + timedelta(seconds=461)) is not None


def test_a_renewed_try_that_reached_no_server_gives_its_place_back():
    with ScriptedServer() as server:
        account = queue(server, count=2, hourly_limit=1)
    begun = clock.now()
    claim = claims.claim_next(account.id, begun)
    assert claim
    claims.keep(claim, begun + timedelta(seconds=60))
    claims.settle(claim, state=State.FAILED, next_attempt_at=None)
    claims.release_quota(claim)
    db.session.commit()
    assert claims.claim_next(account.id, begun + timedelta(seconds=61)) is not None


def test_a_try_under_way_does_not_push_the_forecast_back():
    with ScriptedServer() as server:
        account = queue(server, count=3, minute_limit=1, max_connections=2)
    now = clock.now()
    assert claims.claim_next(account.id, now)
    assert forecast(account.id, 0, now).queue_ends == now + timedelta(minutes=2)


def test_a_message_sent_on_its_way_again_has_all_its_tries_again():
    with ScriptedServer(Fault("rcpt", text="450 4.2.0 busy")) as server:
        account = queue(server)
        for resent in range(2):
            for _ in range(9):
                sender.drain(account.id)
                due_again()
            (message,) = messages()
            assert (message.state, message.attempts) == (State.FAILED, 8)
            assert "8 tentativas" in message.reason
            assert len(attempts()) == 8 * (resent + 1)
            service.resend(message.id, create_user(email=f"p{resent}@example.com"), clock.now())


def test_an_acceptance_whose_commit_was_not_answered_is_written_once(monkeypatch):
    monkeypatch.setattr(endings, "PATIENCE", (0,))
    take_next, lost = claims.take_next, []

    def answer_lost(account_id, now, room):
        following = take_next(account_id, now, room)
        if not lost:
            lost.append(following)
            db.session.commit()
            raise OperationalError("COMMIT", {}, Exception("connection lost"))
        return following

    with ScriptedServer() as server:
        account = queue(server, count=3)
        claim = claims.claim_next(account.id, clock.now())
        assert claim
        monkeypatch.setattr(claims, "take_next", answer_lost)
        with sender.Line(account.id) as line:
            sender.send_claimed(claim, line, lambda: True)
        assert [item.outcome for item in attempts()] == ["accepted"]
        assert [item.state for item in messages()] == [State.SENT, State.SENDING, State.QUEUED]
        reconcile(clock.now() + claims.LEASE * 2)  # what the lost commit had claimed
        due_again()
        sender.drain(account.id)
        assert set(server.acceptances.values()) == {1}
    assert {item.state for item in messages()} == {State.SENT}


def test_a_held_run_stays_held_when_its_account_turns_out_unusable():
    with ScriptedServer(users={"u@example.com": "right"}) as server:
        account = queue(server, count=2, requires_auth=True, username="u@example.com", password="x")
        run = messages()[0].generation_id
        claim = claims.claim_next(account.id, clock.now())
        assert claim
        service.hold_run(run, create_user(), clock.now())
        account.password = "unreadable"
        db.session.commit()
        with sender.Line(account.id) as line:
            sender.send_claimed(claim, line)
    assert [(item.state, item.cause) for item in messages()] == [(State.QUEUED, "held")] * 2
