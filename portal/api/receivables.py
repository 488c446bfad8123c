"""Titles through the API: list, read, the boleto, settle, cancel."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from portal.api import cursors
from portal.api.clients import CODE, moment
from portal.api.clients import by_code as client_by_code
from portal.api.contracts import by_code as contract_by_code
from portal.api.endpoint import Call, Reply, endpoint, listed
from portal.api.schema import (
    DAY,
    ID,
    LONG,
    MOMENT,
    MONTH,
    TOTAL,
    Choice,
    Field,
    Integer,
    Maybe,
    Record,
    Text,
    answer,
)
from portal.api.scopes import Scope
from portal.clients.models import Client
from portal.contracts.models import Contract
from portal.core.errors import InvalidValue, NotFound
from portal.receivables import printing, queries, service
from portal.receivables.forms import TitleFilters, parse_text
from portal.receivables.labels import SENDING_FILTERS
from portal.receivables.models import Receivable, ReceivableStatus
from portal.settings.models import DeliveryType
from portal.wallets.models import Wallet
from portal.web.pagination import page_of
from portal.web.search import MAX_QUERY

TITLE = answer(
    "Receivable",
    id=ID,
    client_code=CODE,
    contract_code=CODE,
    wallet=LONG,
    generation_id=Maybe(ID),
    competence=MONTH,
    installment=Integer(1, 1000),
    installments=Integer(1, 1000),
    amount=TOTAL,
    due_date=DAY,
    status=Choice(tuple(ReceivableStatus)),
    delivery_type=Choice(tuple(DeliveryType)),
    not_sent_code=Text(60),
    document_number=LONG,
    nosso_numero=Maybe(LONG),
    codigo_barras=Text(44),
    linha_digitavel=LONG,
    pix_payload=LONG,
    created_at=MOMENT,
    settled_at=Maybe(MOMENT),
    cancelled_at=Maybe(MOMENT),
    undone_at=Maybe(MOMENT),
)
FILTERS = Record(
    "ReceivableFilters",
    {
        "q": Field(Text(MAX_QUERY), "Cliente, documento, nosso número ou linha digitável"),
        "status": Field(Choice(tuple(ReceivableStatus), ReceivableStatus), "Situação"),
        "sending": Field(
            Choice(tuple(SENDING_FILTERS)), "email, printed, ou o motivo de não ser enviado"
        ),
        "due_from": Field(DAY, "Vencimento a partir deste dia"),
        "due_to": Field(DAY, "Vencimento até este dia, incluído"),
        "client_code": Field(CODE, "Só os deste cliente"),
        "contract_code": Field(CODE, "Só os deste contrato"),
        "generation_id": Field(ID, "Só os desta geração"),
        **cursors.PAGING,
    },
)
REASON = Text(MAX_QUERY, least=1, parse=parse_text)
PAYMENT = Record("Payment", {"paid_on": Field(DAY, "Dia do pagamento; sem ele, hoje")})
CANCELLING = Record(
    "Cancelling", {"reason": Field(REASON, "Por que não é mais devido", required=True)}
)
PAGE = cursors.page_record("ReceivablePage", TITLE)


@endpoint("GET", "/receivables", Scope.RECEIVABLES_READ, "Lista títulos", PAGE, query=FILTERS)
def index(call: Call) -> Reply:
    """The titles that the filters leave, the newest first."""
    query = queries.with_client(select(Receivable))
    query = queries.narrowed(query, _filters(call.query)).options(
        *queries.row_options(),
        contains_eager(Receivable.client).load_only(Client.code),
        joinedload(Receivable.contract).load_only(Contract.code),
        joinedload(Receivable.wallet).load_only(Wallet.name),
    )
    after, size = cursors.unpack("receivables", call.query), cursors.size(call.query)
    page = page_of(query, Receivable.id, after=after, size=size)
    return listed(call, "receivables", page, show)


@endpoint("GET", "/receivables/<int:id>", Scope.RECEIVABLES_READ, "Lê um título", TITLE)
def read(call: Call, id: int) -> Reply:
    """One title."""
    title = queries.get(id)
    return Reply(show(title), client_id=title.client_id)


@endpoint(
    "GET",
    "/receivables/<int:id>/boleto.pdf",
    Scope.RECEIVABLES_READ,
    "O boleto em PDF, como foi gerado",
    None,
)
def boleto(call: Call, id: int) -> Reply:
    """The title's boleto."""
    title = queries.get(id)
    name, client_id = printing.file_name(title), title.client_id
    pdf = printing.pdf_response(printing.pdf_of([title]), name)
    return Reply({}, client_id=client_id, file=pdf)


@endpoint(
    "POST",
    "/receivables/<int:id>/settle",
    Scope.RECEIVABLES_WRITE,
    "Baixa um título como pago; e-mails que esperam não saem",
    TITLE,
    body=PAYMENT,
)
def settle(call: Call, id: int) -> Reply:
    """The title was paid."""
    return Reply(show(service.settle(id, call.actor, call.now, paid_on=call.body.get("paid_on"))))


@endpoint(
    "POST",
    "/receivables/<int:id>/cancel",
    Scope.RECEIVABLES_WRITE,
    "Cancela um título; número e mês continuam usados",
    TITLE,
    body=CANCELLING,
)
def cancel(call: Call, id: int) -> Reply:
    """The title is no longer owed."""
    return Reply(show(service.cancel(id, call.actor, call.now, reason=call.body.get("reason", ""))))


def show(title: Receivable) -> dict[str, Any]:
    """A title as JSON."""
    return {
        "id": title.id,
        "client_code": title.client.code,
        "contract_code": title.contract.code,
        "wallet": title.wallet.name,
        "generation_id": title.generation_id,
        "competence": f"{title.competence:%Y-%m}",
        "installment": title.installment,
        "installments": title.installments,
        "amount": f"{title.amount:.2f}",
        "due_date": title.due_date.isoformat(),
        "status": title.status.value,
        "delivery_type": title.delivery_type.value,
        "not_sent_code": title.not_sent_code,
        "document_number": title.document_number,
        "nosso_numero": title.nosso_numero,
        "codigo_barras": title.codigo_barras,
        "linha_digitavel": title.linha_digitavel,
        "pix_payload": title.pix_payload,
        "created_at": moment(title.created_at),
        "settled_at": moment(title.settled_at),
        "cancelled_at": moment(title.cancelled_at),
        "undone_at": moment(title.undone_at),
    }


def _filters(wanted: Mapping[str, Any]) -> TitleFilters:
    try:
        client = client_by_code(wanted["client_code"]).id if "client_code" in wanted else None
        contract = (
            contract_by_code(wanted["contract_code"]).id if "contract_code" in wanted else None
        )
    except NotFound as error:
        raise InvalidValue("query", str(error)) from None
    return TitleFilters(
        text=wanted.get("q", "").strip(),
        status=wanted.get("status"),
        sending=wanted.get("sending", ""),
        since=wanted.get("due_from"),
        until=wanted.get("due_to"),
        client_id=client,
        contract_id=contract,
        generation_id=wanted.get("generation_id"),
    )
