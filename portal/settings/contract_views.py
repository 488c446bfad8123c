"""Aba Contratos of Parâmetros gerais: what holds for every contract, and municipal holidays."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import Conflict, InvalidValue
from portal.settings import holidays, service
from portal.settings.forms import HELP, ContractsForm, HolidayForm
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires

ADDRESS = "/configuracoes/parametros/gerais/contratos"


def add_pages(bp: Blueprint) -> None:
    """Add the pages to the room's blueprint."""
    bp.add_url_rule(ADDRESS, "contracts", contracts, methods=["GET"])
    bp.add_url_rule(ADDRESS, "save_contracts", save_contracts, methods=["POST"])
    bp.add_url_rule(f"{ADDRESS}/feriados", "add_holiday", add_holiday, methods=["POST"])
    bp.add_url_rule(
        f"{ADDRESS}/feriados/<int:holiday_id>/excluir",
        "remove_holiday",
        remove_holiday,
        methods=["POST"],
    )


@requires(Permission.SEE)
def contracts() -> ResponseReturnValue:
    """Aba Contratos."""
    return _page(ContractsForm(obj=service.general()), HolidayForm(formdata=None))


@requires(Permission.CONFIGURE)
def save_contracts() -> ResponseReturnValue:
    """Aba Contratos: save."""
    form = ContractsForm(obj=service.general())
    code = 422
    if form.validate():
        kind, rule, now = form.delivery_type(), form.business_days(), clock.now()
        try:
            service.change_contracts(kind, form.seen_version, current_user, now, rule)
        except Conflict as error:
            code = form.reject(error)
        else:
            return go_to("settings.contracts", "Salvo. Vale para os próximos boletos gerados.")
    return _page(form, HolidayForm(formdata=None)), code


@requires(Permission.CONFIGURE)
def add_holiday() -> ResponseReturnValue:
    """Put a municipal holiday on the list."""
    form = HolidayForm()
    if form.validate():
        day, name = form.day.data, form.name.data
        try:
            holidays.add_holiday(day, name, current_user, clock.now())
        except InvalidValue as error:
            form.reject(error)
        else:
            return go_to("settings.contracts", f"Feriado de {day:%d/%m/%Y} incluído.")
    return _page(ContractsForm(formdata=None, obj=service.general()), form), 422


@requires(Permission.CONFIGURE)
def remove_holiday(holiday_id: int) -> ResponseReturnValue:
    """Take a municipal holiday off the list."""
    gone = holidays.remove_holiday(holiday_id, current_user, clock.now())
    return go_to("settings.contracts", f"Feriado de {gone.day:%d/%m/%Y} excluído.")


def _page(form: ContractsForm, holiday: HolidayForm) -> str:
    return render(
        "settings/contracts.html",
        section="settings.general",
        form=form,
        holiday=holiday,
        holidays=holidays.all_holidays(),
        help=HELP,
    )
