"""The checklist: what automatic sending needs, live, with the one link that mends each thing."""

from datetime import date

from flask import Blueprint, Flask, current_app, flash, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.checklist import base_fix_views, base_labels, base_views, flow, labels, queries
from portal.core import clock
from portal.core.errors import InvalidValue, NotFound, PortalError
from portal.deliveries.labels import REASONS
from portal.generation.orders import Order
from portal.generation.planning import make_plan
from portal.settings.service import financial
from portal.smtp import queries as smtp_queries
from portal.smtp import service as smtp
from portal.smtp.models import SmtpTest
from portal.web.context import portal_today
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires

bp = Blueprint("checklist", __name__)
base_views.add_pages(bp)
base_fix_views.add_pages(bp)
SECTION = "checklist"


def register(app: Flask) -> None:
    """Add the pages, the number in the menu, and the checklist as a part of other pages."""
    app.register_blueprint(bp)
    app.context_processor(queries.frame_missing)
    app.jinja_env.globals["checklist_page"] = lambda: queries.page(clock.now())
    app.jinja_env.globals["checklist_labels"] = labels
    app.jinja_env.globals["checklist_base"] = base_labels


@bp.get("/checklist")
@requires(Permission.SEE)
def index() -> ResponseReturnValue:
    """Every requirement now; `?teste=` shows a test e-mail and follows it.

    On the first day a guide: `?passo=` opens one of its steps in place.
    """
    test = _test()
    progress = smtp_queries.progress(test, clock.now()) if test else None
    return render(
        "checklist/index.html",
        "checklist/_body.html",
        section=SECTION,
        check=queries.page(clock.now(), request.args.get("passo", "")),
        month=_next_month(),
        test=test,
        progress=progress,
        testing=progress is not None and progress.moving,
    )


@bp.get("/checklist/numeros")
@requires(Permission.SEE)
def numbers() -> ResponseReturnValue:
    """The requirements with the contracts behind each counted; loaded after the page."""
    return render(
        "checklist/numbers.html",
        "checklist/_rows.html",
        section=SECTION,
        check=queries.page(clock.now(), counted=True),
    )


@bp.get("/checklist/previa")
@requires(Permission.SEE)
def preview() -> ResponseReturnValue:
    """What generating the next month now would do; loaded after the page."""
    now = clock.now()
    today = portal_today(current_app.config["SETTINGS"], now)
    problem, plan = "", None
    try:
        plan = make_plan(Order(_next_month()), today, now)
    except PortalError as error:
        problem = str(error)
    return render(
        "checklist/preview.html",
        "checklist/_preview.html",
        section=SECTION,
        plan=plan,
        problem=problem,
        month=_next_month(),
        reasons=REASONS,
    )


@bp.post("/checklist/testar")
@requires(Permission.CONFIGURE)
def test_now() -> ResponseReturnValue:
    """Testar tudo agora: a test e-mail by the account that sends the boletos."""
    account = financial().smtp_account
    if account is None:
        flash("Escolha primeiro a conta que envia os boletos, em Parâmetros financeiro.", "warning")
        return go_to("checklist.index")
    recipient = account.test_recipient or current_user.email
    try:
        test = smtp.request_test(account.id, recipient, current_user, clock.now())
    except (smtp.TooManyTests, InvalidValue) as error:
        flash(str(error), "warning")
        return go_to("checklist.index")
    return go_to("checklist.index", teste=test.id)


def _test() -> SmtpTest | None:
    """The test that the URL names, when it is one of the account that sends."""
    raw = request.args.get("teste", "")
    account_id = financial().smtp_account_id
    if not (raw.isascii() and raw.isdigit() and len(raw) < 10) or account_id is None:
        return None
    try:
        return smtp_queries.get_test(account_id, int(raw))
    except NotFound:
        return None


def _next_month() -> date:
    return flow.next_month(portal_today(current_app.config["SETTINGS"], clock.now()))
