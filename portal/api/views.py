"""Integrações: the tokens of the API. The API itself is put together in `routes`."""

from datetime import datetime

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.api import routes, service
from portal.api.forms import HELP, TokenForm
from portal.api.models import ApiToken
from portal.core import clock
from portal.core.errors import InvalidValue
from portal.web.htmx import go_to, render
from portal.web.labels import Label
from portal.web.permissions import Permission, requires

bp = Blueprint("api", __name__)
SECTION = "api"


def register(app: Flask) -> None:
    """Add the pages and the API to the application."""
    app.register_blueprint(bp)
    routes.register(app)


@bp.get("/sistema/api")
@requires(Permission.MANAGE_USERS)
def index() -> ResponseReturnValue:
    """Every token."""
    now = clock.now()
    tokens = [(token, state(token, now)) for token in service.all_tokens()]
    return render("api/index.html", section=SECTION, tokens=tokens)


@bp.route("/sistema/api/novo", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def new() -> ResponseReturnValue:
    """Novo token, shown once."""
    form, now = TokenForm(), clock.now()
    if form.validate_on_submit():
        try:
            row, token = service.create(
                form.name.data, form.scopes.data, form.expires_at(now), current_user, now
            )
        except InvalidValue as error:
            form.reject(error)
        else:
            return render("api/token.html", section=SECTION, row=row, token=token)
    page = render("api/new.html", section=SECTION, form=form, help=HELP)
    return page, 422 if form.errors else 200


@bp.post("/sistema/api/<int:token_id>/revogar")
@requires(Permission.MANAGE_USERS)
def revoke(token_id: int) -> ResponseReturnValue:
    """Revogar."""
    row = service.revoke(token_id, current_user, clock.now())
    return go_to("api.index", f"O token “{row.name}” não abre mais nada.")


def state(token: ApiToken, now: datetime) -> Label:
    """Whether the token opens something."""
    if token.revoked_at is not None:
        return Label("Revogado", "muted", "✕")
    if token.expires_at is not None and token.expires_at <= now:
        return Label("Expirado", "warning", "!")
    if not service.is_backed(token):
        return Label("Parado", "warning", "!")
    return Label("Ativo", "success", "✓")
