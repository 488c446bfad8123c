"""What happened to a client, from every table that knows: one small read for each source."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import load_only

from portal.contracts.models import Contract
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.money import format_brl
from portal.deliveries.models import Bounce, DeliveryAttempt, EmailMessage
from portal.deliveries.timeline import Entry, Place, Theme, TimelinePage, merged
from portal.receivables.models import Receivable
from portal.users import audit_words
from portal.web.formatters import day

SIZE = 50
MAX_CHANGES = 8  # columns of one change that are told
WHO = ("receivables.settle", "receivables.cancel")


def page(
    client_id: int, themes: frozenset[Theme], after: Place | None, size: int = SIZE
) -> TimelinePage:
    """One page of what happened to the client, about these themes, newest first."""
    found: list[Entry] = []
    for rank, (theme, source) in enumerate(SOURCES):
        if theme in themes:
            found += source(client_id, rank, after, size + 1)
    return merged(found, after, size)


def tries_of(entries: Sequence[Entry]) -> dict[int, list[DeliveryAttempt]]:
    """Message id → its tries in order, for the e-mails among the entries."""
    ids = [entry.id for entry in entries if entry.event == "email"]
    tries: dict[int, list[DeliveryAttempt]] = {message_id: [] for message_id in ids}
    query = select(DeliveryAttempt).where(DeliveryAttempt.message_id.in_(ids))
    for attempt in db.session.scalars(query.order_by(DeliveryAttempt.id)):
        tries[attempt.message_id].append(attempt)
    return tries


def actors_of(entries: Sequence[Entry]) -> Mapping[tuple[str, int], str]:
    """(event, title id) → who settled or cancelled it, where the audit trail tells."""
    ids = [entry.id for entry in entries if entry.event in ("settled", "cancelled")]
    rows = db.session.execute(
        select(AuditEvent.action, AuditEvent.entity_id, AuditEvent.actor_name)
        .where(
            AuditEvent.entity == "receivable",
            AuditEvent.entity_id.in_(ids),
            AuditEvent.action.in_(WHO),
        )
        .order_by(AuditEvent.id)
    )
    names = dict(zip(WHO, ("settled", "cancelled"), strict=True))
    return {(names[action], row_id): who for action, row_id, who in rows if row_id is not None}


def _older(moment: Any, row: Any, rank: int, after: Place | None) -> ColumnElement[bool]:
    """The rows of a source that come after a place."""
    if after is None:
        return moment.is_not(None)  # type: ignore[no-any-return]
    if rank < after.rank:
        return moment <= after.at  # type: ignore[no-any-return]
    if rank > after.rank:
        return moment < after.at  # type: ignore[no-any-return]
    return or_(moment < after.at, and_(moment == after.at, row < after.id))


def _newest(
    query: Select[*tuple[Any, ...]],
    moment: Any,
    row: Any,
    rank: int,
    after: Place | None,
    limit: int,
) -> Select[*tuple[Any, ...]]:
    return (
        query.where(_older(moment, row, rank, after))
        .order_by(moment.desc(), row.desc())
        .limit(limit)
    )


Source = Callable[[int, int, Place | None, int], list[Entry]]


def _titles(event: str, moment: Any, *more: ColumnElement[bool]) -> Source:
    """Titles of the client by one of their moments."""

    def source(client_id: int, rank: int, after: Place | None, limit: int) -> list[Entry]:
        query = select(
            moment,
            Receivable.id,
            Receivable.document_number,
            Receivable.amount,
            Receivable.due_date,
        ).where(Receivable.client_id == client_id, *more)
        rows = db.session.execute(_newest(query, moment, Receivable.id, rank, after, limit))
        return [
            Entry(
                Place(at, rank, row_id),
                event,
                f"Título {number}",
                f"{format_brl(amount)}, vence em {day(due)}",
            )
            for at, row_id, number, amount, due in rows
        ]

    return source


def _reopened(client_id: int, rank: int, after: Place | None, limit: int) -> list[Entry]:
    titles = select(Receivable.id).where(Receivable.client_id == client_id)
    query = select(AuditEvent).where(
        AuditEvent.entity == "receivable",
        AuditEvent.entity_id.in_(titles),
        AuditEvent.action == "receivables.reopen",
    )
    rows = db.session.scalars(_newest(query, AuditEvent.at, AuditEvent.id, rank, after, limit))
    return [
        Entry(Place(row.at, rank, row.id), "reopened", row.summary, who=row.actor_name)
        for row in rows
    ]


def _emails(client_id: int, rank: int, after: Place | None, limit: int) -> list[Entry]:
    message = EmailMessage
    query = (
        select(message)
        .options(
            load_only(
                message.created_at,
                message.recipient,
                message.subject,
                message.state,
                message.requested_by,
            )
        )
        .where(message.client_id == client_id)
    )
    rows = db.session.scalars(_newest(query, message.created_at, message.id, rank, after, limit))
    return [
        Entry(
            Place(row.created_at, rank, row.id),
            "email",
            row.subject or "E-mail de boletos",
            f"a {row.recipient}",
            row.requested_by,
            row.state.value,
        )
        for row in rows
    ]


def _bounces(client_id: int, rank: int, after: Place | None, limit: int) -> list[Entry]:
    query = (
        select(Bounce.received_at, Bounce.id, Bounce.recipient, Bounce.message_id, Bounce.action)
        .join(EmailMessage, EmailMessage.id == Bounce.message_id)
        .where(EmailMessage.client_id == client_id)
    )
    rows = db.session.execute(_newest(query, Bounce.received_at, Bounce.id, rank, after, limit))
    return [
        Entry(Place(at, rank, row_id), action, f"E-mail a {recipient}", state=str(message_id))
        for at, row_id, recipient, message_id, action in rows
    ]


def _register(client_id: int, rank: int, after: Place | None, limit: int) -> list[Entry]:
    contracts = select(Contract.id).where(Contract.client_id == client_id)
    of_client = and_(AuditEvent.entity == "client", AuditEvent.entity_id == client_id)
    of_contract = and_(AuditEvent.entity == "contract", AuditEvent.entity_id.in_(contracts))
    query = select(AuditEvent).where(or_(of_client, of_contract))
    rows = db.session.scalars(_newest(query, AuditEvent.at, AuditEvent.id, rank, after, limit))
    return [
        Entry(
            Place(row.at, rank, row.id),
            "register",
            _what(row),
            _changes(row),
            row.actor_name,
        )
        for row in rows
    ]


def _what(event: AuditEvent) -> str:
    return f"{audit_words.area(event.action)}: {audit_words.verb(event.action)} {event.summary}"


def _changes(event: AuditEvent) -> str:
    """From what to what; a new record says everything on its own page."""
    if event.action.endswith((".create", ".erase", ".anonymise")):
        return ""
    names = list(event.changes)
    told = [audit_words.change(event, name) for name in names[:MAX_CHANGES]]
    rest = len(names) - len(told)
    return "; ".join(told) + (f"; e mais {rest}" if rest else "")


# At the same moment, what stands further down happened later.
SOURCES: tuple[tuple[Theme, Source], ...] = (
    (Theme.REGISTER, _register),
    (Theme.TITLES, _titles("created", Receivable.created_at)),
    (Theme.EMAILS, _emails),
    (Theme.PAYMENTS, _titles("settled", Receivable.settled_at)),
    (Theme.PAYMENTS, _reopened),
    (Theme.TITLES, _titles("cancelled", Receivable.cancelled_at, Receivable.undone_at.is_(None))),
    (Theme.TITLES, _titles("undone", Receivable.undone_at)),
    (Theme.BOUNCES, _bounces),
)
