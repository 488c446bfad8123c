"""Reads of the log: pages of messages, one message, and what the filters offer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import defer, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from portal.clients.models import Client
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.money import CENT
from portal.deliveries.departures import departures
from portal.deliveries.forms import LogFilters
from portal.deliveries.holds import is_held
from portal.deliveries.log_terms import Terms, terms
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.states import Kind, State
from portal.receivables.models import Receivable
from portal.smtp.models import SmtpAccount
from portal.web.pagination import PAGE_SIZE

ORDER = (EmailMessage.created_at.desc(), EmailMessage.id.desc())  # the newest first
COUNTED = 10_000  # beyond it the log says "mais de"
SAME_CAUSE = 1_000
JUDGED_FIRST, JUDGED = 1_000, 10_000  # rows of the leading filter that one page looks at


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


@dataclass(frozen=True, slots=True)
class LogPage:
    """Rows, the newest first. `next_after` is the message after which the next page begins.

    `searched_until`: a page that is not full because so many rows were judged; all that is newer
    than this was, and the next page goes on from there.
    """

    rows: Sequence[Row]
    next_after: int | None
    first: bool
    searched_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """How many messages the filters leave; `more`: at least one more than `count`."""

    count: int
    more: bool


def search(asked: Terms, now: datetime, after: int | None) -> LogPage:
    """One page of the log."""
    if not asked.rest or asked.few:
        ids, ended = _ids(asked.narrow(_newest(after)), PAGE_SIZE + 1), None
    else:
        ids, ended = _judged(asked, after)
    shown = ids[:PAGE_SIZE]
    more = shown[-1] if len(ids) > PAGE_SIZE else ended.id if ended else None
    until = ended.created_at if ended and len(ids) <= PAGE_SIZE else None
    return LogPage(rows_of(_messages(shown), now), more, after is None, until)


def total(asked: Terms) -> Total | None:
    """How many there are, up to COUNTED; None where finding out would take long."""
    if asked.rest and not asked.few and _counted(asked.lead, JUDGED_FIRST) > JUDGED_FIRST:
        return None
    count = _counted((*asked.lead, *asked.rest), COUNTED)
    return Total(min(count, COUNTED), count > COUNTED)


def _counted(conditions: Sequence[ColumnElement[bool]], most: int) -> int:
    found = select(EmailMessage.id).where(*conditions).limit(most + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(found)) or 0


def _newest(after: int | None) -> Select[int]:
    """Ids in the order of the log, those after the message `after`."""
    query = select(EmailMessage.id).order_by(*ORDER)
    if after is None:
        return query
    moment = db.session.scalar(select(EmailMessage.created_at).where(EmailMessage.id == after))
    if moment is None:
        return query.where(EmailMessage.id < after)
    key = tuple_(EmailMessage.created_at, EmailMessage.id)
    return query.where(key < tuple_(literal(moment, EmailMessage.created_at.type), after))


def _ids(query: Select[int], size: int) -> list[int]:
    return list(db.session.scalars(query.limit(size)))


def _judged(asked: Terms, after: int | None) -> tuple[list[int], Any]:
    """A page's ids among the next rows of the leading filter, and the last row that was judged.

    First a few, which is enough where most rows match; then many. The last row is None when
    nothing is left behind it.
    """
    rows = _newest(after).add_columns(EmailMessage.created_at).where(*asked.lead)
    for width in (JUDGED_FIRST, JUDGED):
        window = rows.limit(width).subquery()
        query = (
            select(EmailMessage.id)
            .join(window, window.c.id == EmailMessage.id)
            .where(*asked.rest)
            .order_by(window.c.created_at.desc(), window.c.id.desc())
        )
        ids = _ids(query, PAGE_SIZE + 1)
        if len(ids) > PAGE_SIZE:
            return ids, None
        last = db.session.execute(rows.offset(width - 1).limit(1)).first()
        if last is None:
            return ids, None
    return ids, last


def _messages(ids: Sequence[int]) -> list[EmailMessage]:
    query = select(EmailMessage).where(EmailMessage.id.in_(ids)).options(*row_options())
    found = {message.id: message for message in db.session.scalars(query)}
    return [found[message_id] for message_id in ids]


def chunks(asked: Terms, size: int) -> Iterator[Sequence[EmailMessage]]:
    """Every message, `size` at a time, in the order of the log; for files."""
    after: int | None = None
    while ids := _ids(asked.narrow(_newest(after)), size):
        yield _messages(ids)
        after = ids[-1]


def rows_of(messages: Sequence[EmailMessage], now: datetime) -> list[Row]:
    """The messages with what they carry and when they leave; a fixed number of queries."""
    titles = carried([message.id for message in messages])
    leaving = departures([item for item in messages if not is_held(item)], now)
    return [Row(message, titles.get(message.id), leaving.get(message.id)) for message in messages]


def row_options() -> tuple[ORMOption, ...]:
    """What a row shows: client and account with it; the bodies left out.

    The account once and whole: the page's frame asks for more of it.
    """
    return (
        joinedload(EmailMessage.client).load_only(Client.id, Client.name),
        selectinload(EmailMessage.smtp_account),
        defer(EmailMessage.text, raiseload=True),
        defer(EmailMessage.html, raiseload=True),
    )


def narrowed(query: Select[Any], filters: LogFilters, today: date, timezone: str) -> Select[Any]:
    """`query` of messages with the conditions of the filters."""
    return terms(filters, today, timezone).narrow(query)


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


def failed_of_cause(cause: str) -> Total:
    """How many messages with boletos failed for this cause, in the whole log."""
    count = _counted(
        (
            EmailMessage.cause == cause,
            EmailMessage.state == State.FAILED,
            EmailMessage.kind != Kind.TEST,
        ),
        SAME_CAUSE,
    )
    return Total(min(count, SAME_CAUSE), count > SAME_CAUSE)


def causes_found() -> list[str]:
    """The causes that occur in the log, by their codes; one step of an index for each."""
    least = func.min(EmailMessage.cause)
    found = select(least.label("cause")).where(EmailMessage.cause > "").cte(recursive=True)
    following = select(least).where(EmailMessage.cause > found.c.cause).scalar_subquery()
    found = found.union_all(select(following).where(found.c.cause.is_not(None)))
    return list(db.session.scalars(select(found.c.cause).where(found.c.cause.is_not(None))))


def accounts() -> list[tuple[int, str]]:
    """(id, name) of every account, for the filter."""
    rows = db.session.execute(select(SmtpAccount.id, SmtpAccount.name).order_by(SmtpAccount.name))
    return [(account_id, name) for account_id, name in rows]
