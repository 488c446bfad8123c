"""Reads for Início: what needs a person, and today in numbers. Each one uses an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, exists, func, or_, select

from portal.contracts.models import Contract
from portal.core.db import db
from portal.deliveries.holds import HELD
from portal.deliveries.limits import DAY, HOUR
from portal.deliveries.models import EmailMessage, QuotaUse
from portal.deliveries.states import Kind, State
from portal.generation.models import Generation, GenerationState
from portal.smtp.models import AccountState, SmtpAccount

FRESH = timedelta(days=29)  # before today's midnight: the log's own period of 30 days


@dataclass(frozen=True, slots=True)
class Stopped:
    """An account that does not send: paused by someone, or resting until `until`."""

    account: SmtpAccount
    waiting: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Failures:
    """Messages of the last 30 days that failed for one cause; `reply` is the last one's."""

    cause: str
    count: int
    reply: str


@dataclass(frozen=True, slots=True)
class Held:
    """Messages that a person holds back, of one run or (None) sent by hand."""

    generation_id: int | None
    count: int
    reason: str  # "Pausado por Ana Souza."


@dataclass(frozen=True, slots=True)
class Gauge:
    """What an account sent in the last hour and day, beside its limits."""

    account: SmtpAccount
    hour: int
    day: int


@dataclass(frozen=True, slots=True)
class Today:
    """The day in numbers. `sent` and `failed` are of the e-mails asked for today."""

    titles: int
    sent: int
    failed: int
    waiting: int
    oldest: datetime | None  # since when the oldest one waits
    uncertain: int


def is_empty() -> bool:
    """Whether there is no contract yet: nothing to watch, everything to set up."""
    return not db.session.scalar(select(exists(select(Contract.id))))


def waiting() -> dict[int, tuple[int, datetime]]:
    """Account id → how many e-mails wait, and since when the oldest does."""
    rows = db.session.execute(
        select(EmailMessage.smtp_account_id, func.count(), func.min(EmailMessage.created_at))
        .where(EmailMessage.state == State.QUEUED)
        .group_by(EmailMessage.smtp_account_id)
    )
    return {account_id: (count, oldest) for account_id, count, oldest in rows}


def stopped(queues: dict[int, tuple[int, datetime]], now: datetime) -> list[Stopped]:
    """Accounts that do not send now, by name."""
    accounts = db.session.scalars(
        select(SmtpAccount)
        .where(or_(SmtpAccount.state == AccountState.PAUSED, SmtpAccount.hold_until > now))
        .order_by(SmtpAccount.name)
    )
    return [
        Stopped(
            account,
            queues[account.id][0] if account.id in queues else 0,
            account.hold_until if account.state == AccountState.ACTIVE else None,
        )
        for account in accounts
    ]


def failures(midnight: datetime) -> list[Failures]:
    """What failed in the last 30 days and nobody sent again, by cause, the most frequent first.

    `midnight` began today: the days are those that the log shows by the same period.
    """
    groups = (
        select(
            EmailMessage.cause,
            func.count().label("count"),
            func.max(EmailMessage.id).label("newest"),
        )
        .where(
            EmailMessage.state == State.FAILED,
            EmailMessage.kind != Kind.TEST,
            EmailMessage.created_at >= midnight - FRESH,
        )
        .group_by(EmailMessage.cause)
        .subquery()
    )
    rows = db.session.execute(
        select(groups.c.cause, groups.c.count, EmailMessage.reply)
        .join(EmailMessage, EmailMessage.id == groups.c.newest)
        .order_by(groups.c.count.desc(), groups.c.cause)
    )
    return [Failures(*row) for row in rows]


def held() -> list[Held]:
    """What people hold back, by run, the newest run first."""
    rows = db.session.execute(
        select(EmailMessage.generation_id, func.count(), func.max(EmailMessage.reason))
        .where(EmailMessage.state == State.QUEUED, EmailMessage.cause == HELD)
        .group_by(EmailMessage.generation_id)
        .order_by(EmailMessage.generation_id.desc())
    )
    return [Held(*row) for row in rows]


def failed_runs(now: datetime) -> Sequence[Generation]:
    """Runs of the last day that failed, newest first."""
    return db.session.scalars(
        select(Generation)
        .where(Generation.state == GenerationState.FAILED, Generation.created_at >= now - DAY)
        .order_by(Generation.created_at.desc())
    ).all()


def today(midnight: datetime, queues: dict[int, tuple[int, datetime]]) -> Today:
    """The day since `midnight`."""
    titles = db.session.scalar(
        select(func.sum(Generation.receivables)).where(Generation.created_at >= midnight)
    )
    uncertain = select(func.count()).where(EmailMessage.state == State.UNCERTAIN)
    # One pass over the day's rows: grouped by state, all of the log would be read in that order.
    sent, failed, undecided = db.session.execute(
        select(
            _count_of(State.SENT),
            _count_of(State.FAILED),
            uncertain.correlate(None).scalar_subquery(),
        ).where(EmailMessage.created_at >= midnight)
    ).one()
    return Today(
        titles=int(titles or 0),
        sent=sent,
        failed=failed,
        waiting=sum(count for count, _ in queues.values()),
        oldest=min((oldest for _, oldest in queues.values()), default=None),
        uncertain=undecided,
    )


def gauges(now: datetime) -> list[Gauge]:
    """Every active account with its use of both limits, by name."""
    accounts = db.session.scalars(
        select(SmtpAccount)
        .where(SmtpAccount.state == AccountState.ACTIVE)
        .order_by(SmtpAccount.name)
    ).all()
    in_hour = func.sum(case((QuotaUse.used_at > now - HOUR, 1), else_=0))
    rows = db.session.execute(
        select(QuotaUse.smtp_account_id, in_hour, func.count())
        .where(
            QuotaUse.smtp_account_id.in_([account.id for account in accounts]),
            QuotaUse.used_at > now - DAY,
        )
        .group_by(QuotaUse.smtp_account_id)
    )
    used = {account_id: (int(hour), day) for account_id, hour, day in rows}
    return [Gauge(account, *used.get(account.id, (0, 0))) for account in accounts]


def _count_of(state: State) -> ColumnElement[int]:
    return func.count(case((EmailMessage.state == state, 1)))
