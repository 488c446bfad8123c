"""Pages of the titles: list, a client's tab, one title, its boleto."""

from flask import Blueprint, Flask, Response, current_app, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.clients import queries as clients
from portal.core import clock
from portal.core.errors import InvalidValue
from portal.receivables import labels, panels, printing, queries, second_copy, service
from portal.receivables.forms import TitleFilters, parse_day, parse_text
from portal.web.context import portal_today
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires
from portal.web.search import add_source

bp = Blueprint("receivables", __name__)
SECTION = "receivables"


def register(app: Flask) -> None:
    """Add the pages to the application, and the titles to the search."""
    app.register_blueprint(bp)
    add_source(queries.hits)


@bp.get("/financeiro/titulos")
@requires(Permission.SEE)
def index() -> ResponseReturnValue:
    """Every title that the filters of the URL leave."""
    filters = TitleFilters.from_args(request.args)
    wanted = queries.conditions(filters)
    return render(
        "receivables/index.html",
        "receivables/_table.html",
        section=SECTION,
        filters=filters,
        page=queries.search(wanted),
        total=queries.total(wanted, all_of_them="somar" in request.args),
        limit=queries.COUNTED if not wanted.slow else 0,
        labels=labels,
    )


@bp.get("/clientes/<int:client_id>/financeiro")
@requires(Permission.SEE)
def client(client_id: int) -> ResponseReturnValue:
    """Aba Financeiro of a client."""
    found = clients.get(client_id)
    wanted = queries.conditions(TitleFilters(client_id=client_id))
    return render(
        "receivables/client.html",
        section="clients",
        client=found,
        page=queries.search(wanted),
        total=queries.total(wanted, all_of_them=True),
        labels=labels,
    )


@bp.get("/financeiro/titulos/<int:receivable_id>")
@requires(Permission.SEE)
def show(receivable_id: int) -> ResponseReturnValue:
    """One title, as it was generated, what it costs today, and what was done with it."""
    title = queries.get(receivable_id)
    now = clock.now()
    today = portal_today(current_app.config["SETTINGS"], now)
    return render(
        "receivables/show.html",
        section=SECTION,
        title=title,
        status=labels.status(title, today),
        late=second_copy.overdue([title], today).get(title.id),
        history=queries.history(title.id),
        panels=panels.of(title, now),
        labels=labels,
    )


@bp.get("/financeiro/titulos/<int:receivable_id>/boleto.pdf")
@requires(Permission.SEE)
def pdf(receivable_id: int) -> Response:
    """The title's boleto."""
    title = queries.get(receivable_id)
    name = printing.file_name(title)
    return printing.pdf_response(printing.pdf_of([title]), name)


@bp.post("/financeiro/titulos/<int:receivable_id>/baixar")
@requires(Permission.DELIVER)
def settle(receivable_id: int) -> ResponseReturnValue:
    """Baixar como pago, on the day of the form (default: today)."""
    paid_on = parse_day(request.form.get("data", ""))
    title = service.settle(receivable_id, current_user, clock.now(), paid_on=paid_on)
    text = f"Título {title.document_number} baixado como pago."
    return go_to("receivables.show", text, receivable_id=receivable_id)


@bp.post("/financeiro/titulos/<int:receivable_id>/cancelar")
@requires(Permission.DELIVER)
def cancel(receivable_id: int) -> ResponseReturnValue:
    """Cancelar título, for the reason of the form."""
    queries.get(receivable_id)
    reason = parse_text(request.form.get("motivo", ""))
    if not reason:
        raise InvalidValue("reason", "Escreva o motivo do cancelamento e repita.")
    title = service.cancel(receivable_id, current_user, clock.now(), reason=reason)
    text = f"Título {title.document_number} cancelado."
    return go_to("receivables.show", text, receivable_id=receivable_id)


@bp.post("/financeiro/titulos/<int:receivable_id>/estornar")
@requires(Permission.DELIVER)
def reopen(receivable_id: int) -> ResponseReturnValue:
    """Estornar baixa."""
    title = service.reopen(receivable_id, current_user, clock.now())
    text = f"Baixa do título {title.document_number} estornada: ele está em aberto de novo."
    return go_to("receivables.show", text, receivable_id=receivable_id)
