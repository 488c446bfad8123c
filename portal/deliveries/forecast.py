"""When a queue will have left, under the account's limits."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from portal.core.db import db
from portal.deliveries.claims import uses_of_last_day
from portal.deliveries.limits import HOUR, MINUTE, leave_times
from portal.deliveries.models import EmailMessage
from portal.deliveries.room import limits_of
from portal.deliveries.states import State
from portal.smtp.models import AccountState, SmtpAccount


@dataclass(frozen=True, slots=True)
class Forecast:
    """The pace of an account: what it sent, what waits, and when the last one leaves."""

    hourly: int
    daily: int
    used_hour: int
    used_day: int
    waiting: int
    queue_ends: datetime | None  # when the last one waiting leaves; None without any, or paused
    leaves: tuple[datetime, ...]  # of the new messages asked about, in order
    minute: int | None = None  # None: no limit per minute
    used_minute: int = 0

    @property
    def eta(self) -> datetime | None:
        """When the last of the new messages leaves; None without any."""
        return self.leaves[-1] if self.leaves else None


def forecast(account_id: int, new_messages: int, now: datetime) -> Forecast:
    """The pace, and the moments at which `new_messages` more would leave after the queue."""
    account = db.session.get_one(SmtpAccount, account_id)
    uses = uses_of_last_day(account_id, now)
    waiting = (
        db.session.scalar(
            select(func.count()).where(
                EmailMessage.smtp_account_id == account_id,
                EmailMessage.state == State.QUEUED,  # one being sent is counted among the uses
                # What a person holds back has no next attempt, and is not in the queue's way.
                EmailMessage.next_attempt_at.is_not(None),
            )
        )
        or 0
    )
    active = account.state == AccountState.ACTIVE  # nobody knows when a paused one goes on
    limits = limits_of(account)
    start = max(now, account.hold_until or now)  # a resting account sends nothing before
    times = leave_times(uses, limits, waiting + new_messages, start)
    return Forecast(
        hourly=limits.hourly,
        daily=limits.daily,
        used_hour=sum(used > now - HOUR for used in uses),
        used_day=len(uses),
        waiting=waiting,
        queue_ends=times[waiting - 1] if waiting and active else None,
        leaves=tuple(times[waiting:]),
        minute=limits.minute,
        used_minute=sum(used > now - MINUTE for used in uses),
    )
