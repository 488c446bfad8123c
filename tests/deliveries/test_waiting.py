"""A limit per minute: never exceeded, and gone on with as soon as it opens."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from portal.core import clock
from portal.core.db import db
from portal.deliveries import claims, sender, waiting
from portal.deliveries.forecast import forecast
from portal.deliveries.limits import MINUTE
from portal.deliveries.models import EmailMessage, QuotaUse
from portal.deliveries.room import opens_at
from portal.deliveries.states import State
from portal.smtp.models import AccountState, Security, SmtpAccount
from tests.deliveries.test_sender import queue
from tests.factories import NOON, create_account, create_message
from tests.support.smtp_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("session")


def used(account: SmtpAccount, *ages: float, now=None) -> None:
    """Uses of the account's limits, so many seconds ago."""
    now = now or clock.now()
    rows = [
        {"smtp_account_id": account.id, "used_at": now - timedelta(seconds=age)} for age in ages
    ]
    db.session.execute(insert(QuotaUse), rows)
    db.session.commit()


def never() -> bool:
    return False


def _sent() -> int:
    count = db.session.scalar(select(func.count()).where(EmailMessage.state == State.SENT))
    db.session.rollback()
    return count or 0


def test_no_more_than_the_minute_allows_are_claimed():
    with ScriptedServer() as server:
        account = queue(server, count=3, minute_limit=2, max_connections=9)
        now = clock.now()
        taken = [claims.claim_next(account.id, now) for _ in range(3)]
        assert taken[0]
        assert taken[1]
        assert taken[2] is None
        for claim in taken[:2]:
            claims.count(claim, now)
        db.session.commit()
        assert claims.claim_next(account.id, now + MINUTE - timedelta(microseconds=1)) is None
        assert claims.claim_next(account.id, now + MINUTE) is not None


def test_a_slow_acceptance_is_counted_from_its_own_moment():
    with ScriptedServer() as server:
        account = queue(server, count=3, minute_limit=1, max_connections=9)
        now = clock.now()
        claim = claims.claim_next(account.id, now)
        assert claim
        # In flight: the server may still count it at any moment.
        assert claims.claim_next(account.id, now + MINUTE) is None
        claims.count(claim, now + MINUTE)
        db.session.commit()
        assert claims.claim_next(account.id, now + 2 * MINUTE - timedelta(microseconds=1)) is None
        assert claims.claim_next(account.id, now + 2 * MINUTE) is not None


def test_a_drain_goes_on_as_soon_as_the_minute_opens(monkeypatch):
    # Once two messages have left, another job asks for the worker.
    monkeypatch.setattr(waiting, "_others_wait", lambda: _sent() == 2)
    with ScriptedServer() as server:
        account = queue(server, count=3, minute_limit=2)
        used(account, 59, 58.5)
        started = time.monotonic()
        assert sender.drain(account.id, budget=20) == 2  # the third waits for the first of these
        took = time.monotonic() - started
        assert server.acceptances.total() == 2
    assert 1 <= took < 15
    assert db.session.scalar(select(func.count()).select_from(QuotaUse)) == 4


def test_the_wait_holds_no_transaction_and_ends_when_it_is_asked_to(monkeypatch):
    with ScriptedServer() as server:
        account = queue(server, minute_limit=1)
    used(account, 1)
    looked = []

    def asked() -> bool:
        looked.append(db.session().in_transaction())
        return len(looked) == 2

    monkeypatch.setattr(waiting, "NAP", 0.01)
    assert waiting.for_room(account.id, clock.now(), time.monotonic() + 60, asked)
    assert looked == [False, False]


def test_the_wait_ends_with_the_budget():
    with ScriptedServer() as server:
        account = queue(server, minute_limit=1)
    used(account, 1)
    started = time.monotonic()
    assert waiting.for_room(account.id, clock.now(), started + 0.2, never)
    assert time.monotonic() - started < 5


def test_a_worker_that_another_job_wants_is_given_free(monkeypatch):
    with ScriptedServer() as server:
        account = queue(server, minute_limit=1)
    used(account, 1)
    monkeypatch.setattr(waiting, "_others_wait", lambda: True)
    assert not waiting.for_room(account.id, clock.now(), time.monotonic() + 60, never)


@pytest.mark.parametrize(
    "account",
    [
        {"hourly_limit": 1},  # opens in an hour, not in a minute
        {"minute_limit": None},  # nothing is full
        {"minute_limit": 1, "state": AccountState.PAUSED},
    ],
)
def test_nobody_waits_for_what_does_not_open_within_a_minute(account):
    with ScriptedServer() as server:
        row = queue(server, **account)
    used(row, 1)
    assert not waiting.for_room(row.id, clock.now(), time.monotonic() + 60, never)


def test_nobody_waits_without_a_message_that_is_due():
    with ScriptedServer() as server:
        account = queue(server, minute_limit=1)
    used(account, 1)
    later = clock.now() + timedelta(minutes=5)
    db.session.execute(update(EmailMessage).values(next_attempt_at=later))
    db.session.commit()
    assert not waiting.for_room(account.id, clock.now(), time.monotonic() + 60, never)


def test_the_latest_of_all_full_windows_is_when_there_is_room():
    account = create_account(minute_limit=2, hourly_limit=3, daily_limit=100)
    used(account, 3000, 30, 20, now=NOON)
    assert opens_at(account, NOON) == NOON + timedelta(seconds=600)
    account.hourly_limit = 4
    assert opens_at(account, NOON) == NOON + timedelta(seconds=30)
    account.minute_limit = 3
    assert opens_at(account, NOON) is None


def test_the_forecast_counts_the_minute_too():
    account = create_account(minute_limit=2, security=Security.NONE)
    used(account, 70, 10, now=NOON)
    for _ in range(3):
        create_message(smtp_account=account)
    pace = forecast(account.id, 0, NOON)
    assert (pace.minute, pace.used_minute, pace.used_hour) == (2, 1, 2)
    assert pace.queue_ends == NOON + MINUTE
