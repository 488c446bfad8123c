"""Reads of the log: pages of messages, one message, and what the filters offer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import defer, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from portal.clients.models import Client
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.money import CENT
from portal.deliveries.departures import departures
from portal.deliveries.forms import NOBODY, LogFilters
from portal.deliveries.holds import is_held
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.states import Kind, State
from portal.receivables.models import Receivable
from portal.receivables.queries import matches
from portal.smtp.models import SmtpAccount
from portal.web.pagination import Page, page_of
from portal.web.search import contains

ACCOUNT_COLUMNS = (
    SmtpAccount.id,
    SmtpAccount.name,
    SmtpAccount.state,
    SmtpAccount.hold_until,
    SmtpAccount.hourly_limit,
    SmtpAccount.daily_limit,
    SmtpAccount.minute_limit,
)


@dataclass(frozen=True, slots=True)
class Carried:
    """The titles of one message in short: how many, their sum in reais, the first due date."""

    count: int
    amount: Decimal
    due_date: date


@dataclass(frozen=True, slots=True)
class Row:
    """One message of the log. `leaves_at`: when it is expected to leave, while it waits."""

    message: EmailMessage
    carried: Carried | None
    leaves_at: datetime | None

    @property
    def id(self) -> int:
        """The message's number, by which pages follow each other."""
        return self.message.id


def search(
    filters: LogFilters, today: date, timezone: str, now: datetime, after: int | None
) -> Page[Row]:
    """One page of the log, the newest first. `timezone` says when the days of a period begin."""
    query = narrowed(select(EmailMessage), filters, today, timezone).options(*row_options())
    page = page_of(query, EmailMessage.id, after=after)
    return Page(rows_of(page.rows, now), page.next_after, page.first)


def rows_of(messages: Sequence[EmailMessage], now: datetime) -> list[Row]:
    """The messages with what they carry and when they leave; a fixed number of queries."""
    titles = carried([message.id for message in messages])
    leaving = departures([item for item in messages if not is_held(item)], now)
    return [Row(message, titles.get(message.id), leaving.get(message.id)) for message in messages]


def row_options() -> tuple[ORMOption, ...]:
    """What a row shows: client and account with it; the bodies and the password left out."""
    return (
        joinedload(EmailMessage.client).load_only(Client.id, Client.name),
        joinedload(EmailMessage.smtp_account).load_only(*ACCOUNT_COLUMNS),
        defer(EmailMessage.text, raiseload=True),
        defer(EmailMessage.html, raiseload=True),
    )


def narrowed(query: Select[Any], filters: LogFilters, today: date, timezone: str) -> Select[Any]:
    """`query` of messages with the conditions of the filters."""
    since, until = filters.span(today, timezone)
    conditions = [*_equalities(filters), *_texts(filters)]
    if since:
        conditions.append(EmailMessage.created_at >= since)
    if until:
        conditions.append(EmailMessage.created_at < until)
    return query.where(*conditions)


def _equalities(filters: LogFilters) -> Iterable[ColumnElement[bool]]:
    for column, wanted in (
        (EmailMessage.state, filters.state),
        (EmailMessage.cause, filters.cause or None),
        (EmailMessage.smtp_account_id, filters.account_id),
        (EmailMessage.generation_id, filters.generation_id),
        (EmailMessage.client_id, filters.client_id),
    ):
        if wanted is not None:
            yield column == wanted
    if filters.user_id == NOBODY:
        yield EmailMessage.requested_by_id.is_(None)
    elif filters.user_id is not None:
        yield EmailMessage.requested_by_id == filters.user_id


def _texts(filters: LogFilters) -> Iterable[ColumnElement[bool]]:
    if filters.batch:
        yield EmailMessage.scope.startswith(f"manual:{filters.batch}:", autoescape=True)
    if filters.text:
        text = filters.text
        titles = (
            select(MessageReceivable.message_id)
            .join(Receivable, Receivable.id == MessageReceivable.receivable_id)
            .where(matches(text))
        )
        clients = select(Client.id).where(contains(Client.name, text))
        yield or_(
            contains(EmailMessage.recipient, text),
            contains(EmailMessage.subject, text),
            EmailMessage.client_id.in_(clients),
            EmailMessage.id.in_(titles),
        )


def carried(message_ids: Sequence[int]) -> dict[int, Carried]:
    """What each message carries; messages without titles are left out."""
    rows = db.session.execute(
        select(
            MessageReceivable.message_id,
            func.count(),
            func.sum(Receivable.amount),
            func.min(Receivable.due_date),
        )
        .join(Receivable, Receivable.id == MessageReceivable.receivable_id)
        .where(MessageReceivable.message_id.in_(message_ids))
        .group_by(MessageReceivable.message_id)
    )
    return {
        message_id: Carried(count, Decimal(amount).quantize(CENT), due_date)
        for message_id, count, amount, due_date in rows
    }


def get(message_id: int) -> EmailMessage:
    """The message with client, account, tries and titles; raises NotFound."""
    message = db.session.get(
        EmailMessage,
        message_id,
        options=[
            joinedload(EmailMessage.client),
            joinedload(EmailMessage.smtp_account),
            selectinload(EmailMessage.tries),
            selectinload(EmailMessage.links)
            .joinedload(MessageReceivable.receivable)
            .joinedload(Receivable.contract),
        ],
    )
    if message is None:
        raise NotFound(f"E-mail {message_id} não existe.")
    return message


def failed_of_cause(cause: str) -> int:
    """How many messages with boletos failed for this cause, in the whole log."""
    return (
        db.session.scalar(
            select(func.count()).where(
                EmailMessage.state == State.FAILED,
                EmailMessage.cause == cause,
                EmailMessage.kind != Kind.TEST,
            )
        )
        or 0
    )


def causes_found() -> list[str]:
    """The causes that occur in the log, the most frequent first."""
    return list(
        db.session.scalars(
            select(EmailMessage.cause)
            .where(EmailMessage.cause != "")
            .group_by(EmailMessage.cause)
            .order_by(func.count().desc(), EmailMessage.cause)
        )
    )


def accounts() -> list[tuple[int, str]]:
    """(id, name) of every account, for the filter."""
    rows = db.session.execute(select(SmtpAccount.id, SmtpAccount.name).order_by(SmtpAccount.name))
    return [(account_id, name) for account_id, name in rows]
