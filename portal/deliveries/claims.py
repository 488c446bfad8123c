"""Claiming the next message: quota, order and ownership in one short transaction."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ScalarSelect, Update, delete, func, insert, select, update
from sqlalchemy.engine import CursorResult

from portal.core.db import db
from portal.deliveries.limits import DAY, HOUR
from portal.deliveries.models import EmailMessage, QuotaUse
from portal.deliveries.states import State
from portal.smtp.models import AccountState, SmtpAccount

# Longer than connecting and announcing may take; renewed when the body is handed over.
LEASE = timedelta(seconds=120)
HANDOVER_LEASE = timedelta(seconds=300)


@dataclass(frozen=True, slots=True)
class Claim:
    """Ownership of a message until the lease ends; `token` is the fence."""

    message_id: int
    account_id: int
    token: str
    claimed_at: datetime


def claim_next(account_id: int, now: datetime) -> Claim | None:
    """The next due message of the account, reserved for the caller. Commits.

    None when nothing is due, the account rests or is paused, its limits are used up, or as many
    connections as it allows are busy.
    """
    try:
        claim = _claim(account_id, now)
    except BaseException:
        db.session.rollback()
        raise
    if claim is None:
        db.session.rollback()
    else:
        db.session.commit()
    return claim


def _claim(account_id: int, now: datetime) -> Claim | None:
    # The row lock makes the count and the reservation one step for every worker (PostgreSQL);
    # SQLite holds its only write lock since BEGIN IMMEDIATE.
    account = db.session.scalar(
        select(SmtpAccount)
        .where(SmtpAccount.id == account_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if account is None or not may_send(account, now) or not _has_room(account, now):
        return None
    message_id = db.session.scalar(
        select(EmailMessage.id)
        .where(
            EmailMessage.smtp_account_id == account_id,
            EmailMessage.state == State.QUEUED,
            EmailMessage.next_attempt_at <= now,
        )
        .order_by(EmailMessage.next_attempt_at, EmailMessage.id)
        .limit(1)
    )
    if message_id is None:
        return None
    claim = Claim(message_id, account_id, uuid.uuid4().hex, now)
    won = changed(
        update(EmailMessage)
        .where(EmailMessage.id == message_id, EmailMessage.state == State.QUEUED)
        .values(
            state=State.SENDING,
            claim=claim.token,
            lease_until=now + LEASE,
            handed_over=False,
            attempts=EmailMessage.attempts + 1,
        )
    )
    if not won:
        return None
    reserve(account_id, message_id, now)
    return claim


def reserve(account_id: int, message_id: int | None, now: datetime) -> None:
    """Count one recipient against the account's limits. The caller commits."""
    db.session.execute(
        insert(QuotaUse).values(smtp_account_id=account_id, message_id=message_id, used_at=now)
    )


def may_send(account: SmtpAccount, now: datetime) -> bool:
    """Whether the account is active and not resting."""
    resting = account.hold_until is not None and account.hold_until > now
    return account.state == AccountState.ACTIVE and not resting


def _has_room(account: SmtpAccount, now: datetime) -> bool:
    hour, day, busy = db.session.execute(
        select(
            _uses(account.id, now - HOUR),
            _uses(account.id, now - DAY),
            select(func.count())
            .where(
                EmailMessage.state == State.SENDING,
                EmailMessage.smtp_account_id == account.id,
                EmailMessage.lease_until > now,
            )
            .scalar_subquery(),
        )
    ).one()
    return bool(
        hour < account.hourly_limit and day < account.daily_limit and busy < account.max_connections
    )


def _uses(account_id: int, since: datetime) -> ScalarSelect[int]:
    return (
        select(func.count())
        .where(QuotaUse.smtp_account_id == account_id, QuotaUse.used_at > since)
        .scalar_subquery()
    )


def uses_of_last_day(account_id: int, now: datetime) -> list[datetime]:
    """Moments of the account's uses in the last 24 h, oldest first; for gauges and forecasts."""
    return list(
        db.session.scalars(
            select(QuotaUse.used_at)
            .where(QuotaUse.smtp_account_id == account_id, QuotaUse.used_at > now - DAY)
            .order_by(QuotaUse.used_at)
        )
    )


def hand_over(claim: Claim, now: datetime, **as_sent: str) -> bool:
    """Record that the body is about to leave, and what it is. Commits.

    False: the lease was lost, another worker may have the message; do not send.
    """
    won = changed(
        _owned(claim).values(handed_over=True, lease_until=now + HANDOVER_LEASE, **as_sent)
    )
    db.session.commit()
    return won


def release_quota(claim: Claim) -> None:
    """Give back the reservation of a try that no server counted. The caller commits."""
    db.session.execute(
        delete(QuotaUse).where(
            QuotaUse.message_id == claim.message_id, QuotaUse.used_at == claim.claimed_at
        )
    )


def settle(claim: Claim, **values: object) -> bool:
    """Write the end of a try if the claim still holds. The caller commits."""
    return changed(_owned(claim).values(claim=None, lease_until=None, **values))


def _owned(claim: Claim) -> Update:
    return update(EmailMessage).where(
        EmailMessage.id == claim.message_id,
        EmailMessage.state == State.SENDING,
        EmailMessage.claim == claim.token,
    )


def changed(statement: Update) -> bool:
    """Whether an UPDATE changed exactly one row."""
    result = cast(
        CursorResult[Any],
        db.session.execute(statement, execution_options={"synchronize_session": False}),
    )
    return result.rowcount == 1
