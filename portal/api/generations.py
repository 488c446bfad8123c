"""Gerar financeiro through the API: preview, start, read, list."""

from collections.abc import Mapping
from typing import Any

from flask import current_app
from sqlalchemy import select

from portal.api import cursors
from portal.api.clients import CODE, moment
from portal.api.contracts import WALLET
from portal.api.endpoint import Call, Reply, endpoint, listed
from portal.api.schema import (
    COUNT,
    ID,
    LONG,
    MOMENT,
    MONTH,
    TOTAL,
    Choice,
    Counts,
    Field,
    Flag,
    Integer,
    ListOf,
    Maybe,
    Record,
    Text,
    Type,
    answer,
)
from portal.api.scopes import Scope
from portal.contracts.schedule import MAX_INSTALLMENTS
from portal.core.errors import InvalidValue, NotFound
from portal.generation import queries, service
from portal.generation.models import Generation, GenerationState
from portal.generation.orders import Order
from portal.generation.planning import make_plan
from portal.web.context import portal_today
from portal.web.pagination import page_of

MAX_CODES = 1000
ORDER = Record(
    "GenerationOrder",
    {
        "competence": Field(MONTH, "Primeiro mês, como “2026-12”", required=True),
        "installments": Field(Integer(1, MAX_INSTALLMENTS), "Meses seguidos; sem ele, 1"),
        "contract_codes": Field(ListOf(CODE, MAX_CODES), "Só estes contratos"),
        "client_codes": Field(ListOf(CODE, MAX_CODES), "Só estes clientes"),
        "wallet": Field(WALLET, "Só contratos desta carteira"),
        "plan": Field(Text(120), "Só contratos deste plano"),
        "city": Field(Text(80), "Só clientes desta cidade"),
        "due_day": Field(Integer(1, 31), "Só este dia de vencimento"),
        "pilot": Field(Integer(1, 100_000), "Grupo piloto: só tantos clientes"),
        "rest": Field(Flag(), "Todos menos o grupo piloto"),
    },
)
_NUMBERS: Mapping[str, Type] = {
    "contracts": COUNT,
    "receivables": COUNT,
    "amount": TOTAL,
    "emails": COUNT,
    "printed": COUNT,
    "not_sent": Counts(),
    "not_generated": Counts(),
    "messages": COUNT,
}
PREVIEW = answer("GenerationPreview", **_NUMBERS)
GENERATION = answer(
    "Generation",
    id=ID,
    state=Choice(tuple(GenerationState)),
    competence=MONTH,
    installments=Integer(1, MAX_INSTALLMENTS),
    requested_by=LONG,
    created_at=MOMENT,
    finished_at=Maybe(MOMENT),
    expected=COUNT,
    error=LONG,
    **_NUMBERS,
)
PAGING = Record("GenerationFilters", {**cursors.PAGING})
PAGE = cursors.page_record("GenerationPage", GENERATION)


@endpoint(
    "POST",
    "/generations/preview",
    Scope.GENERATE,
    "Simula: o que seria gerado, enviado e não enviado; nada é gravado",
    PREVIEW,
    body=ORDER,
    reads=True,
)
def preview(call: Call) -> Reply:
    """What a run would do now."""
    today = portal_today(current_app.config["SETTINGS"], call.now)
    try:
        plan = make_plan(_order(call.body), today, call.now)
        return Reply(plan.to_dict() | {"amount": f"{plan.amount:.2f}"})
    except NotFound as error:
        raise InvalidValue("", str(error)) from None


@endpoint(
    "POST",
    "/generations",
    Scope.GENERATE,
    "Gera o financeiro e envia os boletos; o trabalho segue depois da resposta",
    GENERATION,
    body=ORDER,
    status=202,
    again=lambda path: show(queries.get(int(path.rpartition("/")[2]))),
)
def start(call: Call) -> Reply:
    """Ask for a run; the same Idempotency-Key is the same run, whatever happened in between."""
    today = portal_today(current_app.config["SETTINGS"], call.now)
    key = call.hold.run_key() if call.hold else ""
    try:
        run = service.request(
            _order(call.body), today=today, actor=call.actor, now=call.now, key=key
        )
    except NotFound as error:
        raise InvalidValue("", str(error)) from None
    answered = show(run)
    service.start(run.id)
    return Reply(answered, path=f"/generations/{answered['id']}")


@endpoint("GET", "/generations", Scope.GENERATE, "Lista gerações", PAGE, query=PAGING)
def index(call: Call) -> Reply:
    """The runs, the newest first."""
    after, size = cursors.unpack("generations", call.query), cursors.size(call.query)
    page = page_of(select(Generation), Generation.id, after=after, size=size)
    return listed(call, "generations", page, show)


@endpoint("GET", "/generations/<int:id>", Scope.GENERATE, "Acompanha uma geração", GENERATION)
def read(call: Call, id: int) -> Reply:
    """One run, as far as it is."""
    return Reply(show(queries.get(id)))


def show(run: Generation) -> dict[str, Any]:
    """A run as JSON."""
    numbers = queries.to_dict(run)
    return {
        "id": numbers.pop("generation_id"),
        "state": run.state.value,
        "competence": f"{run.competence:%Y-%m}",
        "installments": run.installments,
        "requested_by": run.requested_by,
        "created_at": moment(run.created_at),
        "finished_at": moment(run.finished_at),
        "expected": run.expected,
        "error": run.error,
        **numbers,
        "amount": f"{run.amount:.2f}",
    }


def _order(body: Mapping[str, Any]) -> Order:
    return Order(
        competence=body["competence"],
        installments=body.get("installments", 1),
        contract_codes=tuple(dict.fromkeys(body.get("contract_codes", ()))),
        client_codes=tuple(dict.fromkeys(body.get("client_codes", ()))),
        wallet_name=body.get("wallet", ""),
        plan=body.get("plan", ""),
        city=body.get("city", ""),
        due_day=body.get("due_day"),
        limit=body.get("pilot"),
        rest=body.get("rest", False),
    )
