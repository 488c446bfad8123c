"""Enviar e-mail de teste: the same road as a boleto, with its stages shown while it drives."""

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import current_app
from sqlalchemy import delete, update

from portal.core import clock
from portal.core.crypto import SecretUnreadable
from portal.core.db import db
from portal.core.errors import NotFound
from portal.deliveries import claims
from portal.deliveries.claims import changed
from portal.deliveries.content import company_facts
from portal.deliveries.endings import COUNTED_STAGES
from portal.deliveries.line import destination_policy
from portal.deliveries.models import DeliveryAttempt, EmailMessage, QuotaUse
from portal.deliveries.room import has_room
from portal.deliveries.states import Kind, State
from portal.smtp import accounts
from portal.smtp.facts import ClientFacts, ContractFacts, MessageFacts, TitleFacts
from portal.smtp.message import Message, compose, new_message_id
from portal.smtp.models import SmtpAccount, SmtpTest, SmtpTestState
from portal.smtp.probe import ProbeResult, probe
from portal.smtp.server import SmtpServer
from portal.smtp.variables import Rendered, render

log = logging.getLogger(__name__)

NOTE = (
    "Este é um e-mail de teste do Pontual: a conta “{name}” está enviando. Abaixo, a mensagem dos"
    " boletos com dados de exemplo."
)


NO_ROOM = "Espere a janela abrir (aba Limites e ritmo) ou aumente o limite, e teste de novo."


class NoRoom(Exception):
    """The account's limits are used up: a test counts like any other message."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A started test: everything the probe needs, and the log row that it fills."""

    server: SmtpServer
    message: Message
    rendered: Rendered
    recipient: str
    message_id: int


def run(test_id: int) -> None:
    """Run the test once; a test that another process took is left alone.

    Its stages are written as they pass, so that the page shows them live.
    """
    if not _take(test_id):
        return
    try:
        ready = _prepare(test_id)
    except NoRoom:
        _refuse(test_id, "O limite de envios da conta está cheio agora.", NO_ROOM, tried=False)
        return
    except SecretUnreadable:
        _refuse(test_id, "A senha guardada não pôde ser lida.", "Digite a senha de novo e salve.")
        return
    except ValueError as error:  # an address or a message that cannot be composed
        _refuse(test_id, f"O e-mail de teste não pôde ser montado: {error}", "Corrija e repita.")
        return
    steps: list[dict[str, Any]] = []

    def on_step(step: Any) -> None:
        steps.append(step if isinstance(step, dict) else step.to_dict())
        _write_steps(test_id, steps)

    result = probe(ready.server, ready.message, ready.recipient, destination_policy(), on_step)
    _finish(test_id, ready, result)


def _take(test_id: int) -> bool:
    now = clock.now()
    taken = changed(
        update(SmtpTest)
        .where(SmtpTest.id == test_id, SmtpTest.state == SmtpTestState.QUEUED)
        .values(state=SmtpTestState.RUNNING, started_at=now)
    )
    db.session.commit()
    if not taken and db.session.get(SmtpTest, test_id) is None:
        raise NotFound(f"Teste {test_id} não existe.")
    return taken


def _prepare(test_id: int) -> Ready:
    """Compose the test message and give it a row of the log, counted against the limits."""
    test = db.session.get_one(SmtpTest, test_id)
    account = test.account
    now = clock.now()
    # Locked until the reservation is written: what fits now still fits then.
    db.session.refresh(account, with_for_update=True)
    if not has_room(account, now):
        raise NoRoom
    server = accounts.server_of(account, current_app.config["SETTINGS"].keys)
    rendered = _test_message(account, now)
    message_id = new_message_id(account.sender_address)
    message = compose(server, test.recipient, rendered, [], message_id, now)
    row = EmailMessage(
        kind=Kind.TEST,
        smtp_account_id=account.id,
        recipient=test.recipient,
        subject=rendered.subject,
        text=rendered.text,
        state=State.SENDING,
        claim=f"test-{test_id}",
        lease_until=now + timedelta(minutes=10),
        handed_over=True,  # should the process die: no one sends a test again by itself
        attempts=1,
        message_id=message_id,
        requested_by_id=test.requested_by_id,
        requested_by=test.requested_by,
        created_at=now,
    )
    db.session.add(row)
    db.session.flush()
    claims.reserve(account.id, row.id, row.lease_until or now)  # until `_finish` dates it
    ready = Ready(server, message, rendered, test.recipient, row.id)
    db.session.commit()
    return ready


def _test_message(account: SmtpAccount, now: datetime) -> Rendered:
    there = clock.local(now, current_app.config["SETTINGS"].timezone)
    note = NOTE.format(name=account.name)
    subject = f"[Teste] {account.subject}"[:200] if account.subject else "[Teste] Pontual"
    sample = render(subject, account.body or " ", _sample_facts(there.date(), there.hour))
    return Rendered(
        subject=sample.subject,
        text=f"{note}\n\n{sample.text}".strip(),
        html=f"<p>{note}</p><hr>{sample.html}",
    )


def _sample_facts(today: date, hour: int) -> MessageFacts:
    due = today + timedelta(days=10)
    title = TitleFacts(
        "1001",
        Decimal("119.90"),
        due,
        due.replace(day=1),
        "109/00001001-5",
        "34191.09008 00010.011234 41234.560005 1 12340000011990",
    )
    return MessageFacts(
        client=ClientFacts("Cliente de Exemplo", "52998224725", "Rua das Fibras, 100 - Centro"),
        company=company_facts(),
        titles=(title,),
        today=today,
        hour=hour,
        contracts=(ContractFacts("1001", "FIBRA 300M"),),
    )


def _write_steps(test_id: int, steps: list[dict[str, Any]]) -> None:
    db.session.execute(update(SmtpTest).where(SmtpTest.id == test_id).values(steps=list(steps)))
    db.session.commit()


def _finish(test_id: int, ready: Ready, result: ProbeResult) -> None:
    now = clock.now()
    test = db.session.get_one(SmtpTest, test_id)
    test.state = SmtpTestState.ACCEPTED if result.accepted else SmtpTestState.FAILED
    test.steps = [step.to_dict() for step in result.steps]
    test.cause, test.cure, test.reply = result.title, result.cure, result.reply
    test.finished_at = now
    account = test.account
    account.tested_at = now
    account.test_accepted = result.accepted
    account.tested_by = test.requested_by
    if result.accepted and account.holds:
        account.holds, account.hold_until, account.hold_reason = 0, None, ""
    row = db.session.get_one(EmailMessage, ready.message_id)
    row.state = _state_of(result)
    row.claim = row.lease_until = None
    row.reply, row.cause, row.reason = result.reply, result.cause, result.title
    row.accepted_at = now if result.accepted else None
    if result.stage in COUNTED_STAGES:  # as of the server's answer
        uses = update(QuotaUse).where(QuotaUse.message_id == row.id)
        db.session.execute(uses.values(used_at=now))
    else:
        db.session.execute(delete(QuotaUse).where(QuotaUse.message_id == row.id))
    db.session.add(
        DeliveryAttempt(
            message_id=row.id,
            number=1,
            started_at=test.started_at or now,
            stage=result.stage,
            outcome=result.outcome,
            code=result.code,
            reply=result.reply,
            cause=result.cause,
            milliseconds=sum(step.milliseconds for step in result.steps),
        )
    )
    db.session.commit()


def _state_of(result: ProbeResult) -> State:
    if result.accepted:
        return State.SENT
    return State.UNCERTAIN if result.outcome == "uncertain" else State.FAILED


def _refuse(test_id: int, cause: str, cure: str, *, tried: bool = True) -> None:
    """End a test that could not begin; `tried` False says nothing of the account."""
    db.session.rollback()
    test = db.session.get_one(SmtpTest, test_id)
    now = clock.now()
    test.state, test.cause, test.cure, test.finished_at = SmtpTestState.FAILED, cause, cure, now
    if tried:
        test.account.tested_at, test.account.test_accepted = now, False
        test.account.tested_by = test.requested_by
    db.session.commit()
