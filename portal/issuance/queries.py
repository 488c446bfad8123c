"""Reads of the report: which titles, what they sum up to, and what was already sent of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Select, case, func, literal, select, tuple_
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import ORMOption

from portal.clients.models import Client
from portal.contracts.models import Contract
from portal.core.db import db
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.states import WAITING, State
from portal.issuance import labels
from portal.issuance.forms import MAX_SELECTED, Key
from portal.issuance.narrowing import LOST, Conditions
from portal.receivables.models import Receivable
from portal.receivables.queries import WITHOUT_SLIPS, Total, sum_of
from portal.wallets.models import Wallet
from portal.web.pagination import PAGE_SIZE

COUNTED = MAX_SELECTED  # more than can be chosen at once are summed up only when asked
JUDGED_FIRST, JUDGED = 500, 2_500  # titles that one page looks at, where other tables decide
Query = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of the report. `next_after` is the key of the following one; None at the end.

    `searched_until`: a page that is not full because so many titles were judged; all that falls
    due before it was, and the next page goes on from there.
    """

    rows: Sequence[Receivable]
    next_after: Key | None
    first: bool
    searched_until: date | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """How many titles there are, as far as a page finds out.

    Without a `total` there are `at_least` so many; `more`: at least one more than that.
    """

    total: Total | None
    at_least: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of a title by e-mail: a key of labels.SENDINGS, and the last acceptance."""

    state: str = labels.NEVER
    sent_at: datetime | None = None


NEVER = Sending()


def search(wanted: Conditions, after: Key | None, size: int = PAGE_SIZE) -> Sheet:
    """One page of the titles that fulfil the conditions, the first to fall due first."""
    keys, ended = _keys(wanted, after, size + 1)
    shown = keys[:size]
    query = select(Receivable).where(Receivable.id.in_([key.id for key in shown]))
    found = {title.id: title for title in db.session.scalars(query.options(*_row_options()))}
    more = shown[-1] if len(keys) > size else ended
    until = ended.due_date if ended else None
    return Sheet([found[key.id] for key in shown], more, after is None, until)


def total(wanted: Conditions, *, at_most: int | None = COUNTED) -> Total | None:
    """How many titles fulfil the conditions, and their sum; None for more than `at_most`."""
    found = select(Receivable.amount).where(*wanted.every)
    if at_most is not None:
        found = found.limit(at_most + 1)
    counted = sum_of(found)
    return None if at_most is not None and counted.count > at_most else counted


def glance(wanted: Conditions) -> Glance:
    """The total where it is soon known: up to COUNTED, and no more than JUDGED are judged."""
    if not wanted.judged:
        known = total(wanted, at_most=COUNTED)
        return Glance(known) if known else Glance(None, COUNTED, more=True)
    window = _window(wanted, None, JUDGED).subquery()
    query = select(Receivable.amount).join(window, window.c.id == Receivable.id)
    counted = sum_of(query.where(*wanted.judged))
    if _last(wanted, None, JUDGED) is None:
        return Glance(counted)
    return Glance(None, counted.count)


def ids(wanted: Conditions, limit: int) -> list[int]:
    """The first `limit` titles that fulfil the conditions, in the order of the pages."""
    return list(
        db.session.scalars(_ordered(select(Receivable.id).where(*wanted.every)).limit(limit))
    )


def total_of(receivable_ids: Sequence[int]) -> Total:
    """How many of the titles exist, and their sum."""
    return sum_of(select(Receivable.amount).where(Receivable.id.in_(receivable_ids)))


def sendings(receivable_ids: Sequence[int]) -> Mapping[int, Sending]:
    """What was sent of each title; those that no e-mail carries are left out."""

    def has(*states: State) -> Any:
        return func.max(case((EmailMessage.state.in_(states), 1), else_=0))

    sent_at = case((EmailMessage.state == State.SENT, EmailMessage.accepted_at))
    rows = db.session.execute(
        select(
            MessageReceivable.receivable_id,
            func.max(sent_at),
            has(*WAITING),
            has(State.SENT),
            has(State.UNCERTAIN),
            has(*LOST),
        )
        .join(EmailMessage, EmailMessage.id == MessageReceivable.message_id)
        .where(MessageReceivable.receivable_id.in_(receivable_ids))
        .group_by(MessageReceivable.receivable_id)
    )
    order = (labels.WAITING, labels.SENT, labels.UNCERTAIN, labels.FAILED)
    return {
        receivable_id: Sending(
            next((name for name, is_so in zip(order, flags, strict=True) if is_so), labels.NEVER),
            accepted_at,
        )
        for receivable_id, accepted_at, *flags in rows
    }


def wallets() -> list[tuple[int, str]]:
    """(id, name) of every wallet, for the filter."""
    rows = db.session.execute(select(Wallet.id, Wallet.name).order_by(Wallet.name))
    return [(wallet_id, name) for wallet_id, name in rows]


def _keys(wanted: Conditions, after: Key | None, size: int) -> tuple[list[Key], Key | None]:
    """The next titles, and the last one that was judged where more are left behind it.

    First a few are judged, which is enough where most of them fit; then many.
    """
    if not wanted.judged:
        return _read(_window(wanted, after, size)), None
    for width in (JUDGED_FIRST, JUDGED):
        window = _window(wanted, after, width).subquery()
        query = select(Receivable.due_date, Receivable.id).where(*wanted.judged)
        query = query.join(window, window.c.id == Receivable.id)
        keys = _read(query.order_by(window.c.due_date, window.c.id).limit(size))
        last = None if len(keys) == size else _last(wanted, after, width)
        if last is None:
            break
    return keys, last


def _read(query: Query) -> list[Key]:
    return [Key(due_date, receivable_id) for due_date, receivable_id in db.session.execute(query)]


def _window(wanted: Conditions, after: Key | None, width: int) -> Query:
    """The next `width` keys of the index that leads."""
    query = select(Receivable.due_date, Receivable.id).where(*wanted.lead)
    return _ordered(_after(query, after)).limit(width)


def _last(wanted: Conditions, after: Key | None, width: int) -> Key | None:
    """The last key of a window that is full."""
    found = _read(_window(wanted, after, width).offset(width - 1).limit(1))
    return found[0] if found else None


def _after(query: Query, after: Key | None) -> Query:
    if after is None:
        return query
    here = tuple_(Receivable.due_date, Receivable.id)
    return query.where(here > tuple_(literal(after.due_date, Date), literal(after.id)))


def _ordered(query: Query) -> Query:
    return query.order_by(Receivable.due_date, Receivable.id)


def _row_options() -> tuple[ORMOption, ...]:
    return (
        joinedload(Receivable.client).load_only(Client.id, Client.name),
        joinedload(Receivable.contract).load_only(Contract.id, Contract.code),
        *WITHOUT_SLIPS,
    )
