"""What the database tells about the work: facts for metrics, each by an index."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from redis import Redis
from sqlalchemy import Connection, Table, func, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.deliveries.limits import DAY, HOUR, MINUTE, Limits
from portal.deliveries.models import EmailMessage, QuotaUse
from portal.deliveries.states import State
from portal.generation.models import Generation, GenerationState
from portal.operations.running_counts import ATTEMPTS, MESSAGES, Counts, RunningCounts
from portal.smtp.models import AccountState, SmtpAccount
from portal.webhooks.models import CallState, WebhookCall

WINDOW_NAMES = {MINUTE: "minute", HOUR: "hour", DAY: "day"}
WAITING_CALLS = (CallState.QUEUED, CallState.CALLING, CallState.FAILED)
_ACCOUNTS = cast(Table, SmtpAccount.__table__)


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account, by its id: names are nobody's business here."""

    id: int
    paused: bool
    resting: bool
    quota_left: dict[str, int]  # by window
    due: int
    oldest_due_seconds: float  # 0 when nothing is due


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """Everything that a scrape shows of the database."""

    messages: dict[str, int]  # by state
    created: Counts  # by kind
    attempts: Counts  # by outcome and cause
    accounts: list[AccountFacts]
    calls: dict[str, int]  # of webhooks, by state
    runs: dict[str, int]  # generations, by state


def read(
    connection: Connection, counts: RunningCounts, redis: Redis | None, now: datetime
) -> DatabaseFacts:
    """The facts as one snapshot has them."""
    created = counts.count(connection, MESSAGES, redis)
    return DatabaseFacts(
        messages=_messages(connection, sum(created.values())),
        created=created,
        attempts=counts.count(connection, ATTEMPTS, redis),
        accounts=[_account(connection, row.id, row, now) for row in _accounts(connection)],
        calls=_by_state(connection, WebhookCall.state, WAITING_CALLS),
        runs=_by_state(connection, Generation.state, tuple(GenerationState)),
    )


def _messages(connection: Connection, total: int) -> dict[str, int]:
    """Nearly all messages were sent: those are what the others, counted by an index, leave."""
    others = tuple(state for state in State if state is not State.SENT)
    found = _by_state(connection, EmailMessage.state, others)
    return found | {State.SENT.value: max(total - sum(found.values()), 0)}


def _by_state(
    connection: Connection, column: InstrumentedAttribute[Any], states: tuple[StrEnum, ...]
) -> dict[str, int]:
    query = select(column, func.count()).where(column.in_(states)).group_by(column)
    found = {str(value): count for value, count in connection.execute(query)}
    return {state.value: found.get(state.value, 0) for state in states}


def _accounts(connection: Connection) -> Iterable[SmtpAccount]:
    names = ("id", "state", "hold_until", "minute_limit", "hourly_limit", "daily_limit")
    query = select(*(_ACCOUNTS.c[name] for name in names)).order_by(_ACCOUNTS.c.id)
    return cast("Iterable[SmtpAccount]", connection.execute(query).all())


def _account(
    connection: Connection, account_id: int, row: SmtpAccount, now: datetime
) -> AccountFacts:
    due, oldest = connection.execute(
        select(func.count(), func.min(EmailMessage.next_attempt_at)).where(
            EmailMessage.smtp_account_id == account_id,
            EmailMessage.state == State.QUEUED,
            EmailMessage.next_attempt_at <= now,
        )
    ).one()
    limits = Limits(row.hourly_limit, row.daily_limit, row.minute_limit)
    return AccountFacts(
        id=account_id,
        paused=row.state == AccountState.PAUSED,
        resting=row.hold_until is not None and row.hold_until > now,
        quota_left=_quota_left(connection, account_id, limits, now),
        due=due,
        oldest_due_seconds=(now - oldest).total_seconds() if oldest else 0.0,
    )


def _quota_left(
    connection: Connection, account_id: int, limits: Limits, now: datetime
) -> dict[str, int]:
    left = {}
    for size, limit in limits.windows:
        used = connection.scalar(
            select(func.count()).where(
                QuotaUse.smtp_account_id == account_id, QuotaUse.used_at > now - size
            )
        )
        left[WINDOW_NAMES[size]] = max(limit - (used or 0), 0)
    return left
