"""Pages of the contracts: list, abas Dados and Faturamento, Novo, a client's contracts, import."""

from flask import Blueprint, Flask, current_app, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.clients import queries as clients
from portal.clients.import_pages import Importer, add_import_pages
from portal.contracts import labels, queries, service
from portal.contracts.csv_import import COLUMNS
from portal.contracts.forms import (
    HELP,
    BillingForm,
    ContractForm,
    DataForm,
    NewContractForm,
    billing_form,
)
from portal.contracts.models import Contract
from portal.contracts.queries import ContractFilters
from portal.core import clock
from portal.core.errors import Conflict, InvalidValue
from portal.settings import service as settings
from portal.web.context import portal_today
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires
from portal.web.search import add_source

bp = Blueprint("contracts", __name__)
SECTION = "contracts"
IMPORTER = Importer(
    kind=SECTION,
    noun="contratos",
    url="/contratos/importar",
    columns=COLUMNS,
    check=service.check_file,
    run=service.import_file,
)
add_import_pages(bp, IMPORTER)


def register(app: Flask) -> None:
    """Add the pages to the application, and the contracts to the search."""
    app.register_blueprint(bp)
    # A tab of the client's page that only this room can fill.
    app.add_url_rule("/clientes/<int:client_id>/contratos", "clients.contracts", of_client)
    add_source(queries.hits)


@bp.get("/contratos")
@requires(Permission.SEE)
def index() -> ResponseReturnValue:
    """The list, with its filters in the URL."""
    filters = ContractFilters.from_args(request.args)
    return render(
        "contracts/index.html",
        "contracts/_table.html",
        section=SECTION,
        filters=filters,
        labels=labels,
        wallets=[(wallet.id, wallet.name) for wallet in queries.wallets()],
        default=settings.general().default_delivery_type,
        page=queries.search(filters),
        total=queries.total(filters),
    )


@requires(Permission.SEE)
def of_client(client_id: int) -> ResponseReturnValue:
    """Aba Contratos of a client."""
    return render(
        "contracts/of_client.html",
        section="clients",
        client=clients.get(client_id),
        contracts=queries.of_client(client_id),
        default=settings.general().default_delivery_type,
        labels=labels,
    )


@bp.get("/contratos/<int:contract_id>")
@requires(Permission.SEE)
def show(contract_id: int) -> ResponseReturnValue:
    """Aba Dados."""
    contract = queries.get(contract_id)
    return _data_page(contract, DataForm(obj=contract))


@bp.post("/contratos/<int:contract_id>")
@requires(Permission.EDIT_REGISTERS)
def save(contract_id: int) -> ResponseReturnValue:
    """Aba Dados: save."""
    form = DataForm(obj=queries.get(contract_id))
    code = _change(contract_id, form)
    if code == 200:
        return go_to("contracts.show", "Contrato salvo.", contract_id=contract_id)
    return _data_page(queries.get(contract_id), form), code


@bp.get("/contratos/<int:contract_id>/faturamento")
@requires(Permission.SEE)
def billing(contract_id: int) -> ResponseReturnValue:
    """Aba Faturamento."""
    contract = queries.get(contract_id)
    return _billing_page(contract, _billing_form(contract))


@bp.post("/contratos/<int:contract_id>/faturamento")
@requires(Permission.EDIT_REGISTERS)
def save_billing(contract_id: int) -> ResponseReturnValue:
    """Aba Faturamento: save."""
    form = _billing_form(queries.get(contract_id))
    code = _change(contract_id, form)
    if code == 200:
        return go_to(
            "contracts.billing", "Salvo. Vale para os próximos boletos.", contract_id=contract_id
        )
    return _billing_page(queries.get(contract_id), form), code


@bp.get("/contratos/novo")
@requires(Permission.EDIT_REGISTERS)
def new() -> ResponseReturnValue:
    """Novo contrato: `?cliente=` is the code of a client chosen already."""
    return _new_page(_new_form(request.args.get("cliente", "")[:30]))


@bp.post("/contratos/novo")
@requires(Permission.EDIT_REGISTERS)
def create() -> ResponseReturnValue:
    """Novo contrato: save."""
    form = _new_form("")
    if form.validate():
        try:
            contract = service.create(form.values(), current_user, clock.now())
        except InvalidValue as error:
            form.reject(error)
        else:
            return go_to("contracts.show", "Contrato cadastrado.", contract_id=contract.id)
    return _new_page(form), 422


def _change(contract_id: int, form: ContractForm) -> int:
    """Save a form; the status to answer with, the reason being in the form."""
    if not form.validate():
        return 422
    try:
        service.change(contract_id, form.values(), form.seen_version, current_user, clock.now())
    except (InvalidValue, Conflict) as error:
        return form.reject(error)
    return 200


def _billing_form(contract: Contract) -> BillingForm:
    return billing_form(contract, queries.wallets(), settings.general().default_delivery_type)


def _new_form(client_code: str) -> NewContractForm:
    return NewContractForm.empty(
        queries.wallets(),
        settings.general().default_delivery_type,
        client_code,
        portal_today(current_app.config["SETTINGS"], clock.now()),
    )


def _new_page(form: NewContractForm) -> str:
    return render(
        "contracts/new.html",
        section=SECTION,
        form=form,
        help=HELP,
        chosen=clients.by_code(form.client_code.data or ""),
        clients=clients.lookup(""),
    )


def _data_page(contract: Contract, form: DataForm) -> str:
    return render(
        "contracts/show.html",
        section=SECTION,
        contract=contract,
        form=form,
        help=HELP,
        labels=labels,
    )


def _billing_page(contract: Contract, form: BillingForm) -> str:
    return render(
        "contracts/billing.html",
        section=SECTION,
        contract=contract,
        form=form,
        help=HELP,
        labels=labels,
    )
