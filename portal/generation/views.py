"""Gerar financeiro: choose, simulate, confirm, follow."""

import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from flask import Blueprint, Flask, current_app, flash, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.contracts import labels as contract_labels
from portal.core import clock
from portal.core.errors import PortalError
from portal.deliveries import labels as delivery_labels
from portal.generation import labels, queries, service
from portal.generation.forms import ConfirmForm, OrderForm
from portal.generation.models import GenerationState
from portal.generation.paging import Rows
from portal.generation.planning import Plan, make_plan
from portal.generation.run_views import NO_QUEUE, add_pages
from portal.generation.simulation import simulate, titles_for
from portal.settings.service import company_gaps
from portal.web.context import portal_today
from portal.web.htmx import go_to, render, wants_fragment
from portal.web.permissions import Permission, requires

bp = Blueprint("generation", __name__)
add_pages(bp)
SECTION = "generation"


def register(app: Flask) -> None:
    """Add the pages to the application."""
    app.register_blueprint(bp)
    timezone = app.config["SETTINGS"].timezone
    app.jinja_env.filters["long_moment"] = lambda value: labels.long_moment(value, timezone)


@bp.get("/financeiro/gerar")
@requires(Permission.SEE)
def index() -> ResponseReturnValue:
    """Step 1, Escolher, and the last runs. `?contrato=` chooses a contract."""
    return _choose_page(_form(request.args))


@bp.get("/financeiro/gerar/simular")
@requires(Permission.SEE)
def simulation() -> ResponseReturnValue:
    """Steps 2 and 3, Simular and Confirmar. Writes nothing."""
    form = _form(request.args)
    now = clock.now()
    plan = _plan(form, now)
    if plan is None:
        return _choose_page(form), 422
    return render(
        "generation/simulate.html",
        section=SECTION,
        form=form,
        args=form.args(),
        key=secrets.token_hex(16),
        result=simulate(plan, _timezone(), now),
        waiting=queries.waiting(plan.order.competence),
        labels=labels,
        requirement_names=delivery_labels.REQUIREMENTS,
        company_gaps=company_gaps(),
    )


@bp.get("/financeiro/gerar/simular/titulos")
@requires(Permission.SEE)
def simulated_titles() -> ResponseReturnValue:
    """The titles behind a number of the simulation: `?motivo=`."""
    form = _form(request.args)
    key, now = request.args.get("motivo", "")[:60], clock.now()
    plan = _plan(form, now)
    if plan is None:
        return _choose_page(form), 422
    if not labels.is_list(key):
        return go_to("generation.simulation", **form.args())
    return render(
        "generation/titles.html",
        section=SECTION,
        args=form.args(),
        plan=plan,
        name=labels.list_name(key),
        code=key.partition(".")[0],
        rows=Rows.of(titles_for(plan, key, _timezone(), now)),
    )


@bp.get("/financeiro/gerar/simular/contratos")
@requires(Permission.SEE)
def simulated_contracts() -> ResponseReturnValue:
    """The contracts without a title behind a number of the simulation: `?motivo=`."""
    form = _form(request.args)
    code = request.args.get("motivo", "")[:60]
    plan = _plan(form, clock.now())
    if plan is None:
        return _choose_page(form), 422
    found = [item for item in plan.skipped if item.code == code]
    return render(
        "generation/contracts.html",
        section=SECTION,
        name=labels.reason(code),
        code=code,
        rows=Rows.of(found),
        counted=len(found),
        back=("generation.simulation", form.args(), "simulação"),
        trail=("generation.simulation", form.args(), "Simulação"),
    )


@bp.post("/financeiro/gerar")
@requires(Permission.GENERATE)
def run() -> ResponseReturnValue:
    """Step 3, Confirmar: the same form twice is one run."""
    form = ConfirmForm(_next_month())
    if not form.validate():
        return _choose_page(form), 422
    today = portal_today(current_app.config["SETTINGS"], clock.now())
    try:
        generation = service.request(
            form.order(), today=today, actor=current_user, now=clock.now(), key=form.key.data
        )
    except PortalError as error:
        form.form_errors.append(str(error))
        return _choose_page(form), 422
    generation_id = generation.id
    if generation.state == GenerationState.QUEUED and not service.start(generation_id):
        flash(NO_QUEUE, "warning")
    return go_to("generation.show", generation_id=generation_id)


@bp.get("/financeiro/gerar/contratos")
@requires(Permission.SEE)
def contract_lookup() -> ResponseReturnValue:
    """The rows of the lupa, for what was typed; only of use inside the page."""
    if not wants_fragment():
        return go_to("generation.index")
    text = request.args.get("q", "")[:100]
    return render(
        "generation/_contract_rows.html",
        wanted=text,
        contracts=queries.find_contracts(text) if text.strip() else (),
        contract_labels=contract_labels,
    )


def _form(args: Mapping[str, str]) -> OrderForm:
    return OrderForm.from_args(args, _next_month())


def _plan(form: OrderForm, now: datetime) -> Plan | None:
    """What the form would do; None when it cannot be done, the form then says why."""
    if not form.validate():
        return None
    try:
        return make_plan(form.order(), portal_today(current_app.config["SETTINGS"], now), now)
    except PortalError as error:
        form.form_errors.append(str(error))
        return None


def _choose_page(form: OrderForm) -> str:
    return render(
        "generation/index.html",
        section=SECTION,
        form=form,
        runs=queries.latest(),
        pilot_size=queries.pilot_size(),
        labels=labels,
        contract_labels=contract_labels,
    )


def _next_month() -> date:
    today = portal_today(current_app.config["SETTINGS"], clock.now())
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)


def _timezone() -> str:
    return str(current_app.config["SETTINGS"].timezone)
