"""Error pages: what happened, what to do next, and an id that the log knows."""

import logging

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from portal.core.db import db
from portal.core.errors import Conflict, NotFound, PortalError
from portal.web.htmx import is_htmx
from portal.web.returning import ask_to_sign_in

log = logging.getLogger(__name__)

TEXTS = {
    400: ("Pedido inválido", "O navegador enviou algo que o portal não entende. Volte e repita."),
    403: ("Sem permissão", "O seu perfil não permite esta ação. Peça a um administrador."),
    404: ("Não encontrado", "O endereço não existe ou foi removido. Use o menu ou a busca."),
    405: ("Ação não permitida", "Esta página não aceita este tipo de pedido. Volte e use o botão."),
    409: ("Já mudou", "Os dados mudaram enquanto você trabalhava. Recarregue a página."),
    413: ("Arquivo grande demais", "O envio passa do limite. Divida o arquivo e repita."),
    429: ("Muitas tentativas", "Espere 15 minutos e tente de novo."),
    500: ("Erro interno", "Algo falhou aqui dentro. Nada foi gravado pela metade; tente de novo."),
}
EXPIRED = "O formulário expirou. Recarregue a página e envie de novo."
KEPT_HEADERS = ("Allow", "Retry-After")
ALERTS = "#alertas"  # where base.html shows them, whatever the failed request was to replace


def install(app: Flask) -> None:
    """Register the error handlers. Their pages name the request as the log does."""
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(PortalError, _known)
    app.register_error_handler(OverflowError, _too_big)
    app.register_error_handler(DataError, _too_big)
    app.register_error_handler(Exception, _unknown)


def page(code: int, text: str = "") -> Response:
    """The error as a page, or for htmx as an alert above the page's content.

    Never raises: where the frame cannot be drawn (it needs the database), a bare page stands in.
    """
    title, usual = TEXTS.get(code) or TEXTS[400 if code < 500 else 500]
    request_id = g.get("request_id", "")
    facts = {"title": title, "text": text or usual, "code": code, "request_id": request_id}
    if is_htmx():
        response = make_response(_bare("errors/_alert.html", **facts), code)
        response.headers["HX-Retarget"] = ALERTS
        response.headers["HX-Reswap"] = "innerHTML"
        response.headers["HX-Reselect"] = ".alert"
        return response
    return make_response(_framed(**facts) or _bare("errors/bare.html", **facts), code)


def _framed(**facts: object) -> str | None:
    """The page inside the frame, for who is signed in; None where that cannot be drawn."""
    if facts["code"] == 500:
        return None
    try:
        if current_user.is_authenticated:
            return render_template("errors/page.html", **facts)
    except Exception:
        forget_transaction()
        log.warning("no frame for the error page", exc_info=True)
    return None


def _bare(template: str, **facts: object) -> str:
    """A template that needs nothing but `facts`: no session, no database, no URL to build."""
    source = current_app.jinja_env.get_template(template)
    return source.render(root=request.script_root, **facts)


def _csrf(error: CSRFError) -> Response:
    if _private() and not current_user.is_authenticated:
        return ask_to_sign_in()
    log.warning("refused: %s %s: %s", request.method, request.path, error.description)
    return page(400, EXPIRED)


def _private() -> bool:
    view = current_app.view_functions.get(str(request.endpoint))
    return hasattr(view, "permission")


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400 or error.response is not None:
        return error.get_response()  # type: ignore[return-value]
    if error.code in (400, 413, 429):
        log.warning("refused with %s: %s %s", error.code, request.method, request.path)
    response = page(error.code)
    for name, value in error.get_headers():
        if name in KEPT_HEADERS:
            response.headers[name] = value
    return response


def _known(error: PortalError) -> Response:
    forget_transaction()
    return page({NotFound: 404, Conflict: 409}.get(type(error), 400), str(error))


def _too_big(error: Exception) -> Response:
    """A number or a text of the request that no column can hold."""
    forget_transaction()
    log.warning("refused: %s %s: %s", request.method, request.path, type(error).__name__)
    return page(400)


def _unknown(error: Exception) -> Response:
    forget_transaction()
    log.error("%s %s failed: %r", request.method, request.path, error, exc_info=error)
    return page(500)


def forget_transaction() -> None:
    """End what a failed request left open; never raises."""
    try:
        db.session.rollback()
    except SQLAlchemyError:  # the database itself is away
        log.warning("no rollback", exc_info=True)
