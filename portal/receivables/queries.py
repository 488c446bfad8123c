"""Reads of the titles."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Select, UnaryExpression, func, or_, select
from sqlalchemy.orm import contains_eager, defer, joinedload
from sqlalchemy.orm.interfaces import ORMOption
from sqlalchemy.sql.operators import custom_op

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
from portal.web.pagination import Page, after_key, page_of
from portal.web.search import HITS, Hit, Wanted, contains

COUNTED = 5_000  # more titles are counted and summed up only when asked
CLIENTS, FEW = 300, 1_000  # clients and titles that are named one by one
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
    if lock:  # in one order: two who lock the same titles then wait, and neither for ever
        query = query.order_by(Receivable.id).with_for_update(of=Receivable)
        query = query.execution_options(populate_existing=True)
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


@dataclass(frozen=True, slots=True)
class Conditions:
    """What titles must fulfil; `slow`: each is judged by its client, and counting takes long."""

    clauses: Sequence[ColumnElement[bool]]
    slow: bool = False


def search(wanted: Conditions) -> Page[Receivable]:
    """One page of the list, the newest first, each with its client and contract."""
    ids = select(Receivable.id).where(*wanted.clauses)
    page = page_of(ids, Receivable.id, after=after_key(), key_of=int)
    query = with_client(select(Receivable)).where(Receivable.id.in_(page.rows))
    found = {title.id: title for title in db.session.scalars(query.options(*row_options()))}
    return Page([found[number] for number in page.rows], page.next_after, page.first)


def total(wanted: Conditions, *, all_of_them: bool = False) -> Total | None:
    """How many titles fulfil the conditions, and their sum; None for what would take long.

    `all_of_them` counts however long it takes.
    """
    amounts = select(Receivable.amount).where(*wanted.clauses)
    if all_of_them:
        return sum_of(amounts)
    counted = None if wanted.slow else sum_of(amounts.limit(COUNTED + 1))
    return counted if counted and counted.count <= COUNTED else None


def sum_of(amounts: Select[Any]) -> Total:
    """Count and sum of a query of amounts."""
    inner = amounts.subquery()
    count, amount = db.session.execute(select(func.count(), func.sum(inner.c.amount))).one()
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


def conditions(filters: TitleFilters) -> Conditions:
    """The filters as conditions; asks the database what a text and a status mean."""
    found, slow = _text_is(filters.text) if filters.text else ([], False)
    if filters.status:
        found.append(_status_is(filters))
    if filters.sending:
        found.append(_sending_is(filters.sending))
    if filters.since:
        found.append(Receivable.due_date >= filters.since)
    if filters.until:
        found.append(Receivable.due_date <= filters.until)
    for column, value in (
        (Receivable.contract_id, filters.contract_id),
        (Receivable.generation_id, filters.generation_id),
        (Receivable.client_id, filters.client_id),
    ):
        if value is not None:
            found.append(column == value)
    return Conditions(found, slow)


def narrowed(query: Select[Any], filters: TitleFilters) -> Select[Any]:
    """`query` of titles with the conditions of the filters."""
    return query.where(*conditions(filters).clauses)


def not_leading(column: Any) -> Any:
    """The column as a condition for which SQLite takes no index.

    It has no statistics here and would take the index of a column that half of all rows share,
    then sort them. PostgreSQL decides well by itself.
    """
    if db.engine.dialect.name != "sqlite":
        return column
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def _text_is(text: str) -> tuple[list[ColumnElement[bool]], bool]:
    """A part of the client's name, or one of the title's numbers; whether it is many clients."""
    named = select(Client.id).where(contains(Client.name, text))
    clients = list(db.session.scalars(named.limit(CLIENTS + 1)))
    ids: list[int] = []
    for condition in numbered(text):
        ids += db.session.scalars(select(Receivable.id).where(condition).limit(FEW))
    by_number = Receivable.id.in_(ids)
    if len(clients) <= CLIENTS:
        return [or_(Receivable.client_id.in_(clients), by_number)], False
    of_title = named.where(Client.id == Receivable.client_id).correlate(Receivable)
    return [or_(of_title.exists(), by_number)], True


def _status_is(filters: TitleFilters) -> ColumnElement[bool]:
    """A rare status by the titles' numbers; a frequent one is soon met in the list's own order."""
    plain = Receivable.status == filters.status
    if filters.since or filters.until:
        return plain  # one index knows both
    few = list(db.session.scalars(select(Receivable.id).where(plain).limit(FEW + 1)))
    if len(few) <= FEW:
        return Receivable.id.in_(few)
    return not_leading(Receivable.status) == filters.status  # type: ignore[no-any-return]


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
