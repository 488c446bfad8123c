"""Pages of the clients: list, aba Dados, Novo, the lupa, the search of the top bar, the import."""

from flask import Blueprint, Flask, flash, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.clients import labels, queries, service
from portal.clients.csv_import import COLUMNS
from portal.clients.forms import HELP, ClientForm, NewClientForm, form_of
from portal.clients.import_pages import Importer, add_import_pages
from portal.clients.models import Client
from portal.clients.queries import ClientFilters
from portal.core import clock
from portal.core.errors import Conflict, InvalidValue
from portal.core.text import one_line
from portal.web.formatters import cpf_cnpj
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires
from portal.web.search import MAX_QUERY, add_source, search_all

bp = Blueprint("clients", __name__)
SECTION = "clients"
IMPORTER = Importer(
    kind=SECTION,
    noun="clientes",
    url="/clientes/importar",
    columns=COLUMNS,
    check=service.check_file,
    run=service.import_file,
)
add_import_pages(bp, IMPORTER)


def register(app: Flask) -> None:
    """Add the pages to the application, and the clients to the search."""
    app.register_blueprint(bp)
    add_source(queries.hits)


@bp.get("/clientes")
@requires(Permission.SEE)
def index() -> ResponseReturnValue:
    """The list, with its filters in the URL."""
    filters = ClientFilters.from_args(request.args)
    return render(
        "clients/index.html",
        "clients/_table.html",
        section=SECTION,
        filters=filters,
        labels=labels,
        page=queries.search(filters),
        total=queries.total(filters),
    )


@bp.get("/clientes/<int:client_id>")
@requires(Permission.SEE)
def show(client_id: int) -> ResponseReturnValue:
    """Aba Dados."""
    client = queries.get(client_id)
    return render(
        "clients/show.html",
        section=SECTION,
        client=client,
        labels=labels,
        same=queries.same_document(client),
    )


@bp.get("/clientes/novo")
@requires(Permission.EDIT_REGISTERS)
def new() -> ResponseReturnValue:
    """Novo cliente: an empty form."""
    return _new_page(NewClientForm())


@bp.post("/clientes/novo")
@requires(Permission.EDIT_REGISTERS)
def create() -> ResponseReturnValue:
    """Novo cliente: save."""
    form = NewClientForm()
    if form.validate():
        try:
            client = service.create(form.values(), current_user, clock.now())
        except InvalidValue as error:
            form.reject(error)
        else:
            return _saved(client, "Cliente cadastrado.")
    return _new_page(form), 422


@bp.get("/clientes/<int:client_id>/editar")
@requires(Permission.EDIT_REGISTERS)
def edit(client_id: int) -> ResponseReturnValue:
    """Aba Dados: the form."""
    client = queries.get(client_id)
    return _edit_page(client, form_of(client))


@bp.post("/clientes/<int:client_id>/editar")
@requires(Permission.EDIT_REGISTERS)
def save(client_id: int) -> ResponseReturnValue:
    """Aba Dados: save."""
    form, code = form_of(queries.get(client_id)), 422
    if form.validate():
        try:
            client = service.change(
                client_id, form.values(), form.seen_version, current_user, clock.now()
            )
            return _saved(client, "Cliente salvo.")
        except (InvalidValue, Conflict) as error:
            code = form.reject(error)
    return _edit_page(queries.get(client_id), form), code


@bp.get("/clientes/lupa")
@requires(Permission.SEE)
def lookup() -> ResponseReturnValue:
    """Rows of the lupa, for what was typed."""
    wanted = one_line(request.args.get("lupa", ""))[:MAX_QUERY]
    return render(
        "clients/lookup.html",
        "clients/_lookup_rows.html",
        section=SECTION,
        clients=queries.lookup(wanted),
        labels=labels,
        wanted=wanted,
    )


@bp.get("/busca")
@requires(Permission.SEE)
def search() -> ResponseReturnValue:
    """Everything that the top bar's search finds."""
    wanted = one_line(request.args.get("q", ""))[:MAX_QUERY]
    groups = list(search_all(wanted))
    return render(
        "clients/search.html",
        "clients/_hits.html",
        section="",
        wanted=wanted,
        groups=groups,
        total=sum(len(hits) for _, hits in groups),
    )


def _new_page(form: NewClientForm) -> str:
    return render("clients/new.html", section=SECTION, form=form, help=HELP)


def _edit_page(client: Client, form: ClientForm) -> str:
    return render("clients/edit.html", section=SECTION, client=client, form=form, help=HELP)


def _saved(client: Client, message: str) -> ResponseReturnValue:
    same = queries.same_document(client)
    if same:
        flash(
            f"Atenção: o cliente {same.code} ({same.name}) tem o mesmo documento, "
            f"{cpf_cnpj(client.cpf_cnpj)}.",
            "warning",
        )
    return go_to("clients.show", message, client_id=client.id)
