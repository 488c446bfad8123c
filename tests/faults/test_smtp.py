"""FAULTS 14-17 and 26: a mail server that refuses, hangs, drops or babbles, at every stage."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from portal.core import clock
from portal.core.db import db
from portal.deliveries import backoff, sender
from portal.deliveries.reconcile import reconcile
from portal.deliveries.states import State
from portal.smtp import accounts
from portal.smtp import service as smtp
from portal.smtp.models import AccountState, Security, SmtpAccount
from portal.smtp.server import SmtpServer, Timeouts
from tests.factories import create_user
from tests.support.certificates import make_certificates
from tests.support.sending import attempts, due_again, messages, queue, quota_used, set_password
from tests.support.smtp_server import Fault, ScriptedServer

pytestmark = pytest.mark.usefixtures("session")
SHORT = Timeouts(dns=1, connect=1, reply=0.3, body=1, accept=0.3)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step of SMTP may take a moment only."""
    real: Callable[..., SmtpServer] = accounts.server_of
    monkeypatch.setattr(accounts, "server_of", lambda *args: replace(real(*args), timeouts=SHORT))


def sent_once(server: ScriptedServer) -> bool:
    return set(server.acceptances.values()) == {1}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("fault", "security"),
    [
        (Fault("connect", do="drop"), Security.NONE),
        (Fault("connect", do="hang"), Security.NONE),
        (Fault("greeting", text="421 4.3.2 busy"), Security.NONE),
        (Fault("greeting", do="garbage", text="\x00\xff\r\n"), Security.NONE),
        (Fault("ehlo", do="hang"), Security.NONE),
        (Fault("tls", do="hang"), Security.STARTTLS),
        (Fault("tls", do="drop"), Security.STARTTLS),
    ],
)
def test_a_connection_that_cannot_be_had_lets_the_account_rest(
    fault: Fault, security: Security, tmp_path: Path
):
    good = make_certificates(tmp_path).good
    files = (good.cert, good.key)
    tls = "starttls" if security is Security.STARTTLS else "none"
    with ScriptedServer(fault, tls=tls, certificate=files) as server:
        account = queue(server, count=2, security=security)
        assert sender.drain(account.id) == 1
        assert sender.drain(account.id) == 0
    db.session.refresh(account)
    assert account.state == AccountState.ACTIVE
    assert account.hold_until > clock.now()
    assert {item.state for item in messages()} == {State.QUEUED}
    assert [item.outcome for item in attempts()] == ["temporary"]
    assert quota_used() == 0


@pytest.mark.parametrize("offers_tls", [True, False])
def test_tls_that_cannot_be_trusted_or_had_pauses_the_account(offers_tls: bool, tmp_path: Path):
    unknown = make_certificates(tmp_path).self_signed
    tls = "starttls" if offers_tls else "none"
    with ScriptedServer(tls=tls, certificate=(unknown.cert, unknown.key)) as server:
        account = queue(server, count=2, security=Security.STARTTLS)
        sender.drain(account.id)
        sender.drain(account.id)
        assert not any(line.startswith("MAIL") for line in server.commands)
    db.session.refresh(account)
    assert account.state == AccountState.PAUSED
    assert len(attempts()) == 1
    assert {item.state for item in messages()} == {State.QUEUED}


@pytest.mark.parametrize("code", [421, 450, 451, 452, 454])
@pytest.mark.parametrize("at", ["mail", "rcpt", "data"])
def test_a_temporary_refusal_waits_longer_each_time(at: str, code: int):
    with ScriptedServer(Fault(at, text=f"{code} 4.3.0 try again later", times=2)) as server:
        account = queue(server)
        waits = []
        for _ in range(2):
            sender.drain(account.id)
            (message,) = messages()
            assert message.state == State.QUEUED
            assert db.session.get(SmtpAccount, account.id).state == AccountState.ACTIVE
            waits.append(message.next_attempt_at - clock.now())
            due_again()
        assert timedelta(0) < waits[0] < waits[1]
        sender.drain(account.id)
        assert sent_once(server)
    assert [item.outcome for item in attempts()] == ["temporary", "temporary", "accepted"]


@pytest.mark.parametrize("at", ["mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize(
    "text",
    [
        "550 5.4.5 Daily user sending limit exceeded",
        "452 4.5.3 Domain example.com has exceeded the max emails per hour (10/10) allowed",
    ],
)
def test_a_used_up_quota_stops_the_account_and_keeps_the_queue(at: str, text: str):
    with ScriptedServer(Fault(at, text=text)) as server:
        account = queue(server, count=3)
        assert sender.drain(account.id) == 1
        assert sender.drain(account.id) == 0
        assert server.acceptances.total() == 0
    assert {item.state for item in messages()} == {State.QUEUED}
    db.session.refresh(account)
    rests = account.hold_until is not None and account.hold_until > clock.now()
    assert rests or account.state == AccountState.PAUSED


@pytest.mark.parametrize("at", ["rcpt", "data", "dot"])
def test_a_permanent_refusal_concerns_that_recipient_alone(at: str):
    refusal = Fault(at, text="554 5.1.1 no such user", recipient="^c0@")
    with ScriptedServer(refusal) as server:
        account = queue(server, count=2)
        sender.drain(account.id)
        assert sent_once(server)
    assert [item.state for item in messages()] == [State.FAILED, State.SENT]
    assert len(attempts()) == 2


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("at", ["dot", "accepted"])
def test_a_server_that_hangs_after_the_body_leaves_it_uncertain_and_frees_the_slot(at: str):
    with ScriptedServer(Fault(at, do="hang", message=1)) as server:
        account = queue(server, count=2, max_connections=1)
        assert sender.drain(account.id) == 2
        assert server.recipients["c1@example.com"] == 1
        assert server.connections == 2
    assert [item.state for item in messages()] == [State.UNCERTAIN, State.SENT]
    due_again()
    reconcile(clock.now() + timedelta(hours=1))
    assert messages()[0].state == State.UNCERTAIN


def test_a_421_at_every_third_message_only_delays():
    with ScriptedServer(Fault("mail", text="421 4.7.0 too many messages", every=3)) as server:
        account = queue(server, count=9)
        for _ in range(backoff.MAX_TRIES):
            sender.drain(account.id)
            due_again()
        assert server.acceptances.total() == 9
        assert sent_once(server)
    assert {item.state for item in messages()} == {State.SENT}


def test_a_password_refused_in_the_middle_pauses_once_until_a_person_resumes():
    users = {"u@example.com": "right"}
    hang_up = Fault("replied", do="drop", message=2)  # so that the third needs a new login
    with ScriptedServer(hang_up, users=users) as server:
        account = queue(
            server, count=5, requires_auth=True, username="u@example.com", password="right"
        )
        server.faults.append(Fault("auth", text="535 5.7.8 no longer", connection=2))
        sender.drain(account.id)
        sender.drain(account.id)
        states = sorted(item.state for item in messages())
        assert states == [State.QUEUED] * 3 + [State.SENT] * 2
        db.session.refresh(account)
        assert account.state == AccountState.PAUSED
        assert [item.outcome for item in attempts()] == ["accepted", "accepted", "account"]
        set_password(account, "right")
        smtp.resume(account.id, create_user(), clock.now())
        sender.drain(account.id)
        assert server.acceptances.total() == 5
        assert sent_once(server)
    assert {item.state for item in messages()} == {State.SENT}


def test_a_message_that_always_fails_ends_and_the_queue_moves():
    with ScriptedServer(Fault("data", text="451 4.3.0 no", recipient="^c0@")) as server:
        account = queue(server, count=3)
        for _ in range(backoff.MAX_TRIES + 2):
            sender.drain(account.id)
            due_again()
        assert server.acceptances.total() == 2
    first, *others = messages()
    assert (first.state, first.attempts) == (State.FAILED, backoff.MAX_TRIES)
    assert {item.state for item in others} == {State.SENT}
