"""What the database knows: e-mails that wait by account, and work whose process is gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select

from portal.core.db import db
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import State
from portal.generation import runner
from portal.smtp.models import AccountState, SmtpAccount


@dataclass(frozen=True, slots=True)
class AccountQueue:
    """What an account has to send: due now, later, held back by a person, and leaving now."""

    id: int
    name: str
    state: AccountState
    hold_until: datetime | None  # None when it does not rest now
    waiting: int
    due: int
    held: int
    sending: int


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Work that a process took and did not end in time; the next pass frees it."""

    messages: int
    generations: Sequence[int]

    @property
    def any(self) -> bool:
        """Whether there is some."""
        return bool(self.messages or self.generations)


def by_account(now: datetime) -> list[AccountQueue]:
    """Every account that is active or has something to send, by name."""
    queued = EmailMessage.state == State.QUEUED
    rows = db.session.execute(
        select(
            SmtpAccount.id,
            SmtpAccount.name,
            SmtpAccount.state,
            case((SmtpAccount.hold_until > now, SmtpAccount.hold_until)),
            _count(queued),
            _count(queued, EmailMessage.next_attempt_at <= now),
            _count(queued, EmailMessage.next_attempt_at.is_(None)),
            _count(EmailMessage.state == State.SENDING),
        ).order_by(SmtpAccount.name)
    )
    found = [AccountQueue(*row) for row in rows]
    return [
        item for item in found if item.waiting or item.sending or item.state == AccountState.ACTIVE
    ]


def abandoned(now: datetime) -> Abandoned:
    """What a dead process still holds."""
    messages = db.session.scalar(
        select(func.count()).where(
            EmailMessage.state == State.SENDING, EmailMessage.lease_until < now
        )
    )
    return Abandoned(messages or 0, runner.waiting(now))


def _count(*conditions: Any) -> Any:
    return (
        select(func.count())
        .where(EmailMessage.smtp_account_id == SmtpAccount.id, *conditions)
        .correlate(SmtpAccount)
        .scalar_subquery()
    )
