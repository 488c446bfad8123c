"""Pages of the parameters: financeiro with its lookup, gerais with abas Empresa and Contratos."""

from flask import Blueprint, Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import Conflict, InvalidValue
from portal.settings import service
from portal.settings.contract_views import add_pages as add_contract_pages
from portal.settings.forms import HELP, CompanyForm, FinancialForm
from portal.settings.logo_views import add_pages as add_logo_pages
from portal.smtp import labels as smtp_labels
from portal.smtp import queries as smtp_queries
from portal.web.htmx import go_to, render, wants_fragment
from portal.web.permissions import Permission, requires

bp = Blueprint("settings", __name__)
add_logo_pages(bp)
add_contract_pages(bp)
GENERAL, FINANCIAL = "settings.general", "settings.financial"


def register(app: Flask) -> None:
    """Add the pages to the application."""
    app.register_blueprint(bp)


@bp.get("/configuracoes/parametros/gerais")
@requires(Permission.SEE)
def general() -> ResponseReturnValue:
    """Aba Empresa."""
    return _company_page(CompanyForm(obj=service.general()))


@bp.post("/configuracoes/parametros/gerais")
@requires(Permission.CONFIGURE)
def save_company() -> ResponseReturnValue:
    """Aba Empresa: save."""
    form = CompanyForm(obj=service.general())
    code = 422
    if form.validate():
        try:
            service.change_company(form.values(), form.seen_version, current_user, clock.now())
        except (InvalidValue, Conflict) as error:
            code = form.reject(error)
        else:
            return go_to("settings.general", "Dados da empresa salvos.")
    return _company_page(form), code


@bp.get("/configuracoes/parametros/financeiro")
@requires(Permission.SEE)
def financial() -> ResponseReturnValue:
    """Parâmetros financeiro."""
    return _financial_page(_financial_form())


@bp.post("/configuracoes/parametros/financeiro")
@requires(Permission.CONFIGURE)
def save_financial() -> ResponseReturnValue:
    """Parâmetros financeiro: save."""
    form = _financial_form()
    code = 422
    if form.validate():
        try:
            service.change_financial(form.values(), form.seen_version, current_user, clock.now())
        except (InvalidValue, Conflict) as error:
            code = form.reject(error)
        else:
            return go_to("settings.financial", "Parâmetros salvos.")
    return _financial_page(form), code


@bp.get("/configuracoes/parametros/financeiro/contas")
@requires(Permission.SEE)
def account_lookup() -> ResponseReturnValue:
    """The rows of the lupa, for what was typed; only of use inside the page."""
    if not wants_fragment():
        return go_to("settings.financial")
    text = request.args.get("q", "")[:100]
    return render_template(
        "settings/_account_rows.html",
        accounts=smtp_queries.search_accounts(text),
        labels=smtp_labels,
        wanted=text,
    )


def _financial_form() -> FinancialForm:
    accounts = [
        (account.id, f"{account.name} ({smtp_labels.server_text(account)})")
        for account in smtp_queries.all_accounts()
    ]
    return FinancialForm(accounts, obj=service.financial())


def _financial_page(form: FinancialForm) -> str:
    accounts = smtp_queries.all_accounts()
    chosen = next((item for item in accounts if str(item.id) == form.smtp_account_id.data), None)
    return render(
        "settings/financial.html",
        section=FINANCIAL,
        form=form,
        help=HELP,
        accounts=accounts,
        chosen=chosen,
        labels=smtp_labels,
        wanted="",
    )


def _company_page(form: CompanyForm) -> str:
    return render("settings/company.html", section=GENERAL, form=form, help=HELP)
