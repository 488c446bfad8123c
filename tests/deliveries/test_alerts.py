"""One e-mail to the administrators when an account is paused by the portal, and never a loop."""

import email
from datetime import timedelta
from email import policy

import pytest
from sqlalchemy import func, select

from portal.core import audit, clock
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.deliveries import alerts, claims, endings, rests, sender
from portal.deliveries import queries as deliveries
from portal.deliveries.models import QuotaUse
from portal.smtp.models import AccountState, SmtpAccount
from tests.factories import create_account, create_message, create_user
from tests.receivables.making import create_boleto
from tests.support.smtp_server import Fault, ScriptedServer

pytestmark = pytest.mark.usefixtures("session")
REASON = "Usuário ou senha recusados pelo servidor. Digite a senha de novo."


def pause_by_itself(**values: object) -> SmtpAccount:
    """An account as the sender leaves it after a refused login, with two messages that wait."""
    account = create_account(name="Financeiro", **values)
    for _ in range(2):
        create_message(smtp_account=account)
    rests.pause(account.id, REASON, clock.now())
    db.session.commit()
    return account


def trail() -> list[str]:
    query = select(AuditEvent.summary).where(AuditEvent.action == alerts.ACTION)
    return list(db.session.scalars(query.order_by(AuditEvent.id)))


def used(account: SmtpAccount) -> int:
    query = select(func.count()).where(QuotaUse.smtp_account_id == account.id)
    return db.session.scalar(query) or 0


def told(server: ScriptedServer) -> str:
    """The text of the first alert that arrived."""
    message = email.message_from_bytes(server.accepted[0].data, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_every_administrator_is_told_once_through_another_account():
    create_user(email="ana@example.com")
    create_user(email="rui@example.com")
    create_user(email="carla@example.com", role="consulta")
    create_user(email="ido@example.com", active=False)
    with ScriptedServer() as server:
        other = create_account(name="Reserva", port=server.port)
        account = pause_by_itself()
        assert alerts.alert(account.id, clock.now()) is True
        assert alerts.alert(account.id, clock.now()) is False
        assert sorted(server.recipients) == ["ana@example.com", "rui@example.com"]
        text = told(server)
    assert "pausou a conta de envio “Financeiro”" in text
    assert REASON in text
    assert "2 e-mails esperam na fila" in text
    assert "Configurações > Integrações > E-mail SMTP > Financeiro" in text
    assert used(other) == 2
    assert "enviado pela conta “Reserva” a ana@example.com, rui@example.com" in trail()[-1]


def test_a_slow_alert_counts_from_the_servers_answer(monkeypatch):
    create_user()
    now = clock.now()
    answered = now + timedelta(minutes=4)
    deliver = alerts._deliver

    def slowly(*facts):
        assert db.session.scalars(select(QuotaUse.used_at)).all() == [now + claims.LATEST]
        db.session.rollback()
        monkeypatch.setattr(clock, "now", lambda: answered)
        return deliver(*facts)

    monkeypatch.setattr(alerts, "_deliver", slowly)
    with ScriptedServer() as server:
        create_account(port=server.port)
        account = pause_by_itself()
        monkeypatch.setattr(clock, "now", lambda: now)
        assert alerts.alert(account.id, now) is True
    assert db.session.scalars(select(QuotaUse.used_at)).all() == [answered]


def test_the_alert_is_no_message_of_the_outbox():
    create_user()
    with ScriptedServer() as server:
        create_account(port=server.port)
        account = pause_by_itself()
        before = deliveries.counts()
        alerts.alert(account.id, clock.now())
    assert deliveries.counts() == before


def test_a_pause_by_a_person_sends_no_alert():
    create_user()
    with ScriptedServer() as server:
        create_account(port=server.port)
        account = create_account(state=AccountState.PAUSED, paused_at=clock.now())
        audit.record(
            create_user(), "smtp.pause", "smtp_account", account.id, account.paused_at, summary="x"
        )
        db.session.commit()
        assert alerts.alert(account.id, clock.now()) is False
        assert server.accepted == []
    assert alerts.wake_missing() == 0


def test_a_second_pause_is_a_second_alert():
    create_user()
    with ScriptedServer() as server:
        create_account(port=server.port)
        account = pause_by_itself()
        alerts.alert(account.id, clock.now())
        account.state = AccountState.ACTIVE
        db.session.commit()
        rests.pause(account.id, REASON, clock.now() + timedelta(seconds=1))
        db.session.commit()
        assert alerts.wake_missing() == 1
        assert alerts.alert(account.id, clock.now() + timedelta(seconds=2)) is True
        assert len(server.accepted) == 2
    assert alerts.wake_missing() == 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault("greeting", text="554 5.7.1 go away"),
        Fault("connect", "drop"),
        Fault("rcpt", text="550 5.4.5 Daily user sending limit exceeded"),
    ],
)
def test_an_alert_that_fails_pauses_nothing_and_is_not_repeated(fault: Fault):
    create_user()
    with ScriptedServer(fault) as server:
        other = create_account(port=server.port)
        account = pause_by_itself()
        assert alerts.alert(account.id, clock.now()) is False
        assert alerts.alert(account.id, clock.now()) is False
    db.session.refresh(other)
    assert (other.state, other.hold_until) == (AccountState.ACTIVE, None)
    assert "não saiu por nenhuma outra conta ativa" in trail()[-1]


def test_without_another_account_it_says_so_and_ends():
    create_user()
    account = pause_by_itself()
    create_account(state=AccountState.PAUSED)
    assert alerts.alert(account.id, clock.now()) is False
    assert "não saiu por nenhuma outra conta ativa" in trail()[-1]


def test_the_limits_of_the_other_account_hold_for_the_alert_too():
    create_user()
    create_user()
    with ScriptedServer() as server:
        full = create_account(port=server.port, hourly_limit=1)
        account = pause_by_itself()
        assert alerts.alert(account.id, clock.now()) is True
        assert len(server.accepted) == 1
    assert used(full) == 1


def test_a_refused_login_wakes_the_alert_once(monkeypatch: pytest.MonkeyPatch):
    woken: list[tuple[object, ...]] = []
    monkeypatch.setattr(endings, "wake", lambda *args: woken.append(args))
    with ScriptedServer(users={"financeiro": "certa"}) as server:
        account = create_account(port=server.port, requires_auth=True, username="financeiro")
        create_message(
            smtp_account=account, receivable=create_boleto(), next_attempt_at=clock.now()
        )
        db.session.commit()
        sender.drain(account.id)
        sender.drain(account.id)
    db.session.refresh(account)
    assert account.state == AccountState.PAUSED
    assert woken == [(alerts.ALERT, account.id)]
