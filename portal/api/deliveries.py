"""The e-mail log through the API: list, one message with its tries, resend, cancel."""

from collections.abc import Mapping
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from portal.api import cursors
from portal.api.clients import CODE, moment
from portal.api.clients import by_code as client_by_code
from portal.api.endpoint import Call, Reply, endpoint, listed
from portal.api.schema import (
    COUNT,
    DAY,
    ID,
    LONG,
    MOMENT,
    Choice,
    Field,
    ListOf,
    Maybe,
    Record,
    Text,
    Type,
    answer,
)
from portal.api.scopes import Scope
from portal.clients.models import Client
from portal.core.errors import InvalidValue, NotFound
from portal.deliveries import log_queries, service
from portal.deliveries.cause_names import SHORT
from portal.deliveries.forms import LogFilters
from portal.deliveries.models import DeliveryAttempt, EmailMessage
from portal.deliveries.states import Kind, State
from portal.web.context import portal_today
from portal.web.pagination import page_of
from portal.web.search import MAX_QUERY

_COLUMNS: Mapping[str, Type] = {
    "id": ID,
    "kind": Choice(tuple(Kind)),
    "client_code": Maybe(CODE),
    "generation_id": Maybe(ID),
    "receivables": ListOf(ID),
    "recipient": LONG,
    "subject": LONG,
    "state": Choice(tuple(State)),
    "reason": LONG,
    "cause": LONG,
    "reply": LONG,
    "attempts": COUNT,
    "message_id": LONG,
    "requested_by": LONG,
    "created_at": MOMENT,
    "next_attempt_at": Maybe(MOMENT),
    "accepted_at": Maybe(MOMENT),
}
MESSAGE = answer("Delivery", **_COLUMNS)
ATTEMPT = answer(
    "DeliveryAttempt",
    number=COUNT,
    started_at=MOMENT,
    stage=LONG,
    outcome=LONG,
    code=Maybe(COUNT),
    reply=LONG,
    cause=LONG,
    milliseconds=COUNT,
)
WHOLE = answer("DeliveryWithAttempts", **_COLUMNS, tries=ListOf(ATTEMPT))
FILTERS = Record(
    "DeliveryFilters",
    {
        "q": Field(Text(MAX_QUERY), "Destinatário, cliente, assunto, documento ou nosso número"),
        "state": Field(Choice(tuple(State), State), "Estado"),
        "cause": Field(Choice(tuple(SHORT)), "Causa"),
        "client_code": Field(CODE, "Só os deste cliente"),
        "generation_id": Field(ID, "Só os desta geração"),
        "created_from": Field(DAY, "Criados a partir deste dia"),
        "created_to": Field(DAY, "Criados até este dia, incluído"),
        **cursors.PAGING,
    },
)
PAGE = cursors.page_record("DeliveryPage", MESSAGE)


@endpoint("GET", "/deliveries", Scope.DELIVERIES_READ, "Lista e-mails", PAGE, query=FILTERS)
def index(call: Call) -> Reply:
    """The messages that the filters leave, the newest first."""
    settings = current_app.config["SETTINGS"]
    filters, today = _filters(call.query), portal_today(settings, call.now)
    query = log_queries.narrowed(select(EmailMessage), filters, today, settings.timezone)
    query = query.options(
        *log_queries.row_options(),
        joinedload(EmailMessage.client).load_only(Client.code),
        selectinload(EmailMessage.links),
    )
    after, size = cursors.unpack("deliveries", call.query), cursors.size(call.query)
    page = page_of(query, EmailMessage.id, after=after, size=size)
    return listed(call, "deliveries", page, show)


@endpoint(
    "GET", "/deliveries/<int:id>", Scope.DELIVERIES_READ, "Lê um e-mail e as tentativas", WHOLE
)
def read(call: Call, id: int) -> Reply:
    """One message with its tries."""
    message = log_queries.get(id)
    body = show(message) | {"tries": [_attempt(item) for item in message.tries]}
    return Reply(body, client_id=message.client_id)


@endpoint(
    "POST",
    "/deliveries/<int:id>/resend",
    Scope.DELIVERIES_WRITE,
    "Põe de volta na fila um e-mail que falhou, ficou incerto, expirou ou foi devolvido",
    MESSAGE,
    status=202,
    again=lambda path: show(log_queries.get(int(path.rpartition("/")[2]))),
)
def resend(call: Call, id: int) -> Reply:
    """Send again, once a key."""
    path = f"/deliveries/{id}"
    call.promise(202, path)
    message = service.resend(id, call.actor, call.now)
    return Reply(show(message), path=path, client_id=message.client_id)


@endpoint(
    "POST",
    "/deliveries/<int:id>/cancel",
    Scope.DELIVERIES_WRITE,
    "Cancela um e-mail que ainda espera",
    MESSAGE,
)
def cancel(call: Call, id: int) -> Reply:
    """Do not send."""
    message = service.cancel(id, call.actor, call.now)
    return Reply(show(message), client_id=message.client_id)


def show(message: EmailMessage) -> dict[str, Any]:
    """A message as JSON; never its text."""
    return {
        "id": message.id,
        "kind": message.kind.value,
        "client_code": message.client.code if message.client else None,
        "generation_id": message.generation_id,
        "receivables": [link.receivable_id for link in message.links],
        "recipient": message.recipient,
        "subject": message.subject,
        "state": message.state.value,
        "reason": message.reason,
        "cause": message.cause,
        "reply": message.reply,
        "attempts": message.attempts,
        "message_id": message.message_id,
        "requested_by": message.requested_by,
        "created_at": moment(message.created_at),
        "next_attempt_at": moment(message.next_attempt_at),
        "accepted_at": moment(message.accepted_at),
    }


def _attempt(item: DeliveryAttempt) -> dict[str, Any]:
    return {
        "number": item.number,
        "started_at": moment(item.started_at),
        "stage": item.stage,
        "outcome": item.outcome,
        "code": item.code,
        "reply": item.reply,
        "cause": item.cause,
        "milliseconds": item.milliseconds,
    }


def _filters(wanted: Mapping[str, Any]) -> LogFilters:
    try:
        client = client_by_code(wanted["client_code"]).id if "client_code" in wanted else None
    except NotFound as error:
        raise InvalidValue("client_code", str(error)) from None
    return LogFilters(
        text=wanted.get("q", "").strip(),
        state=wanted.get("state"),
        cause=wanted.get("cause", ""),
        client_id=client,
        generation_id=wanted.get("generation_id"),
        since=wanted.get("created_from"),
        until=wanted.get("created_to"),
    )
