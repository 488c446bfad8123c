"""Uploading, showing and removing the company's logo."""

from flask import Blueprint, Response, abort, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import InvalidValue
from portal.settings.logo import logo, put_logo
from portal.web.htmx import go_to
from portal.web.permissions import Permission, requires

ADDRESS = "/configuracoes/parametros/gerais/logotipo"


def add_pages(bp: Blueprint) -> None:
    """Add the pages to the room's blueprint."""
    bp.add_url_rule(ADDRESS, "logo", page, methods=["GET"])
    bp.add_url_rule(ADDRESS, "save_logo", save, methods=["POST"])
    bp.add_url_rule(f"{ADDRESS}.png", "logo_png", png, methods=["GET"])


@requires(Permission.SEE)
def page() -> ResponseReturnValue:
    """Aba Logotipo."""
    return _page("")


@requires(Permission.CONFIGURE)
def save() -> ResponseReturnValue:
    """Keep the uploaded logo, or remove it."""
    file = request.files.get("logo")
    content = file.read() if file and "remover" not in request.form else b""
    if not content and "remover" not in request.form:
        return _page("Escolha um arquivo PNG."), 422
    try:
        put_logo(content, current_user, clock.now())
    except InvalidValue as error:
        return _page(str(error)), 422
    return go_to("settings.logo", "Logotipo salvo." if content else "Logotipo removido.")


@requires(Permission.SEE)
def png() -> Response:
    """The logo itself."""
    content = logo()
    if not content:
        abort(404)
    response = make_response(content)
    response.headers["Content-Type"] = "image/png"
    return response


def _page(error: str) -> str:
    return render_template(
        "settings/logo.html", section="settings.general", has_logo=bool(logo()), error=error
    )
