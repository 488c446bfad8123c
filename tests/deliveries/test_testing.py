"""A test e-mail counts like any other: within the limits, and only if a server counted it."""

import pytest
from sqlalchemy import func, select

from portal.core import clock
from portal.core.db import db
from portal.deliveries import claims, sender, testing
from portal.deliveries.models import EmailMessage, QuotaUse
from portal.deliveries.reconcile import reconcile
from portal.deliveries.states import State
from portal.smtp.models import SmtpAccount, SmtpTest, SmtpTestState
from tests.support.sending import messages, queue
from tests.support.smtp_server import Fault, ScriptedServer

pytestmark = pytest.mark.usefixtures("session")


def run_test(account: SmtpAccount) -> SmtpTest:
    test = SmtpTest(
        account=account,
        recipient="teste@example.com",
        requested_by="Ana Souza",
        created_at=clock.now(),
    )
    db.session.add(test)
    db.session.commit()
    testing.run(test.id)
    return db.session.get_one(SmtpTest, test.id)


def uses() -> int:
    return db.session.scalar(select(func.count()).select_from(QuotaUse)) or 0


def test_a_test_that_finds_no_room_says_so_and_leaves_the_account_as_it_was():
    with ScriptedServer() as server:
        account = queue(server, hourly_limit=1, daily_limit=1)
        assert run_test(account).state == SmtpTestState.ACCEPTED
        before = account.tested_at
        second = run_test(account)
        assert server.acceptances.total() == 1
    assert second.state == SmtpTestState.FAILED
    assert "limite" in second.cause
    assert (account.tested_at, account.test_accepted) == (before, True)


def test_a_test_that_no_server_counted_gives_its_place_back():
    with ScriptedServer(Fault("greeting", text="554 no service")) as server:
        account = queue(server, hourly_limit=1)
        assert run_test(account).state == SmtpTestState.FAILED
    assert uses() == 0


def test_an_acceptance_that_comes_after_the_lease_is_told_as_sent():
    with ScriptedServer() as server:
        account = queue(server)
        claim = claims.claim_next(account.id, clock.now())
        assert claim is not None
        real = claims.hand_over

        def slow(*args: object, **sent: str) -> bool:
            won = real(*args, **sent)  # type: ignore[arg-type]
            reconcile(clock.now() + claims.HANDOVER_LEASE * 2)  # the clock thinks we died
            assert messages()[0].state == State.UNCERTAIN
            db.session.rollback()
            return won

        with pytest.MonkeyPatch.context() as patch, sender.Line(account.id) as line:
            patch.setattr(claims, "hand_over", slow)
            sender.send_claimed(claim, line)
        assert server.acceptances.total() == 1
    message = db.session.get_one(EmailMessage, claim.message_id)
    assert message.state == State.SENT
    assert message.reply.startswith("250")
