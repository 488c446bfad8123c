"""Reads for the clients' pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Select, case, func, or_, select

from portal.clients.labels import ACTIVE_FILTERS, EMAIL_FILTERS
from portal.clients.models import Client, EmailStatus
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.text import one_line
from portal.web.formatters import cpf_cnpj
from portal.web.pagination import Page, after_key, page_of
from portal.web.search import HITS, MAX_QUERY, Hit, Wanted, contains


@dataclass(frozen=True, slots=True)
class ClientFilters:
    """What the list's URL asks for; unknown values count as no filter."""

    text: str = ""
    email: str = ""  # missing | invalid | ok
    active: str = ""  # S | N

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> "ClientFilters":
        """The filters of `?q=&email=&ativo=`."""
        email, active = args.get("email", ""), args.get("ativo", "")
        return cls(
            text=one_line(args.get("q", ""))[:MAX_QUERY],
            email=email if email in EMAIL_FILTERS else "",
            active=active if active in ACTIVE_FILTERS else "",
        )

    @property
    def any(self) -> bool:
        """Whether something is filtered at all."""
        return bool(self.text or self.email or self.active)


def get(client_id: int) -> Client:
    """The client. Raises NotFound."""
    client = db.session.get(Client, client_id)
    if client is None:
        raise NotFound("Este cliente não existe.")
    return client


def search(filters: ClientFilters) -> Page[Client]:
    """One page of the list, the newest first."""
    return page_of(narrowed(select(Client), filters), Client.id, after=after_key())


def total(filters: ClientFilters) -> int:
    """How many clients the filters leave."""
    query = narrowed(select(func.count()).select_from(Client), filters)
    return db.session.scalar(query) or 0


def matches(text: str) -> ColumnElement[bool]:
    """Name, code, document (typed with or without punctuation) or e-mail."""
    document = text.translate(str.maketrans("", "", " .-/")).upper()
    found = [
        contains(Client.name, text),
        Client.code == text,
        Client.emails.contains(text.lower(), autoescape=True),
        contains(Client.invalid_emails, text),
    ]
    if len(document) >= 3 and any(char.isdigit() for char in document):
        found.append(Client.cpf_cnpj.contains(document, autoescape=True))
    return or_(*found)


def hits(wanted: Wanted) -> list[Hit]:
    """Clients for the search of the top bar; notes them for the rooms that are asked next."""
    text = wanted.text
    named = case((contains(Client.name, text), 0), else_=1)  # before those found by e-mail
    query = select(Client).where(matches(text)).order_by(named, Client.name, Client.id).limit(HITS)
    found = db.session.scalars(query).all()
    wanted.client_ids.extend(client.id for client in found)
    return [
        Hit(
            "Clientes",
            client.name,
            " · ".join(
                filter(None, (f"código {client.code}", cpf_cnpj(client.cpf_cnpj), client.emails))
            ),
            url_for("clients.show", client_id=client.id),
        )
        for client in found
    ]


def lookup(text: str) -> list[Client]:
    """The first clients that match, for a lupa; the newest when nothing was typed."""
    query = select(Client).order_by(Client.id.desc()).limit(HITS)
    return list(db.session.scalars(query.where(matches(text)) if text else query))


def by_code(code: str) -> Client | None:
    """The client of a code, if there is one."""
    return db.session.scalars(select(Client).where(Client.code == code)).first()


def same_document(client: Client) -> Client | None:
    """Another client with the same document, if there is one: worth a warning, not a refusal."""
    if client.anonymised_at:
        return None
    query = select(Client).where(Client.cpf_cnpj == client.cpf_cnpj, Client.id != client.id)
    return db.session.scalars(query.order_by(Client.id).limit(1)).first()


def narrowed(query: Select[Any], filters: ClientFilters) -> Select[Any]:
    if filters.text:
        query = query.where(matches(filters.text))
    if filters.email:
        query = query.where(Client.email_status == EmailStatus(filters.email))
    if filters.active:
        query = query.where(Client.active == (filters.active == "S"))
    return query
