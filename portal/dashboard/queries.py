"""Reads for Início: what needs a person, and today in numbers. Each one is a range of an index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, exists, func, or_, select

from portal.contracts.models import Contract
from portal.core.db import db
from portal.deliveries.holds import HELD
from portal.deliveries.limits import DAY, HOUR, MINUTE
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
    """Messages that failed for one cause: with boletos in the last 30 days, of any kind today.

    `kind` where tests failed for it, too, and the others are all of this kind: the log then shows
    the others alone. `reply` is the last one's.
    """

    cause: str
    count: int
    today: int
    kind: Kind | None
    reply: str


@dataclass(frozen=True, slots=True)
class Held:
    """Messages that a person holds back, of one run or (None) sent by hand."""

    generation_id: int | None
    count: int
    reason: str  # "Pausado por Ana Souza."


@dataclass(frozen=True, slots=True)
class Gauge:
    """What an account sent in the last minute, hour and day, beside its limits."""

    account: SmtpAccount
    minute: int
    hour: int
    day: int


@dataclass(frozen=True, slots=True)
class Oldest:
    """The e-mail that waits longest."""

    message_id: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """A run of today and how many titles it made."""

    generation_id: int
    titles: int


def is_empty() -> bool:
    """Whether there is no contract yet: nothing to watch, everything to set up."""
    return not db.session.scalar(select(exists(select(Contract.id))))


def waiting() -> dict[int, int]:
    """Account id → how many e-mails wait; accounts for which none does are left out."""
    count = (
        select(func.count())
        .where(EmailMessage.smtp_account_id == SmtpAccount.id, EmailMessage.state == State.QUEUED)
        .correlate(SmtpAccount)
        .scalar_subquery()
    )
    rows = db.session.execute(select(SmtpAccount.id, count))
    return {account_id: number for account_id, number in rows if number}


def oldest() -> Oldest | None:
    """The e-mail that waits longest; None when none waits."""
    row = db.session.execute(
        select(EmailMessage.id, EmailMessage.created_at)
        .where(EmailMessage.state == State.QUEUED)
        .order_by(EmailMessage.created_at)
        .limit(1)
    ).first()
    return Oldest(*row) if row else None


def uncertain() -> int:
    """How many e-mails wait for a person's decision."""
    return db.session.scalar(select(func.count()).where(EmailMessage.state == State.UNCERTAIN)) or 0


def stopped(queues: Mapping[int, int], now: datetime) -> list[Stopped]:
    """Accounts that do not send now, by name."""
    accounts = db.session.scalars(
        select(SmtpAccount)
        .where(or_(SmtpAccount.state == AccountState.PAUSED, SmtpAccount.hold_until > now))
        .order_by(SmtpAccount.name)
    )
    return [
        Stopped(
            account,
            queues.get(account.id, 0),
            account.hold_until if account.state == AccountState.ACTIVE else None,
        )
        for account in accounts
    ]


def failures(midnight: datetime) -> list[Failures]:
    """What failed in the last 30 days and nobody sent again, by cause, the most frequent first.

    `midnight` began today: the days are those that the log shows by the same period.
    """
    boletos = EmailMessage.kind != Kind.TEST
    groups = (
        select(
            EmailMessage.cause,
            func.count(case((boletos, 1))).label("number"),
            func.count(case((EmailMessage.created_at >= midnight, 1))).label("today"),
            func.count(case((EmailMessage.kind == Kind.TEST, 1))).label("tests"),
            func.min(case((boletos, EmailMessage.kind))).label("lowest"),
            func.max(case((boletos, EmailMessage.kind))).label("highest"),
            func.max(case((boletos, EmailMessage.id))).label("newest"),
        )
        .where(EmailMessage.state == State.FAILED, EmailMessage.created_at >= midnight - FRESH)
        .group_by(EmailMessage.cause)
        .subquery()
    )
    rows = db.session.execute(
        select(groups, EmailMessage.reply)
        .outerjoin(EmailMessage, EmailMessage.id == groups.c.newest)
        .order_by(groups.c.number.desc(), groups.c.cause)
    )
    return [
        Failures(
            row.cause,
            row.number,
            row.today,
            row.lowest if row.tests and row.lowest == row.highest else None,
            row.reply or "",
        )
        for row in rows
    ]


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


def runs_since(midnight: datetime) -> list[Run]:
    """Runs asked for since `midnight` that made titles, newest first."""
    rows = db.session.execute(
        select(Generation.id, Generation.receivables)
        .where(
            Generation.created_at >= midnight,
            Generation.receivables > 0,
            Generation.state != GenerationState.UNDONE,
        )
        .order_by(Generation.id.desc())
    )
    return [Run(*row) for row in rows]


def gauges(now: datetime) -> list[Gauge]:
    """Every active account with its use of each limit, by name."""
    accounts = db.session.scalars(
        select(SmtpAccount)
        .where(SmtpAccount.state == AccountState.ACTIVE)
        .order_by(SmtpAccount.name)
    ).all()
    rows = db.session.execute(
        select(QuotaUse.smtp_account_id, _used(now - MINUTE), _used(now - HOUR), func.count())
        .where(
            QuotaUse.smtp_account_id.in_([account.id for account in accounts]),
            QuotaUse.used_at > now - DAY,
        )
        .group_by(QuotaUse.smtp_account_id)
    )
    used = {account_id: tuple(counts) for account_id, *counts in rows}
    return [Gauge(account, *used.get(account.id, (0, 0, 0))) for account in accounts]


def _used(after: datetime) -> ColumnElement[int]:
    return func.count(case((QuotaUse.used_at > after, 1)))
