"""Dados pessoais: of one client, who saw them, and how long they are kept."""

from flask import Blueprint, Flask, Response, current_app, make_response, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.clients import queries as clients
from portal.clients.models import Client
from portal.core import clock
from portal.core.errors import Conflict, InvalidValue
from portal.privacy import access_queries, erasure, holdings, retention, watching
from portal.privacy.access_queries import AccessFilters
from portal.privacy.forms import AnonymiseForm, RetentionForm
from portal.settings import service as settings
from portal.smtp.message import safe_filename
from portal.users import queries as users
from portal.web.htmx import go_to, render
from portal.web.pagination import after_key
from portal.web.permissions import Permission, requires

bp = Blueprint("privacy", __name__)
SECTION = "privacy"


def register(app: Flask) -> None:
    """Add the pages, and the note that every page with a client's data leaves."""
    app.register_blueprint(bp)
    watching.install(app)
    app.jinja_env.globals["text_erased_at"] = retention.erased_at


@bp.get("/clientes/<int:client_id>/dados")
@requires(Permission.EDIT_REGISTERS)
def client(client_id: int) -> ResponseReturnValue:
    """Aba Dados pessoais of a client."""
    return _client_page(clients.get(client_id), AnonymiseForm())


@bp.get("/clientes/<int:client_id>/dados/exportar.json")
@requires(Permission.EDIT_REGISTERS)
def export(client_id: int) -> Response:
    """Everything held about the client, as a file."""
    found = clients.get(client_id)
    response = make_response(holdings.as_json(found, clock.now()))
    response.mimetype = "application/json"
    name = safe_filename(f"dados-cliente-{found.code}.json")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@bp.post("/clientes/<int:client_id>/dados/anonimizar")
@requires(Permission.ERASE_DATA)
def anonymise(client_id: int) -> ResponseReturnValue:
    """Erase the client's personal data for good."""
    form, code = AnonymiseForm(), 422
    found = clients.get(client_id)
    if form.validate():
        try:
            erasure.anonymise(client_id, form.code.data, current_user, clock.now())
        except (InvalidValue, Conflict) as error:
            code = form.reject(error)
        else:
            return go_to("privacy.client", "Cliente anonimizado.", client_id=client_id)
    return _client_page(found, form), code


@bp.get("/sistema/acessos")
@requires(Permission.SEE_AUDIT)
def accesses() -> ResponseReturnValue:
    """Who saw whose data, newest first."""
    filters = AccessFilters.from_args(request.args)
    timezone = current_app.config["SETTINGS"].timezone
    page = access_queries.accesses(filters, timezone, after_key())
    return render(
        "privacy/accesses.html",
        "privacy/_accesses.html",
        section="privacy.accesses",
        page=page,
        clients=access_queries.clients_of(page),
        filters=filters,
        people=users.everybody(),
    )


@bp.get("/configuracoes/privacidade")
@requires(Permission.SEE)
def keeping() -> ResponseReturnValue:
    """How long personal data are kept."""
    return _keeping_page(RetentionForm(obj=settings.financial()))


@bp.post("/configuracoes/privacidade")
@requires(Permission.CONFIGURE)
def save_keeping() -> ResponseReturnValue:
    """Save how long personal data are kept."""
    form, code = RetentionForm(), 422
    if form.validate():
        days = (form.keep_bodies_days.data, form.keep_accesses_days.data)
        try:
            retention.change(*days, form.seen_version, current_user, clock.now())
        except (InvalidValue, Conflict) as error:
            code = form.reject(error)
        else:
            return go_to("privacy.keeping", "Prazos salvos.")
    return _keeping_page(form), code


def _client_page(found: Client, form: AnonymiseForm) -> str:
    return render(
        "privacy/client.html",
        section="clients",
        client=found,
        form=form,
        obstacles=erasure.obstacles(found),
    )


def _keeping_page(form: RetentionForm) -> str:
    return render("privacy/keeping.html", section=SECTION, form=form)
