"""When each waiting message is expected to leave, as the log shows it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from portal.core.db import db
from portal.deliveries.claims import uses_of_last_day
from portal.deliveries.limits import leave_times
from portal.deliveries.models import EmailMessage
from portal.deliveries.room import limits_of
from portal.deliveries.states import State
from portal.smtp.models import AccountState, SmtpAccount


def departures(messages: Sequence[EmailMessage], now: datetime) -> dict[int, datetime]:
    """Message id → the earliest moment at which it leaves, under the limits and the queue ahead.

    Only for queued messages of active accounts: nobody knows when a paused one goes on. One query
    for the places in the queues, and one for each account among the messages.
    """
    waiting = [
        message
        for message in messages
        if message.state == State.QUEUED and message.smtp_account.state == AccountState.ACTIVE
    ]
    if not waiting:
        return {}
    places = _places(waiting)
    accounts = {message.smtp_account_id: message.smtp_account for message in waiting}
    moments = {
        account_id: _moments(account, max(places.values(), default=0), now)
        for account_id, account in accounts.items()
    }
    return {
        message.id: max(
            moments[message.smtp_account_id][places[message.id] - 1],
            message.next_attempt_at or now,
        )
        for message in waiting
        if message.id in places
    }


def _places(waiting: Sequence[EmailMessage]) -> dict[int, int]:
    """Each message's place in its account's queue, from 1."""
    place = func.row_number().over(
        partition_by=EmailMessage.smtp_account_id,
        order_by=(EmailMessage.next_attempt_at, EmailMessage.id),
    )
    queue = (
        select(EmailMessage.id, place.label("place"))
        .where(
            EmailMessage.state == State.QUEUED,
            EmailMessage.next_attempt_at.is_not(None),  # held back: not in the queue's way
            EmailMessage.smtp_account_id.in_({message.smtp_account_id for message in waiting}),
        )
        .subquery()
    )
    wanted = [message.id for message in waiting]
    rows = db.session.execute(select(queue.c.id, queue.c.place).where(queue.c.id.in_(wanted)))
    return dict(rows.all())


def _moments(account: SmtpAccount, count: int, now: datetime) -> list[datetime]:
    start = max(now, account.hold_until or now)
    return leave_times(uses_of_last_day(account.id, now), limits_of(account), count, start)
