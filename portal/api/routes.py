"""The JSON API put together: every endpoint, its limits, its document, its 404."""

from flask import Flask, Response, jsonify, request
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import HTTPException

from portal.api import clients as clients  # each module adds its endpoints
from portal.api import contracts as contracts
from portal.api import deliveries as deliveries
from portal.api import generations as generations
from portal.api import problems, service
from portal.api import receivables as receivables
from portal.api.endpoint import PREFIX, bp
from portal.api.intake import bearer
from portal.api.openapi import document
from portal.web.context import csrf
from portal.web.limits import limiter

PER_TOKEN = "600 per minute"  # noqa: S105 - a limit
WRONG_TOKENS = "30 per minute"

problems.install(bp)
csrf.exempt(bp)  # no cookie is looked at here: there is nothing that another site could ride on


def _token() -> str:
    """One counter a token; whoever sends none is counted by address."""
    token = bearer()
    return f"token:{service.digest(token)}" if token else get_remote_address()


def _was_wrong(response: Response) -> bool:
    return response.status_code == 401


limiter.limit(PER_TOKEN, key_func=_token)(bp)
limiter.limit(WRONG_TOKENS, deduct_when=_was_wrong)(bp)


@bp.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI document; for anyone, as it says nothing about anybody."""
    return jsonify(document())


def register(app: Flask) -> None:
    """Add the API to the application."""
    app.register_blueprint(bp)

    @app.before_request
    def unknown() -> Response | None:
        """What no route of the API answers gets a problem too, not a page."""
        error = request.routing_exception
        if error is None or not request.path.startswith(f"{PREFIX}/"):
            return None
        code = error.code if isinstance(error, HTTPException) else None
        if code not in (404, 405):
            return None  # a redirect to the address without a doubled slash
        allowed = dict(error.get_headers()).get("Allow")
        return problems.problem(code, headers={"Allow": allowed} if allowed else {})
