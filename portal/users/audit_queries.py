"""Reads of the audit trail: a page of it, or all of it as a file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from portal.core.audit import AuditEvent
from portal.core.csv_writer import write_csv
from portal.users import audit_words as words
from portal.users.audit_words import AREAS, ENTITIES
from portal.web.formatters import moment
from portal.web.pagination import Page, page_of

CHUNK = 500  # events read at once for the file
HEADERS = ("Número", "Quando", "Quem", "Área", "O quê", "Resumo", "Registro", "Antes → depois")


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """What the audit page shows; each part is None when it does not narrow."""

    person: int | None = None  # 0: nobody signed in (the command line)
    area: str | None = None
    entity: str | None = None
    entity_id: int | None = None
    since: date | None = None
    until: date | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> "AuditFilters":
        """From the URL; what cannot be read does not narrow."""
        area, entity = args.get("area", ""), args.get("tipo", "")
        return cls(
            person=number(args.get("pessoa", "")),
            area=area if area in AREAS else None,
            entity=entity if entity in ENTITIES else None,
            entity_id=number(args.get("registro", "")),
            since=day(args.get("de", "")),
            until=day(args.get("ate", "")),
        )


def audit_page(filters: AuditFilters, timezone: str, after: int | None) -> Page[AuditEvent]:
    """Events, newest first."""
    return page_of(_narrowed(filters, timezone), AuditEvent.id, after=after)


def export(filters: AuditFilters, timezone: str) -> bytes:
    """Every event that the filters leave, the newest first, as CSV."""
    return write_csv(HEADERS, _cells(filters, timezone))


def _narrowed(filters: AuditFilters, timezone: str) -> Select[AuditEvent]:
    query: Select[Any] = select(AuditEvent)
    if filters.person is not None:
        actor = AuditEvent.actor_id
        query = query.where(actor == filters.person if filters.person else actor.is_(None))
    if filters.area:
        query = query.where(AuditEvent.action.startswith(f"{filters.area}.", autoescape=True))
    if filters.entity:
        query = query.where(AuditEvent.entity == filters.entity)
    if filters.entity_id is not None:
        query = query.where(AuditEvent.entity_id == filters.entity_id)
        if not filters.entity:  # the index begins with the kind
            query = query.where(AuditEvent.entity.in_(ENTITIES))
    if filters.since:
        query = query.where(AuditEvent.at >= midnight(filters.since, timezone))
    if filters.until:
        query = query.where(AuditEvent.at < midnight(filters.until + timedelta(1), timezone))
    return query


def _cells(filters: AuditFilters, timezone: str) -> Iterator[tuple[str, ...]]:
    after: int | None = None
    while True:
        query = _narrowed(filters, timezone)
        page = page_of(query, AuditEvent.id, after=after, size=CHUNK)
        yield from (_row(event, timezone) for event in page.rows)
        if page.next_after is None:
            return
        after = page.next_after


def _row(event: AuditEvent, timezone: str) -> tuple[str, ...]:
    kind = ENTITIES.get(event.entity, event.entity)
    return (
        str(event.id),
        moment(event.at, timezone),
        event.actor_name,
        words.area(event.action),
        words.verb(event.action),
        event.summary,
        f"{kind} {event.entity_id}" if event.entity_id else "",
        "\n".join(words.change(event, name) for name in event.changes),
    )


def number(text: str) -> int | None:
    """A number of the URL, 0 to 999.999.999; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def day(text: str) -> date | None:
    """A day of the URL, `2026-12-31`; None for anything else."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2100 else None


def midnight(value: date, timezone: str) -> datetime:
    """When the day begins in `timezone`, in UTC."""
    return datetime.combine(value, time(), ZoneInfo(timezone)).astimezone(UTC)
