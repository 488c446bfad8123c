"""Reads of the report: which titles, and what was already sent of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select

from portal.clients.models import Client
from portal.core.db import db
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.states import WAITING, State
from portal.issuance.forms import IssuanceFilters
from portal.receivables.forms import TitleFilters
from portal.receivables.models import Receivable
from portal.receivables.queries import (
    Total,
    narrowed,
    row_options,
    total_of,
    with_client,
)
from portal.wallets.models import Wallet
from portal.web.pagination import Page, page_of
from portal.web.search import contains


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of a title by e-mail: the last acceptance, and whether one waits now."""

    sent_at: datetime | None = None
    waiting: bool = False


NEVER = Sending()


def search(filters: IssuanceFilters, after: int | None) -> Page[Receivable]:
    """One page of the report, the newest title first."""
    query = _filtered(select(Receivable), filters).options(*row_options())
    return page_of(query, Receivable.id, after=after)


def total(filters: IssuanceFilters) -> Total:
    """How many titles the filters leave, and their sum."""
    return total_of(_filtered(select(Receivable), filters))


def ids(filters: IssuanceFilters, limit: int) -> list[int]:
    """The first `limit` titles that the filters leave, in the order of the pages."""
    query = _filtered(select(Receivable.id), filters).order_by(Receivable.id.desc()).limit(limit)
    return list(db.session.scalars(query))


def sendings(receivable_ids: Sequence[int]) -> dict[int, Sending]:
    """What was sent of each title; those that no e-mail carries are left out."""
    sent_at = case((EmailMessage.state == State.SENT, EmailMessage.accepted_at))
    waits = case((EmailMessage.state.in_(WAITING), 1), else_=0)
    rows = db.session.execute(
        select(MessageReceivable.receivable_id, func.max(sent_at), func.max(waits))
        .join(EmailMessage, EmailMessage.id == MessageReceivable.message_id)
        .where(MessageReceivable.receivable_id.in_(receivable_ids))
        .group_by(MessageReceivable.receivable_id)
    )
    return {
        receivable_id: Sending(accepted_at, bool(waiting))
        for receivable_id, accepted_at, waiting in rows
    }


def wallets() -> list[tuple[int, str]]:
    """(id, name) of every wallet, for the filter."""
    rows = db.session.execute(select(Wallet.id, Wallet.name).order_by(Wallet.name))
    return [(wallet_id, name) for wallet_id, name in rows]


def _filtered(query: Select[Any], filters: IssuanceFilters) -> Select[Any]:
    common = TitleFilters(
        text=filters.text, status=filters.status, since=filters.since, until=filters.until
    )
    query = narrowed(with_client(query), common)
    if filters.wallet_id is not None:
        query = query.where(Receivable.wallet_id == filters.wallet_id)
    if filters.city:
        query = query.where(contains(Client.city, filters.city))
    if filters.delivery_type is not None:
        query = query.where(Receivable.delivery_type == filters.delivery_type)
    if filters.sent is not None:
        query = query.where(_was_sent() if filters.sent else ~_was_sent())
    if filters.printed is not None:
        is_printed = Receivable.printed_at.is_not(None)
        query = query.where(is_printed if filters.printed else ~is_printed)
    return query


def _was_sent() -> ColumnElement[bool]:
    return (
        select(MessageReceivable.receivable_id)
        .join(EmailMessage, EmailMessage.id == MessageReceivable.message_id)
        .where(MessageReceivable.receivable_id == Receivable.id, EmailMessage.state == State.SENT)
        .exists()
    )
