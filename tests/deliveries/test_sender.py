"""One message to its end, against a real server that misbehaves on request."""

import email
from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.core import clock
from portal.core.crypto import KeyRing, new_key
from portal.core.db import db
from portal.deliveries import backoff, claims, endings, sender, tries
from portal.deliveries.content import attachments_of
from portal.deliveries.models import QuotaUse
from portal.deliveries.reconcile import reconcile
from portal.deliveries.states import State
from portal.receivables.models import ReceivableStatus
from portal.receivables.slips import slips_of
from portal.smtp.models import AccountState, SmtpAccount
from tests.support.sending import attempts, due_again, messages, queue, quota_used
from tests.support.smtp_server import Fault, ScriptedServer

pytestmark = pytest.mark.usefixtures("session")


def test_an_accepted_message_is_sent_with_its_pdf_and_the_servers_reply():
    with ScriptedServer() as server:
        account = queue(server)
        assert sender.drain(account.id) == 1
        (accepted,) = server.accepted
    (message,) = messages()
    assert message.state == State.SENT
    assert message.reply.startswith("250")
    assert message.accepted_at is not None
    assert (message.claim, message.lease_until) == (None, None)
    parsed = email.message_from_bytes(accepted.data)
    assert parsed["Message-ID"] == message.message_id
    assert parsed["To"] == "c0@example.com"
    (pdf,) = [part for part in parsed.walk() if part.get_content_type() == "application/pdf"]
    assert pdf.get_payload(decode=True)[:5] == b"%PDF-"
    assert message.subject == parsed["Subject"]
    assert len(message.pdf_sha256) == 64
    (attempt,) = attempts()
    assert (attempt.outcome, attempt.stage, attempt.code) == ("accepted", "accepted", 250)


def test_many_messages_share_one_connection():
    with ScriptedServer() as server:
        account = queue(server, count=5)
        assert sender.drain(account.id) == 5
        assert server.connections == 1
    assert {item.state for item in messages()} == {State.SENT}


@pytest.mark.parametrize(
    ("fault", "state", "outcome"),
    [
        (Fault("mail", text="451 4.3.0 try later"), State.QUEUED, "temporary"),
        (Fault("rcpt", text="450 4.2.1 mailbox busy"), State.QUEUED, "temporary"),
        (Fault("rcpt", text="550 5.1.1 no such user"), State.FAILED, "permanent"),
        (Fault("data", text="452 4.3.1 no space"), State.QUEUED, "temporary"),
        (Fault("dot", text="554 5.6.0 refused content"), State.FAILED, "permanent"),
        (Fault("body", do="drop"), State.QUEUED, "temporary"),
        (Fault("dot", do="drop"), State.UNCERTAIN, "uncertain"),
        (Fault("accepted", do="drop"), State.UNCERTAIN, "uncertain"),
        (Fault("accepted", do="garbage", text="\x00\xffwhat\r\n"), State.UNCERTAIN, "uncertain"),
        (Fault("replied", do="drop"), State.SENT, "accepted"),
        (Fault("quit", do="drop"), State.SENT, "accepted"),
    ],
)
def test_each_failure_ends_in_the_state_of_its_class(fault, state, outcome):
    with ScriptedServer(fault) as server:
        account = queue(server)
        sender.drain(account.id)
    (message,) = messages()
    assert message.state == state
    assert attempts()[0].outcome == outcome
    assert message.reason or state == State.SENT


def test_an_uncertain_message_is_never_sent_again_by_itself():
    with ScriptedServer(Fault("accepted", do="drop", times=1)) as server:
        account = queue(server)
        sender.drain(account.id)
        due_again()
        reconcile(clock.now() + timedelta(days=1))
        sender.drain(account.id)
        assert server.acceptances.total() == 1
    assert messages()[0].state == State.UNCERTAIN


def test_a_wrong_password_pauses_the_account_once_and_keeps_the_queue():
    with ScriptedServer(users={"u@example.com": "right"}) as server:
        account = queue(
            server, count=3, requires_auth=True, username="u@example.com", password="wrong"
        )
        sender.drain(account.id)
        sender.drain(account.id)
    assert {item.state for item in messages()} == {State.QUEUED}
    row = db.session.get(SmtpAccount, account.id)
    assert row.state == AccountState.PAUSED
    assert "senha" in row.pause_reason.lower()
    assert len(attempts()) == 1
    assert quota_used() == 0


def test_a_server_that_is_down_lets_the_account_rest_and_loses_nothing():
    with ScriptedServer() as server:
        account = queue(server, count=2)
    sender.drain(account.id)
    row = db.session.get(SmtpAccount, account.id)
    assert row.state == AccountState.ACTIVE
    assert row.hold_until > clock.now()
    assert sender.drain(account.id) == 0
    assert {item.state for item in messages()} == {State.QUEUED}
    assert quota_used() == 0


def test_temporary_failures_end_after_the_last_try_and_the_queue_moves():
    with ScriptedServer(Fault("rcpt", text="450 4.2.0 busy", recipient="^c0@")) as server:
        account = queue(server, count=2)
        for _ in range(12):
            sender.drain(account.id)
            due_again()
    first, second = messages()
    assert (first.state, second.state) == (State.FAILED, State.SENT)
    assert first.attempts == 8
    assert "8 tentativas" in first.reason


def test_a_paid_title_is_skipped_and_says_why():
    with ScriptedServer() as server:
        account = queue(server)
        messages()[0].receivables[0].status = ReceivableStatus.PAID
        db.session.commit()
        sender.drain(account.id)
        assert server.acceptances.total() == 0
    assert (messages()[0].state, messages()[0].reason) == (State.SKIPPED, "boleto pago")
    assert quota_used() == 0


def test_limits_hold_and_the_rest_waits():
    with ScriptedServer() as server:
        account = queue(server, count=5, hourly_limit=3, daily_limit=4)
        sender.drain(account.id)
        assert server.acceptances.total() == 3
        db.session.execute(update(QuotaUse).values(used_at=clock.now() - timedelta(seconds=3601)))
        db.session.commit()
        sender.drain(account.id)
        assert server.acceptances.total() == 4
    assert sorted(item.state for item in messages()) == [State.QUEUED] + [State.SENT] * 4


def test_a_lower_limit_is_obeyed_by_the_next_message():
    with ScriptedServer() as server:
        account = queue(server, count=3)
        assert claims.claim_next(account.id, clock.now()) is not None
        account.hourly_limit = 1
        db.session.commit()
        assert claims.claim_next(account.id, clock.now()) is None


def test_a_message_without_boleto_never_leaves():
    with ScriptedServer() as server:
        account = queue(server)
        title = messages()[0].receivables[0]
        title.codigo_barras = ""
        db.session.commit()
        sender.drain(account.id)
        assert server.acceptances.total() == 0
    assert messages()[0].state == State.FAILED
    assert "Não há boleto" in messages()[0].reason


def test_a_lost_lease_stops_before_the_body(monkeypatch):
    with ScriptedServer() as server:
        account = queue(server)
        monkeypatch.setattr(claims, "hand_over", lambda *args, **kwargs: False)
        monkeypatch.setattr(sender, "BUDGET", 0.1)
        claim = claims.claim_next(account.id, clock.now())
        with sender.Line(account.id) as line:
            sender.send_claimed(claim, line)
        assert server.acceptances.total() == 0
    assert messages()[0].state == State.SENDING


def test_a_slow_server_does_not_cost_the_lease(monkeypatch):
    monkeypatch.setattr(endings, "RENEW_AFTER", 0)
    with ScriptedServer() as server:
        account = queue(server)
        claim = claims.claim_next(account.id, clock.now())
        assert claim
        with sender.Line(account.id) as line:
            keep, before_body = claims.keep, []
            ended = claim.claimed_at + claims.LEASE + timedelta(microseconds=1)

            def kept(claim, now):
                won = keep(claim, now)  # without it, the lease would have ended since the claim
                before_body.append(reconcile(ended).freed)
                return won

            monkeypatch.setattr(claims, "keep", kept)
            sender.send_claimed(claim, line)
        assert server.acceptances.total() == 1
    assert len(before_body) > 5  # at every stage up to the body
    assert sum(before_body) == 0
    assert messages()[0].state == State.SENT


def test_a_lease_lost_between_two_stages_stops_the_try(monkeypatch):
    monkeypatch.setattr(endings, "RENEW_AFTER", 0)
    monkeypatch.setattr(claims, "keep", lambda *_args: False)
    with ScriptedServer() as server:
        account = queue(server)
        assert sender.drain(account.id, budget=0.2) >= 1
        assert server.acceptances.total() == 0
    assert messages()[0].state == State.SENDING


def test_tries_that_reached_no_server_are_not_the_messages_own():
    with ScriptedServer(Fault("rcpt", text="450 4.2.1 busy")) as server:
        account = queue(server)
        (message,) = messages()
        for number in range(1, 20):
            tries.note(message.id, number, clock.now(), "temporary", "connect")
        message.attempts = 19
        db.session.commit()
        sender.drain(account.id)
        assert messages()[0].state == State.QUEUED
        last = 20 + backoff.MAX_TRIES - 2
        for number in range(21, last + 1):
            tries.note(message.id, number, clock.now(), "temporary", "rcpt")
        messages()[0].attempts = last
        db.session.commit()
        due_again()
        sender.drain(account.id)
    assert messages()[0].state == State.FAILED
    assert f"depois de {backoff.MAX_TRIES} tentativas" in messages()[0].reason


def test_a_dead_sender_before_the_body_is_freed_and_after_it_uncertain():
    with ScriptedServer() as server:
        account = queue(server, count=2)
        early = claims.claim_next(account.id, clock.now())
        late = claims.claim_next(account.id, clock.now())
        claims.hand_over(late, clock.now())
        report = reconcile(clock.now() + timedelta(seconds=600))
    assert (report.freed, report.uncertain) == (1, 1)
    states = {item.id: item.state for item in messages()}
    assert states == {early.message_id: State.QUEUED, late.message_id: State.UNCERTAIN}


def test_no_more_messages_are_claimed_than_the_account_has_connections():
    with ScriptedServer() as server:
        account = queue(server, count=3, max_connections=2)
        taken = [claims.claim_next(account.id, clock.now()) for _ in range(3)]
    assert [item is not None for item in taken] == [True, True, False]


def test_old_automatic_messages_expire_instead_of_leaving_late():
    with ScriptedServer() as server:
        account = queue(server)
        reconcile(clock.now() + timedelta(days=90))
        sender.drain(account.id)
        assert server.acceptances.total() == 0
    assert messages()[0].state == State.EXPIRED


def test_an_unreadable_password_pauses_the_account_and_keeps_the_queue():
    with ScriptedServer(users={"u@example.com": "right"}) as server:
        account = queue(server, count=2, requires_auth=True, username="u@example.com", password="x")
        account.password = new_ring().encrypt("x", bound_to="another row")
        db.session.commit()
        sender.drain(account.id)
        assert server.acceptances.total() == 0
    assert {item.state for item in messages()} == {State.QUEUED}
    row = db.session.get(SmtpAccount, account.id)
    assert row.state == AccountState.PAUSED
    assert "PORTAL_ENCRYPTION_KEYS" in row.pause_reason
    assert quota_used() == 0


def new_ring() -> KeyRing:
    """Keys of another installation."""
    return KeyRing.parse(new_key())


def test_a_message_that_a_person_sent_on_its_way_again_does_not_expire_at_once():
    with ScriptedServer() as server:
        account = queue(server)
        later = clock.now() + timedelta(days=90)
        reconcile(later)
        message = messages()[0]
        assert message.state == State.EXPIRED
        message.state, message.next_attempt_at = State.QUEUED, later
        db.session.commit()
        reconcile(later + timedelta(minutes=1))
        assert account.id
    assert messages()[0].state == State.QUEUED


def test_two_attachments_never_have_the_same_name():
    with ScriptedServer() as server:
        queue(server)
        (slip,) = slips_of(messages()[0].receivables)
    names = [name for name, _ in attachments_of((slip, slip, slip))]
    assert len(set(names)) == 3
