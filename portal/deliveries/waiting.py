"""A drain that a limit has stopped waits for the limit, if that takes less than a minute.

The reconciler alone would go on at its next pass, up to a minute too late: with a limit per
minute, half of the account's pace would be lost.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import current_app
from redis.exceptions import RedisError
from rq import Queue
from sqlalchemy import exists, select

from portal.core import clock
from portal.core.db import db, reading
from portal.core.queue import URGENT, connect
from portal.deliveries.claims import may_send
from portal.deliveries.models import EmailMessage
from portal.deliveries.room import opens_at
from portal.deliveries.states import State
from portal.smtp.models import SmtpAccount

log = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=60)
NAP = 0.5  # seconds between two looks at whether somebody wants the worker


def for_room(
    account_id: int, stopped_at: datetime, deadline: float, asked_to_end: Callable[[], bool]
) -> bool:
    """Wait until the limits that stopped the account at `stopped_at` open; True: try again.

    False at once when it was not a limit that stopped it, or one that opens later than in a
    minute; and as soon as another job waits for a worker (the reconciler comes back for this
    account). Ends early, with True, at `deadline` (monotonic) or when `asked_to_end`.
    No transaction is open while it waits.
    """
    opens = _opening(account_id, stopped_at)
    if opens is None or opens - stopped_at > PATIENCE:
        return False
    while (left := (opens - clock.now()).total_seconds()) > 0:
        if time.monotonic() >= deadline or asked_to_end():
            return True
        if _others_wait():
            return False
        time.sleep(min(NAP, left))
    return True


def _opening(account_id: int, now: datetime) -> datetime | None:
    with reading():
        try:
            account = db.session.get(SmtpAccount, account_id, populate_existing=True)
            if account is None or not may_send(account, now) or not _has_due(account_id, now):
                return None
            return opens_at(account, now)
        finally:
            db.session.rollback()


def _has_due(account_id: int, now: datetime) -> bool:
    due = exists().where(
        EmailMessage.smtp_account_id == account_id,
        EmailMessage.state == State.QUEUED,
        EmailMessage.next_attempt_at <= now,
    )
    return bool(db.session.scalar(select(due)))


def _others_wait() -> bool:
    """Whether a job waits for a worker; without Redis there are no jobs."""
    try:
        connection = connect(current_app.config["REDIS_URL"])
        try:
            return bool(Queue(URGENT, connection=connection, serializer="json").count)
        finally:
            connection.close()
    except (RedisError, OSError):
        return False
