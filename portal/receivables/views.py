"""Pages of the titles: list, a client's tab, one title, its boleto."""

from flask import Blueprint, Flask, Response, current_app, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.clients import queries as clients
from portal.core import clock
from portal.receivables import labels, printing, queries, service
from portal.receivables.forms import TitleFilters
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
    return render(
        "receivables/index.html",
        "receivables/_table.html",
        section=SECTION,
        filters=filters,
        page=queries.search(filters),
        total=queries.total(filters),
        labels=labels,
    )


@bp.get("/clientes/<int:client_id>/financeiro")
@requires(Permission.SEE)
def client(client_id: int) -> ResponseReturnValue:
    """Aba Financeiro of a client."""
    found = clients.get(client_id)
    filters = TitleFilters(client_id=client_id)
    return render(
        "receivables/client.html",
        section="clients",
        client=found,
        page=queries.search(filters),
        total=queries.total(filters),
        labels=labels,
    )


@bp.get("/financeiro/titulos/<int:receivable_id>")
@requires(Permission.SEE)
def show(receivable_id: int) -> ResponseReturnValue:
    """One title, as it was generated."""
    title = queries.get(receivable_id)
    today = portal_today(current_app.config["SETTINGS"], clock.now())
    return render(
        "receivables/show.html",
        section=SECTION,
        title=title,
        status=labels.status(title, today),
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
    """Baixar como pago."""
    title = service.settle(receivable_id, current_user, clock.now())
    text = f"Título {title.document_number} baixado como pago."
    return go_to("receivables.show", text, receivable_id=receivable_id)


@bp.post("/financeiro/titulos/<int:receivable_id>/cancelar")
@requires(Permission.DELIVER)
def cancel(receivable_id: int) -> ResponseReturnValue:
    """Cancelar título."""
    title = service.cancel(receivable_id, current_user, clock.now())
    text = f"Título {title.document_number} cancelado."
    return go_to("receivables.show", text, receivable_id=receivable_id)
