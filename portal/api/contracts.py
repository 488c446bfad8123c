"""Contracts through the API: list, read, create, change, and why a boleto is (not) e-mailed."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from portal.api import cursors
from portal.api.clients import CODE, moment
from portal.api.endpoint import Call, Reply, endpoint, listed
from portal.api.schema import (
    COUNT,
    DAY,
    ID,
    LONG,
    MOMENT,
    MONEY,
    MONTH,
    TOTAL,
    Choice,
    Field,
    Flag,
    Integer,
    ListOf,
    Maybe,
    Record,
    Text,
    answer,
)
from portal.api.scopes import Scope
from portal.clients.models import Client
from portal.contracts import queries, service
from portal.contracts.labels import DELIVERY_FILTERS
from portal.contracts.models import Contract, ContractStatus
from portal.contracts.queries import ContractFilters
from portal.core.db import db
from portal.core.errors import InvalidValue, NotFound
from portal.core.text import one_line
from portal.deliveries.eligibility import Status, client_email
from portal.deliveries.explain import explain_contract
from portal.settings.models import DeliveryType
from portal.wallets.models import Wallet
from portal.web.pagination import page_of
from portal.web.search import MAX_QUERY

WALLET = Text(80, least=1)
DELIVERY = Choice(tuple(DeliveryType), DeliveryType)
_WRITTEN = {
    "plan": Field(Text(120), "Nome do plano"),
    "amount": Field(MONEY, "Valor mensal em reais, como “119.90”", required=True),
    "due_day": Field(Integer(1, 31), "Nos meses mais curtos vale o último dia", required=True),
    "wallet": Field(WALLET, "Nome da carteira de cobrança", required=True),
    "delivery_type": Field(Maybe(DELIVERY), "null segue Parâmetros gerais"),
    "status": Field(Choice(tuple(ContractStatus), ContractStatus), "Só os ativos geram financeiro"),
    "activated_on": Field(DAY, "Data de ativação", required=True),
}
_EMPTY = {"plan": "", "delivery_type": None, "status": ContractStatus.ACTIVE}
NEW = Record(
    "NewContract",
    {
        "code": Field(CODE, "O código do contrato no seu sistema", required=True),
        "client_code": Field(CODE, "O código do cliente", required=True),
        **_WRITTEN,
    },
)
CHANGE = Record(
    "ContractChange", {name: Field(rule.type, rule.help) for name, rule in _WRITTEN.items()}
)
CONTRACT = answer(
    "Contract",
    code=CODE,
    client_code=CODE,
    plan=LONG,
    amount=TOTAL,
    due_day=Integer(1, 31),
    wallet=LONG,
    delivery_type=Maybe(Choice(tuple(DeliveryType))),
    status=Choice(tuple(ContractStatus)),
    activated_on=DAY,
    version=COUNT,
    created_at=MOMENT,
)
FILTERS = Record(
    "ContractFilters",
    {
        "q": Field(Text(MAX_QUERY), "Código, plano ou (com clients:read) cliente"),
        "client_code": Field(CODE, "Só os deste cliente"),
        "status": Field(Choice(tuple(ContractStatus)), "Situação"),
        "wallet": Field(WALLET, "Nome da carteira"),
        "delivery_type": Field(Choice(tuple(DELIVERY_FILTERS)), "Tipo de envio; inherit: padrão"),
        "city": Field(Text(MAX_QUERY), "Cidade do cliente"),
        **cursors.PAGING,
    },
)
PAGE = cursors.page_record("ContractPage", CONTRACT)
REQUIREMENT = answer(
    "Requirement", code=Text(60), status=Choice(tuple(Status)), evidence=LONG, fix_url=LONG
)
EXPLANATION = answer(
    "Explanation",
    ready=Flag(),
    competence=MONTH,
    requirements=ListOf(REQUIREMENT),
    last_generated=Maybe(
        answer(
            "LastGenerated",
            receivable=ID,
            competence=MONTH,
            undone_at=Maybe(MOMENT),
            requirements=ListOf(REQUIREMENT),
        )
    ),
)
# What a token that may not read clients is told in place of their addresses.
EMAIL_WORDS: Mapping[str, str] = {
    Status.OK: "cliente com e-mail",
    Status.WARNING: "cliente com e-mail, e com outro que é inválido",
    Status.BLOCKED: "cliente sem e-mail válido",
}
MONTH_ONLY = Record("ExplainMonth", {"competence": Field(MONTH, "Mês; sem ele, o próximo")})


@endpoint("GET", "/contracts", Scope.CONTRACTS_READ, "Lista contratos", PAGE, query=FILTERS)
def index(call: Call) -> Reply:
    """The contracts that the filters leave, the newest first."""
    wanted = call.query
    filters = ContractFilters(
        text=wanted.get("q", "").strip(),
        status=wanted.get("status", ""),
        wallet_id=_wallet_id(wanted["wallet"]) if "wallet" in wanted else None,
        delivery=wanted.get("delivery_type", ""),
        city=wanted.get("city", "").strip(),
        by_client=Scope.CLIENTS_READ in call.actor.scopes,
    )
    query = queries.narrowed(select(Contract).join(Contract.client), filters)
    if "client_code" in wanted:
        query = query.where(Client.code == wanted["client_code"])
    query = query.options(contains_eager(Contract.client), joinedload(Contract.wallet))
    after, size = cursors.unpack("contracts", wanted), cursors.size(wanted)
    return listed(call, "contracts", page_of(query, Contract.id, after=after, size=size), show)


@endpoint("GET", "/contracts/<path:code>", Scope.CONTRACTS_READ, "Lê um contrato", CONTRACT)
def read(call: Call, code: str) -> Reply:
    """One contract."""
    contract = by_code(code)
    return Reply(show(contract), client_id=contract.client_id)


@endpoint(
    "GET",
    "/contracts/<path:code>/explain",
    Scope.CONTRACTS_READ,
    "Diz se o boleto seria enviado por e-mail, e por que não",
    EXPLANATION,
    query=MONTH_ONLY,
)
def explain(call: Call, code: str) -> Reply:
    """The rule's words for one contract."""
    contract = by_code(code)
    told = explain_contract(code, call.query.get("competence"), call.now)
    if Scope.CLIENTS_READ not in call.actor.scopes:
        last = told["last_generated"]
        told["requirements"] = _without_addresses(told["requirements"])
        if last:
            last["requirements"] = _without_addresses(last["requirements"])
    return Reply(told, client_id=contract.client_id)


@endpoint(
    "POST",
    "/contracts",
    Scope.CONTRACTS_WRITE,
    "Cadastra um contrato",
    CONTRACT,
    body=NEW,
    status=201,
    again=lambda path: show(by_code(unquote(path.removeprefix("/contracts/")))),
)
def create(call: Call) -> Reply:
    """A new contract."""
    values = {**_EMPTY, **call.body}
    call.promise(201, f"/contracts/{quote(one_line(values['code']), safe='')}")
    contract = service.create(_columns(values), call.actor, call.now)
    return Reply(show(contract), path=f"/contracts/{quote(contract.code, safe='')}")


@endpoint(
    "PATCH",
    "/contracts/<path:code>",
    Scope.CONTRACTS_WRITE,
    "Altera um contrato; o que já foi gerado fica como está",
    CONTRACT,
    body=CHANGE,
    match=True,
)
def change(call: Call, code: str) -> Reply:
    """Some of a contract's fields."""
    contract_id = by_code(code).id
    values = _columns(call.body)
    return Reply(show(service.change(contract_id, values, call.version, call.actor, call.now)))


def by_code(code: str) -> Contract:
    """The contract of a code. Raises NotFound."""
    query = select(Contract).where(Contract.code == code)
    query = query.options(joinedload(Contract.client), joinedload(Contract.wallet))
    contract = db.session.scalars(query).first()
    if contract is None:
        raise NotFound(f"Não há contrato com o código {code[:30]}.")
    return contract


def show(contract: Contract) -> dict[str, Any]:
    """A contract as JSON."""
    return {
        "code": contract.code,
        "client_code": contract.client.code,
        "plan": contract.plan,
        "amount": f"{contract.amount:.2f}",
        "due_day": contract.due_day,
        "wallet": contract.wallet.name,
        "delivery_type": contract.delivery_type.value if contract.delivery_type else None,
        "status": contract.status.value,
        "activated_on": contract.activated_on.isoformat(),
        "version": contract.version,
        "created_at": moment(contract.created_at),
    }


def _without_addresses(requirements: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return [
        {**item, "evidence": EMAIL_WORDS[item["status"]]}
        if item["code"] == client_email.__name__
        else item
        for item in requirements
    ]


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """As the service takes them: the wallet by its id."""
    columns = dict(values)
    if "wallet" in columns:
        columns["wallet_id"] = _wallet_id(columns.pop("wallet"))
    return columns


def _wallet_id(name: str) -> int:
    wallet_id = db.session.scalar(select(Wallet.id).where(Wallet.name == name))
    if wallet_id is None:
        raise InvalidValue("wallet", f"Não há carteira com o nome “{name}”.")
    return wallet_id
