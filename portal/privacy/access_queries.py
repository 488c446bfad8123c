"""Reads of the access log: who saw whose data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, select

from portal.clients.models import Client, DataAccess
from portal.core.db import db
from portal.core.text import one_line
from portal.users.audit_queries import day, midnight, number
from portal.web.pagination import Page, page_of


@dataclass(frozen=True, slots=True)
class AccessFilters:
    """What the page shows; each part is None or "" when it does not narrow."""

    client: str = ""  # a client's code
    person: int | None = None  # 0: no person (a system, the command line)
    since: date | None = None
    until: date | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> "AccessFilters":
        """From the URL; what cannot be read does not narrow."""
        return cls(
            client=one_line(args.get("cliente", ""))[:30],
            person=number(args.get("pessoa", "")),
            since=day(args.get("de", "")),
            until=day(args.get("ate", "")),
        )


def accesses(filters: AccessFilters, timezone: str, after: int | None) -> Page[DataAccess]:
    """Accesses, newest first."""
    return page_of(_narrowed(filters, timezone), DataAccess.id, after=after)


def clients_of(page: Page[DataAccess]) -> dict[int, Client]:
    """The clients that the page speaks of, by id."""
    ids = {row.client_id for row in page.rows if row.client_id}
    found = db.session.scalars(select(Client).where(Client.id.in_(ids)))
    return {client.id: client for client in found}


def _narrowed(filters: AccessFilters, timezone: str) -> Select[DataAccess]:
    query = select(DataAccess)
    if filters.client:
        wanted = select(Client.id).where(Client.code == filters.client)
        query = query.where(DataAccess.client_id == wanted.scalar_subquery())
    if filters.person is not None:
        user = DataAccess.user_id
        query = query.where(user == filters.person if filters.person else user.is_(None))
    if filters.since:
        query = query.where(DataAccess.at >= midnight(filters.since, timezone))
    if filters.until:
        query = query.where(DataAccess.at < midnight(filters.until + timedelta(1), timezone))
    return query
