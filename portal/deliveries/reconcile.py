"""Every minute: wake what is due, free what a dead process held. Enough by itself."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from flask import current_app
from sqlalchemy import CursorResult, delete, func, or_, select, update

from portal.core import clock
from portal.core.db import db
from portal.core.queue import DRAIN, wake
from portal.deliveries import alerts, backoff, holds, telling, tries
from portal.deliveries.claims import changed
from portal.deliveries.limits import DAY
from portal.deliveries.models import (
    EmailMessage,
    MessageReceivable,
    QuotaUse,
)
from portal.deliveries.states import Kind, State
from portal.receivables.models import Receivable
from portal.settings.models import FinancialSettings
from portal.smtp.models import SmtpAccount, SmtpTest, SmtpTestState

log = logging.getLogger(__name__)

DIED_BEFORE = "O processo de envio foi interrompido antes de entregar a mensagem; ela volta à fila."
DIED_AFTER = (
    "O processo de envio foi interrompido depois de entregar a mensagem: o servidor pode tê-la"
    " aceitado. Confira com o cliente antes de reenviar."
)
DIED_EACH_TIME = (
    "O processo de envio foi interrompido antes de entregar a mensagem. Desistimos depois de"
    " {tries} tentativas. Veja os registros do servidor e reenvie."
)
DIED = "interrupted"
TEST_GRACE = timedelta(seconds=30)
TEST_LIMIT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Report:
    """What one pass did."""

    freed: int
    uncertain: int
    expired: int
    woken: int

    def __str__(self) -> str:
        return (
            f"{self.freed} liberadas, {self.uncertain} incertas, {self.expired} expiradas, "
            f"{self.woken} contas acordadas"
        )


def reconcile(now: datetime) -> Report:
    """One pass. Safe to run at any time, by any number of processes."""
    freed, uncertain = free_expired_leases(now)
    expired = expire_old(now)
    _forget_old_quota(now)
    _wake_tests(now)
    alerts.wake_missing()
    woken = 0
    for account_id in _due_accounts(now):
        wake(DRAIN, account_id)
        woken += 1
    return Report(freed, uncertain, expired, woken)


def free_expired_leases(now: datetime) -> tuple[int, int]:
    """Messages whose sender is gone: back to the queue, or uncertain if handed over."""
    rows = db.session.execute(
        select(
            EmailMessage.id,
            EmailMessage.claim,
            EmailMessage.handed_over,
            EmailMessage.attempts,
            EmailMessage.lease_until,
        )
        .where(EmailMessage.state == State.SENDING, EmailMessage.lease_until < now)
        .order_by(EmailMessage.id)
    ).all()
    freed = uncertain = 0
    for row in rows:
        deaths = tries.count(row.id, DIED, row.attempts) + 1
        state, reason = _after_death(row.handed_over, deaths)
        won = changed(
            update(EmailMessage)
            .where(
                EmailMessage.id == row.id,
                EmailMessage.state == State.SENDING,
                EmailMessage.claim == row.claim,
                EmailMessage.handed_over == row.handed_over,
                EmailMessage.lease_until < now,  # not renewed since we looked
            )
            .values(
                state=state,
                reason=reason,
                cause=DIED,
                claim=None,
                lease_until=None,
                next_attempt_at=now if state is State.QUEUED else None,
            )
        )
        if not won:
            continue
        holds.keep_held(row.id)
        telling.tell(row.id, now)
        uncertain += row.handed_over
        freed += not row.handed_over
        tries.note(
            row.id,
            row.attempts,
            row.lease_until,
            "uncertain" if row.handed_over else DIED,
            "data" if row.handed_over else "claimed",
            cause=DIED,
        )
    db.session.commit()
    return freed, uncertain


def _after_death(handed_over: bool, deaths: int) -> tuple[State, str]:
    """What becomes of a message whose sender is gone, and why.

    One that has cost every sender its life so far must not go round for ever.
    """
    if handed_over:
        return State.UNCERTAIN, DIED_AFTER
    if deaths >= backoff.MAX_TRIES:
        return State.FAILED, DIED_EACH_TIME.format(tries=deaths)
    return State.QUEUED, DIED_BEFORE


def expire_old(now: datetime) -> int:
    """Automatic messages whose titles all fell due too long ago no longer leave.

    A title that was generated late, and a message that a person sent on its way again, have as
    many days from then on.
    """
    financial = db.session.get(FinancialSettings, 1)
    days = financial.expire_after_days if financial else 30
    last_day = clock.local_date(now, current_app.config["SETTINGS"].timezone) - timedelta(days=days)
    newest_due = (
        select(func.max(Receivable.due_date))
        .join(MessageReceivable, MessageReceivable.receivable_id == Receivable.id)
        .where(MessageReceivable.message_id == EmailMessage.id)
        .scalar_subquery()
    )
    # Locked as they are looked at: what a person sends on its way meanwhile is not expired.
    old = (
        select(EmailMessage.id)
        .where(
            EmailMessage.state == State.QUEUED,
            EmailMessage.kind == Kind.AUTOMATIC,
            newest_due < last_day,
            EmailMessage.created_at < now - timedelta(days=days),
            or_(
                EmailMessage.next_attempt_at.is_(None),
                EmailMessage.next_attempt_at < now - timedelta(days=days),
            ),
        )
        .order_by(EmailMessage.id)
        .with_for_update(of=EmailMessage)
        .correlate(None)
    )
    result = db.session.execute(
        update(EmailMessage)
        .where(EmailMessage.id.in_(old))
        .values(
            state=State.EXPIRED,
            reason=f"Não saiu até {days} dias depois do vencimento.",
            cause="expired",
            next_attempt_at=None,
        ),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()
    return cast(CursorResult[Any], result).rowcount


def _due_accounts(now: datetime) -> list[int]:
    query = (
        select(EmailMessage.smtp_account_id)
        .join(SmtpAccount, SmtpAccount.id == EmailMessage.smtp_account_id)
        .where(
            EmailMessage.state == State.QUEUED,
            EmailMessage.next_attempt_at <= now,
            SmtpAccount.state == "active",
            (SmtpAccount.hold_until.is_(None)) | (SmtpAccount.hold_until <= now),
        )
        .distinct()
    )
    found = list(db.session.scalars(query))
    db.session.rollback()
    return found


def _forget_old_quota(now: datetime) -> None:
    db.session.execute(delete(QuotaUse).where(QuotaUse.used_at < now - 2 * DAY))
    db.session.commit()


def _wake_tests(now: datetime) -> None:
    """Tests that no worker took are enqueued again; those that a dead worker held are ended."""
    waiting = db.session.scalars(
        select(SmtpTest.id).where(
            SmtpTest.state == SmtpTestState.QUEUED, SmtpTest.created_at < now - TEST_GRACE
        )
    ).all()
    db.session.execute(
        update(SmtpTest)
        .where(SmtpTest.state == SmtpTestState.RUNNING, SmtpTest.started_at < now - TEST_LIMIT)
        .values(
            state=SmtpTestState.FAILED,
            cause="O teste foi interrompido.",
            cure="Envie o teste de novo.",
            finished_at=now,
        )
    )
    db.session.commit()
    for test_id in waiting:
        wake("jobs.smtp.run_test", test_id)
