"""What a text typed into the log's search means: which e-mails it finds, by indexes alone.

It is looked for in the clients (name, code, document), at the beginning of recipients, and in the
numbers of the titles (`receivables.numbers`). Only where none of these knows it, the text
is looked for in the subjects, which no index holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, or_, select, union_all

from portal.clients.models import Client
from portal.core.db import db
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.receivables.models import Receivable
from portal.receivables.numbers import SHORTEST, numbered
from portal.web.search import contains, starts_with

FEW = 3_000  # e-mails that are sorted at once; of more, the log is read from its newest on
CLIENTS = 300  # clients that are named one by one
_SIGNS = str.maketrans("", "", " .-/")


@dataclass(frozen=True, slots=True)
class Sought:
    """`condition` is true of what the text finds; `few`: that is FEW e-mails at most."""

    condition: ColumnElement[bool]
    few: bool
    in_subjects: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a text may stand: `ids` reads the e-mails by an index, `holds` judges one."""

    ids: Select[int]
    holds: ColumnElement[bool]
    many: bool = False  # known without counting


def sought(text: str) -> Sought:
    """Look the text up: a few reads, each of a bounded number of rows."""
    places = (*_clients(text), *_recipients(text), *_titles(text))
    counts = [_count(place) for place in places]
    known = [place for place, count in zip(places, counts, strict=True) if count]
    if not known:
        return Sought(contains(EmailMessage.subject, text), few=False, in_subjects=True)
    if sum(counts) > FEW:
        return Sought(or_(*(place.holds for place in known)), few=False)
    found = union_all(*(place.ids for place in known)).subquery()
    return Sought(EmailMessage.id.in_(select(found.c[0])), few=True)


def _count(place: _Place) -> int:
    if place.many:
        return FEW + 1
    found = place.ids.limit(FEW + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(found)) or 0


def _clients(text: str) -> Iterator[_Place]:
    named = union_all(*_named(text)).subquery()
    ids = list(db.session.scalars(select(named.c.id).limit(CLIENTS + 1)))
    if len(ids) > CLIENTS:
        yield _of(EmailMessage.client_id.in_(select(named.c.id)), many=True)
    elif ids:
        yield _of(EmailMessage.client_id.in_(ids))


def _named(text: str) -> Iterator[Select[int]]:
    """The clients, each way by an index of its own."""
    yield select(Client.id).where(contains(Client.name, text))
    yield select(Client.id).where(Client.code == text)
    document = text.translate(_SIGNS).upper()
    digits = sum(char.isdigit() for char in document)
    if digits >= SHORTEST and digits * 2 >= len(document):  # a CNPJ may hold letters
        yield select(Client.id).where(Client.cpf_cnpj.contains(document, autoescape=True))


def _recipients(text: str) -> Iterator[_Place]:
    if len(text) >= SHORTEST and " " not in text:
        yield _of(starts_with(EmailMessage.recipient, text.lower()))  # kept in lower case


def _of(condition: ColumnElement[bool], *, many: bool = False) -> _Place:
    return _Place(select(EmailMessage.id).where(condition), condition, many)


def _titles(text: str) -> Iterator[_Place]:
    return map(_carrying, numbered(text))


def _carrying(condition: ColumnElement[bool]) -> _Place:
    titles = (
        select(MessageReceivable.message_id)
        .join(Receivable, Receivable.id == MessageReceivable.receivable_id)
        .where(condition)
    )
    holds = titles.where(MessageReceivable.message_id == EmailMessage.id)
    return _Place(titles, holds.correlate(EmailMessage).exists())
