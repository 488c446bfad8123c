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
from portal.generation import labels, links, queries, service
from portal.generation.forms import ConfirmForm, OrderForm
from portal.generation.models import GenerationState
from portal.generation.planning import Plan, make_plan
from portal.generation.progress import progress
from portal.generation.simulation import simulate, skipped, titles_for
from portal.web.context import portal_today
from portal.web.htmx import go_to, render, wants_fragment
from portal.web.permissions import Permission, requires

bp = Blueprint("generation", __name__)
SECTION = "generation"
PAGE = 100  # rows of a list of simulated titles


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
    titles = titles_for(plan, key, _timezone(), now)
    start = _start()
    return render(
        "generation/titles.html",
        section=SECTION,
        args=form.args(),
        plan=plan,
        name=labels.list_name(key),
        code=key.partition(".")[0],
        count=len(titles),
        titles=titles[start : start + PAGE],
        start=start,
        next_start=start + PAGE if len(titles) > start + PAGE else None,
    )


@bp.post("/financeiro/gerar")
@requires(Permission.GENERATE)
def run() -> ResponseReturnValue:
    """Step 3, Confirmar: the same form twice is one run."""
    form = ConfirmForm(queries.wallet_names(), _next_month())
    if not form.validate():
        return _choose_page(form), 422
    today = portal_today(current_app.config["SETTINGS"], clock.now())
    generation = service.request(
        form.order(), today=today, actor=current_user, now=clock.now(), key=form.key.data
    )
    generation_id = generation.id
    if generation.state == GenerationState.QUEUED and not service.start(generation_id):
        flash("A fila está fora do ar: a geração fica guardada e começa quando voltar.", "warning")
    return go_to("generation.show", generation_id=generation_id)


@bp.get("/financeiro/gerar/<int:generation_id>")
@requires(Permission.SEE)
def show(generation_id: int) -> ResponseReturnValue:
    """Step 4, Acompanhar: a page, or for htmx the part of it that moves."""
    generation = queries.get(generation_id)
    found = progress(generation, clock.now())
    heard = request.args.get("ouvido", "")
    return render(
        "generation/show.html",
        "generation/_progress.html",
        section=SECTION,
        generation=generation,
        progress=found,
        skipped=skipped(generation.not_generated, generation.competence),
        choice_url=links.of_choice(generation),
        printing_url=links.of_printing(generation),
        labels=labels,
        announce=found.announcement if found.announcement != heard else "",
    )


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
    return OrderForm.from_args(args, queries.wallet_names(), _next_month())


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
        labels=labels,
        contract_labels=contract_labels,
    )


def _next_month() -> date:
    today = portal_today(current_app.config["SETTINGS"], clock.now())
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)


def _timezone() -> str:
    return str(current_app.config["SETTINGS"].timezone)


def _start() -> int:
    raw = request.args.get("inicio", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 8 else 0
