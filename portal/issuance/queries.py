"""Reads of the report: which titles, what they sum up to, and what was already sent of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, Select, case, func, literal, select, tuple_
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import ORMOption

from portal.clients.models import Client
from portal.contracts.models import Contract
from portal.core.db import db
from portal.core.money import CENT
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.states import WAITING, State
from portal.issuance import labels
from portal.issuance.forms import MAX_SELECTED, Key
from portal.issuance.narrowing import LOST, Conditions
from portal.receivables.models import Receivable
from portal.receivables.queries import WITHOUT_SLIPS, Total
from portal.wallets.models import Wallet
from portal.web.pagination import PAGE_SIZE

COUNTED = MAX_SELECTED  # more than can be chosen at once are summed up only when asked


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of the report. `next_after` is the key of the following one; None at the end."""

    rows: Sequence[Receivable]
    next_after: Key | None
    first: bool


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of a title by e-mail: a key of labels.SENDINGS, and the last acceptance."""

    state: str = labels.NEVER
    sent_at: datetime | None = None


NEVER = Sending()


def search(wanted: Conditions, after: Key | None, size: int = PAGE_SIZE) -> Sheet:
    """One page of the titles that fulfil the conditions, the first to fall due first."""
    query = _after(select(Receivable).where(*wanted), after).options(*_row_options())
    rows = list(db.session.scalars(_ordered(query).limit(size + 1)))
    more = len(rows) > size
    rows = rows[:size]
    last = Key(rows[-1].due_date, rows[-1].id) if more else None
    return Sheet(rows, last, first=after is None)


def total(wanted: Conditions, *, at_most: int | None = COUNTED) -> Total | None:
    """How many titles fulfil the conditions, and their sum; None for more than `at_most`."""
    found = select(Receivable.amount).where(*wanted)
    if at_most is not None:
        found = found.limit(at_most + 1)
    inner = found.subquery()
    count, amount = db.session.execute(select(func.count(), func.sum(inner.c.amount))).one()
    if at_most is not None and count > at_most:
        return None
    return Total(count, Decimal(amount or 0).quantize(CENT))


def ids(wanted: Conditions, limit: int) -> list[int]:
    """The first `limit` titles that fulfil the conditions, in the order of the pages."""
    return list(db.session.scalars(_ordered(select(Receivable.id).where(*wanted)).limit(limit)))


def in_order(receivable_ids: Sequence[int]) -> list[int]:
    """The titles that exist, in the order of the report."""
    query = select(Receivable.id).where(Receivable.id.in_(receivable_ids))
    return list(db.session.scalars(_ordered(query)))


def total_of(receivable_ids: Sequence[int]) -> Total:
    """How many of the titles exist, and their sum."""
    found = total([Receivable.id.in_(receivable_ids)], at_most=None)
    return found or Total(0, Decimal(0))


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


def _after(query: Select[Any], after: Key | None) -> Select[Any]:
    if after is None:
        return query
    here = tuple_(Receivable.due_date, Receivable.id)
    return query.where(here > tuple_(literal(after.due_date, Date), literal(after.id)))


def _ordered(query: Select[Any]) -> Select[Any]:
    return query.order_by(Receivable.due_date, Receivable.id)


def _row_options() -> tuple[ORMOption, ...]:
    return (
        joinedload(Receivable.client).load_only(Client.id, Client.name),
        joinedload(Receivable.contract).load_only(Contract.id, Contract.code),
        *WITHOUT_SLIPS,
    )
