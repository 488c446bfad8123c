"""Reads for the pages of people and of the audit trail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.users.audit_words import AREAS
from portal.users.models import EndedSession, User
from portal.web.pagination import Page, page_of

NOBODY = "0"  # the filter's word for what the command line and the system did


def everybody() -> Sequence[User]:
    """All people: the active first, then by name."""
    return db.session.scalars(select(User).order_by(User.active.desc(), User.name, User.id)).all()


def of_session(user_id: int, version: int, session_id: str | None) -> User | None:
    """The active person of a session that neither they nor a password change has ended."""
    query = select(User).where(User.id == user_id, User.session_version == version, User.active)
    if session_id:
        query = query.where(~select(1).where(EndedSession.id == session_id).exists())
    return db.session.scalar(query)


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """What the audit page shows; each part is None when it does not narrow."""

    person: int | None = None  # 0: nobody signed in (the command line)
    area: str | None = None
    since: date | None = None
    until: date | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> "AuditFilters":
        """From the URL; what cannot be read does not narrow."""
        person, area = args.get("pessoa", ""), args.get("area", "")
        return cls(
            person=int(person) if person.isdecimal() and len(person) < 10 else None,
            area=area if area in AREAS else None,
            since=_day(args.get("de", "")),
            until=_day(args.get("ate", "")),
        )


def audit_page(filters: AuditFilters, timezone: str, after: int | None) -> Page[AuditEvent]:
    """Events, newest first."""
    query = select(AuditEvent)
    if filters.person is not None:
        actor = AuditEvent.actor_id
        query = query.where(actor == filters.person if filters.person else actor.is_(None))
    if filters.area:
        query = query.where(AuditEvent.action.startswith(f"{filters.area}.", autoescape=True))
    if filters.since:
        query = query.where(AuditEvent.at >= _midnight(filters.since, timezone))
    if filters.until:
        query = query.where(AuditEvent.at < _midnight(filters.until + timedelta(1), timezone))
    return page_of(query, AuditEvent.id, after=after)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None


def _midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
