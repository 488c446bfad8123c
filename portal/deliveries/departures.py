"""When each waiting message is expected to leave, as the log shows it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, literal, select, tuple_

from portal.core.db import db
from portal.deliveries.limits import DAY, leave_times
from portal.deliveries.models import EmailMessage, QuotaUse
from portal.deliveries.room import limits_of
from portal.deliveries.states import State
from portal.smtp.models import AccountState, SmtpAccount


def departures(messages: Sequence[EmailMessage], now: datetime) -> dict[int, datetime]:
    """Message id → the earliest moment at which it leaves, under the limits and the queue ahead.

    Only for queued messages of active accounts: nobody knows when a paused one goes on. One
    query for the places in each account's queue, and one or two for its limits.
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
    """Each message's place in its account's queue, from 1.

    Only the stretch of the queue from the first of them to the last is read; what stands before it
    is counted, from the index alone.
    """
    queues: dict[int, list[tuple[datetime, int]]] = {}
    for message in waiting:
        if message.next_attempt_at is not None:  # else held back: not in the queue's way
            key = (message.next_attempt_at, message.id)
            queues.setdefault(message.smtp_account_id, []).append(key)
    return {
        message_id: place
        for account_id, keys in queues.items()
        for message_id, place in _in_queue(account_id, keys)
    }


def _in_queue(account_id: int, keys: Sequence[tuple[datetime, int]]) -> Iterator[tuple[int, int]]:
    wanted = {message_id for _, message_id in keys}
    here = tuple_(EmailMessage.next_attempt_at, EmailMessage.id)
    first, last = (
        tuple_(literal(moment, EmailMessage.next_attempt_at.type), message_id)
        for moment, message_id in (min(keys), max(keys))
    )
    queue = (EmailMessage.smtp_account_id == account_id, EmailMessage.state == State.QUEUED)
    before_them = select(func.count()).where(*queue, here < first)
    ahead = before_them.correlate(None).scalar_subquery()
    stretch = select(EmailMessage.id, ahead).where(*queue, here >= first, here <= last)
    ordered = stretch.order_by(EmailMessage.next_attempt_at, EmailMessage.id)
    for place, (message_id, before) in enumerate(db.session.execute(ordered), 1):
        if message_id in wanted:
            yield message_id, before + place


def _moments(account: SmtpAccount, count: int, now: datetime) -> list[datetime]:
    """Only uses of windows that may fill up are read: an account may have thousands in a day."""
    limits, start = limits_of(account), max(now, account.hold_until or now)
    used = [func.count(case((QuotaUse.used_at > now - size, 1))) for size, _limit in limits.windows]
    numbers = db.session.execute(select(*used).where(*_uses(account.id, now, DAY))).one()
    tight = [
        size
        for (size, limit), number in zip(limits.windows, numbers, strict=True)
        if number + count > limit
    ]
    if not tight:
        return [start] * count
    moments = select(QuotaUse.used_at).where(*_uses(account.id, now, max(tight)))
    uses = db.session.scalars(moments.order_by(QuotaUse.used_at)).all()
    # A try under way is expected to be accepted now.
    return leave_times([min(used, now) for used in uses], limits, count, start)


def _uses(account_id: int, now: datetime, window: timedelta) -> tuple[ColumnElement[bool], ...]:
    return QuotaUse.smtp_account_id == account_id, QuotaUse.used_at > now - window
