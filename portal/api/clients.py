"""Clients through the API: list, read, create, change."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import select

from portal.api import cursors
from portal.api.endpoint import Call, Reply, endpoint, listed
from portal.api.schema import (
    COUNT,
    LONG,
    MOMENT,
    Choice,
    Field,
    Flag,
    ListOf,
    Maybe,
    Record,
    Text,
    Type,
    answer,
)
from portal.api.scopes import Scope
from portal.clients import queries, service
from portal.clients.csv_import import STATES, is_postal_code
from portal.clients.models import Client, EmailStatus
from portal.clients.queries import ClientFilters
from portal.core.errors import InvalidValue, NotFound
from portal.core.text import one_line
from portal.web.pagination import page_of
from portal.web.search import MAX_QUERY

CODE = Text(30, least=1)
MAX_EMAILS = 20


def _postal_code(text: str) -> str:
    if text and not is_postal_code(text):
        raise InvalidValue("postal_code", "O CEP tem 8 dígitos: escreva como 13010-000.")
    return text


# The texts that a client may leave out: size by name, as the form has them.
_SIZES = {
    "phone": 40,
    "address": 200,
    "number": 20,
    "complement": 80,
    "district": 80,
    "city": 80,
}
_WRITTEN: Mapping[str, Type] = {
    "name": Text(160, least=1),
    "cpf_cnpj": Text(30, least=1),
    "emails": ListOf(Text(254, least=1), MAX_EMAILS),
    **{name: Text(size) for name, size in _SIZES.items()},
    "state": Choice(("", *STATES)),
    "postal_code": Text(10, parse=_postal_code),
    "active": Flag(),
}
HELP = {
    "code": "O código do cliente no seu sistema; não muda depois",
    "cpf_cnpj": "Com ou sem pontuação; o CNPJ pode ter letras",
    "emails": "Todos recebem o boleto",
    "state": "UF, ou vazio",
    "postal_code": "8 dígitos, com hífen ou sem",
    "active": "Cliente inativo não recebe boletos",
}
_EMPTY = {**dict.fromkeys(_SIZES, ""), "state": "", "postal_code": "", "active": True, "emails": []}
CHANGE = Record(
    "ClientChange", {name: Field(kind, HELP.get(name, "")) for name, kind in _WRITTEN.items()}
)
NEW = Record(
    "NewClient",
    {
        "code": Field(CODE, HELP["code"], required=True),
        **{
            name: Field(kind, HELP.get(name, ""), required=name in ("name", "cpf_cnpj"))
            for name, kind in _WRITTEN.items()
        },
    },
)
CLIENT = answer(
    "Client",
    code=CODE,
    name=LONG,
    cpf_cnpj=Text(14),
    emails=ListOf(Text(254)),
    invalid_emails=LONG,
    email_status=Choice(tuple(EmailStatus)),
    bounced_at=Maybe(MOMENT),
    bounce_reason=LONG,
    **dict.fromkeys(_SIZES, LONG),
    state=Text(2),
    postal_code=Text(8),
    active=Flag(),
    version=COUNT,
    created_at=MOMENT,
)
FILTERS = Record(
    "ClientFilters",
    {
        "q": Field(Text(MAX_QUERY), "Nome, código, documento ou e-mail"),
        "email_status": Field(Choice(tuple(EmailStatus)), "Situação do e-mail"),
        "active": Field(Flag(), "Só os ativos, ou só os inativos"),
        **cursors.PAGING,
    },
)
PAGE = cursors.page_record("ClientPage", CLIENT)


@endpoint("GET", "/clients", Scope.CLIENTS_READ, "Lista clientes", PAGE, query=FILTERS)
def index(call: Call) -> Reply:
    """The clients that the filters leave, the newest first."""
    wanted = call.query
    active = {True: "S", False: "N", None: ""}[wanted.get("active")]
    filters = ClientFilters(
        text=wanted.get("q", "").strip(), email=wanted.get("email_status", ""), active=active
    )
    query = queries.narrowed(select(Client), filters)
    after, size = cursors.unpack("clients", wanted), cursors.size(wanted)
    return listed(call, "clients", page_of(query, Client.id, after=after, size=size), show)


@endpoint("GET", "/clients/<path:code>", Scope.CLIENTS_READ, "Lê um cliente", CLIENT)
def read(call: Call, code: str) -> Reply:
    """One client."""
    client = by_code(code)
    return Reply(show(client), client_id=client.id)


@endpoint(
    "POST",
    "/clients",
    Scope.CLIENTS_WRITE,
    "Cadastra um cliente",
    CLIENT,
    body=NEW,
    status=201,
    again=lambda path: show(by_code(unquote(path.removeprefix("/clients/")))),
)
def create(call: Call) -> Reply:
    """A new client."""
    values = {**_EMPTY, **call.body}
    call.promise(201, f"/clients/{quote(one_line(values['code']), safe='')}")
    client = service.create(_columns(values), call.actor, call.now)
    return Reply(show(client), path=f"/clients/{quote(client.code, safe='')}")


@endpoint(
    "PATCH",
    "/clients/<path:code>",
    Scope.CLIENTS_WRITE,
    "Altera um cliente",
    CLIENT,
    body=CHANGE,
    match=True,
)
def change(call: Call, code: str) -> Reply:
    """Some of a client's fields."""
    client = by_code(code)
    values = {name: getattr(client, name) for name in _WRITTEN if name != "emails"}
    values["emails"] = [*client.email_list, *filter(None, client.invalid_emails.split(", "))]
    changed = service.change(
        client.id, _columns({**values, **call.body}), call.version, call.actor, call.now
    )
    return Reply(show(changed), client_id=client.id)


def by_code(code: str) -> Client:
    """The client of a code. Raises NotFound."""
    client = queries.by_code(code)
    if client is None:
        raise NotFound(f"Não há cliente com o código {code[:30]}.")
    return client


def show(client: Client) -> dict[str, Any]:
    """A client as JSON."""
    return {
        "code": client.code,
        "name": client.name,
        "cpf_cnpj": client.cpf_cnpj,
        "emails": list(client.email_list),
        "invalid_emails": client.invalid_emails,
        "email_status": client.email_status.value,
        "bounced_at": moment(client.bounced_at),
        "bounce_reason": client.bounce_reason,
        **{name: getattr(client, name) for name in _SIZES},
        "state": client.state,
        "postal_code": client.postal_code,
        "active": client.active,
        "version": client.version,
        "created_at": moment(client.created_at),
    }


def moment(value: Any) -> str | None:
    """A moment as ISO 8601 in UTC."""
    return value.isoformat() if value else None


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    return {**values, "emails": "\n".join(values["emails"])}
