"""Reads of the titles."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import contains_eager, defer, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from portal.clients.models import Client
from portal.contracts.models import Contract
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.money import CENT, format_brl
from portal.receivables.ending import ENTITY
from portal.receivables.forms import TitleFilters
from portal.receivables.labels import STATUSES
from portal.receivables.models import Receivable
from portal.receivables.numbers import numbered
from portal.settings.models import DeliveryType
from portal.web.formatters import day
from portal.web.pagination import Page, after_key, like, page_of
from portal.web.search import HITS, Hit, Wanted, contains

MIN_DIGITS = 4  # shorter numbers are found in the text only
WITHOUT_SLIPS = (
    defer(Receivable.printed, raiseload=True),
    defer(Receivable.reasons, raiseload=True),
)


@dataclass(frozen=True, slots=True)
class Total:
    """How many titles, and their sum in reais."""

    count: int
    amount: Decimal


def get(receivable_id: int) -> Receivable:
    """The title with its client, contract and wallet; raises NotFound."""
    receivable = db.session.get(
        Receivable,
        receivable_id,
        options=[
            joinedload(Receivable.client),
            joinedload(Receivable.contract),
            joinedload(Receivable.wallet),
        ],
    )
    if receivable is None:
        raise NotFound(f"Título {receivable_id} não existe.")
    return receivable


def by_ids(
    receivable_ids: Sequence[int], *, slips: bool = True, lock: bool = False
) -> list[Receivable]:
    """The titles in the order asked for; raises NotFound naming the first that is missing.

    Without `slips` what is printed on them stays in the database: lists of thousands are lighter.
    `lock` keeps others from changing the titles until the transaction ends.
    """
    query = select(Receivable).where(Receivable.id.in_(receivable_ids))
    if lock:
        query = query.with_for_update(of=Receivable).execution_options(populate_existing=True)
    query = query.options(joinedload(Receivable.client), *(() if slips else WITHOUT_SLIPS))
    found = {title.id: title for title in db.session.scalars(query)}
    for receivable_id in receivable_ids:
        if receivable_id not in found:
            raise NotFound(f"Título {receivable_id} não existe.")
    return [found[receivable_id] for receivable_id in receivable_ids]


def history(receivable_id: int) -> Sequence[AuditEvent]:
    """What people did with the title, the newest first."""
    return db.session.scalars(
        select(AuditEvent)
        .where(AuditEvent.entity == ENTITY, AuditEvent.entity_id == receivable_id)
        .order_by(AuditEvent.id.desc())
    ).all()


def search(filters: TitleFilters) -> Page[Receivable]:
    """One page of the list, the newest first, each with its client and contract."""
    return page_of(
        narrowed(with_client(select(Receivable)), filters).options(*row_options()),
        Receivable.id,
        after=after_key(),
    )


def total(filters: TitleFilters) -> Total:
    """How many titles the filters leave, and their sum."""
    return total_of(narrowed(with_client(select(Receivable)), filters))


def total_of(query: Select[tuple[Receivable]]) -> Total:
    """Count and sum of a query of titles."""
    rows = query.with_only_columns(func.count(), func.sum(Receivable.amount))
    count, amount = db.session.execute(rows).one()
    return Total(count, Decimal(amount or 0).quantize(CENT))


def with_client(query: Select[Any]) -> Select[Any]:
    """`query` joined to each title's client, so that it can be filtered by."""
    return query.join(Client, Client.id == Receivable.client_id)


def row_options() -> tuple[ORMOption, ...]:
    """What a row of a list shows: client and contract with it, what is printed left out."""
    return (
        contains_eager(Receivable.client).load_only(Client.id, Client.name),
        joinedload(Receivable.contract).load_only(Contract.id, Contract.code),
        *WITHOUT_SLIPS,
    )


def narrowed(query: Select[Any], filters: TitleFilters) -> Select[Any]:
    """`query`, already joined to the client, with the conditions of the filters."""
    if filters.text:
        query = query.where(or_(contains(Client.name, filters.text), matches(filters.text)))
    if filters.status:
        query = query.where(Receivable.status == filters.status)
    if filters.sending:
        query = query.where(_sending_is(filters.sending))
    if filters.since:
        query = query.where(Receivable.due_date >= filters.since)
    if filters.until:
        query = query.where(Receivable.due_date <= filters.until)
    for column, value in (
        (Receivable.contract_id, filters.contract_id),
        (Receivable.generation_id, filters.generation_id),
        (Receivable.client_id, filters.client_id),
    ):
        if value is not None:
            query = query.where(column == value)
    return query


def matches(text: str) -> ColumnElement[bool]:
    """Document number, nosso número or linha digitável, typed with or without punctuation."""
    found = [contains(Receivable.document_number, text), contains(Receivable.nosso_numero, text)]
    digits = "".join(char for char in text if char.isascii() and char.isdigit())
    if len(digits) >= MIN_DIGITS:
        pattern = like(digits)
        found.append(_bare(Receivable.nosso_numero, "/", "-", ".").like(pattern))
        found.append(_bare(Receivable.linha_digitavel, ".", " ").like(pattern))
    return or_(*found)


def hits(wanted: Wanted) -> list[Hit]:
    """Titles for the search of the top bar: by their numbers, then the newest of the clients found.

    An index leads to each of them: the list's own search reads every title.
    """
    ids: list[int] = []
    for condition in numbered(wanted.text):
        ids += db.session.scalars(select(Receivable.id).where(condition).limit(HITS))
    if wanted.client_ids and len(ids) < HITS:
        of_them = select(Receivable.id).where(Receivable.client_id.in_(wanted.client_ids))
        ids += db.session.scalars(of_them.order_by(Receivable.id.desc()).limit(HITS))
    first = list(dict.fromkeys(ids))[:HITS]
    query = with_client(select(Receivable)).where(Receivable.id.in_(first)).options(*row_options())
    found = {title.id: title for title in db.session.scalars(query)}
    return [
        Hit(
            "Títulos",
            f"{title.document_number} · {title.client.name}",
            _facts_of(title),
            url_for("receivables.show", receivable_id=title.id),
        )
        for title in map(found.__getitem__, first)
    ]


def _facts_of(title: Receivable) -> str:
    known = (
        f"vence em {day(title.due_date)}",
        format_brl(title.amount),
        STATUSES[title.status].text.lower(),
        f"nosso número {title.nosso_numero}" if title.nosso_numero else "",
    )
    return " · ".join(filter(None, known))


def _sending_is(wanted: str) -> ColumnElement[bool]:
    """How the rule decided at generation: by e-mail, printed, or stopped by one requirement."""
    if wanted == "printed":
        return Receivable.delivery_type == DeliveryType.PRINTED
    if wanted == "email":
        return (Receivable.delivery_type == DeliveryType.EMAIL) & (Receivable.not_sent_code == "")
    return Receivable.not_sent_code == wanted


def _bare(column: Any, *signs: str) -> ColumnElement[str]:
    """The column without these signs."""
    for sign in signs:
        column = func.replace(column, sign, "")
    return column  # type: ignore[no-any-return]
