"""Errors as problem details (RFC 9457), in pt-BR, naming the field."""

import logging
from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, g, jsonify
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException

from portal.api.schema import Bad, Problem
from portal.core.errors import Conflict, InvalidValue, NotFound, PortalError
from portal.web.problems import forget_transaction

log = logging.getLogger(__name__)

TYPE = "application/problem+json"
TITLES: Mapping[int, str] = {
    400: "Pedido inválido",
    401: "Token ausente ou inválido",
    403: "Token sem permissão",
    404: "Não encontrado",
    405: "Método não aceito",
    409: "Conflito",
    412: "Já mudou",
    413: "Corpo grande demais",
    415: "Tipo de conteúdo não aceito",
    422: "Dados recusados",
    428: "Falta If-Match",
    429: "Pedidos demais",
    500: "Erro interno",
}
DETAILS: Mapping[int, str] = {
    400: "O pedido não pôde ser lido. Confira o endereço e o corpo.",
    404: "Este endereço não existe. Veja /api/v1/openapi.json.",
    405: "Este endereço não aceita este método. Veja o cabeçalho Allow.",
    413: "O corpo passa de 256 KB. Divida o pedido.",
    415: "Envie o corpo com Content-Type: application/json.",
    429: "Espere um minuto e repita.",
    500: "Algo falhou aqui dentro. Repita com a mesma Idempotency-Key.",
}
RENAMED = {"wallet_id": "wallet", "limit": "pilot"}  # fields whose name here is another
WAIT = 60  # seconds; the limits count by the minute


class Refusal(Exception):
    """A request that ends here, with this status."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def install(bp: Blueprint) -> None:
    """Answer every error of the API's routes as a problem."""
    bp.register_error_handler(Refusal, _refused)
    bp.register_error_handler(Bad, _bad)
    bp.register_error_handler(PortalError, _known)
    bp.register_error_handler(HTTPException, _http)
    bp.register_error_handler(OverflowError, _too_big)
    bp.register_error_handler(DataError, _too_big)
    bp.register_error_handler(Exception, _unknown)


def problem(
    status: int,
    detail: str = "",
    errors: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer for an error."""
    body = {
        "type": "about:blank",
        "title": TITLES.get(status, TITLES[400 if status < 500 else 500]),
        "status": status,
        "detail": detail or DETAILS.get(status, ""),
        "request_id": g.get("request_id", ""),
    }
    if errors:
        body["errors"] = [{"field": item.field, "message": item.message} for item in errors]
    response = jsonify(body)
    response.status_code = status
    response.mimetype = TYPE
    response.headers.update(headers or {})
    return response


def _refused(error: Refusal) -> Response:
    forget_transaction()
    return problem(error.status, str(error), headers=error.headers)


def _bad(error: Bad) -> Response:
    forget_transaction()
    return problem(422, "Corrija o que está em “errors” e repita.", error.problems)


def _known(error: PortalError) -> Response:
    forget_transaction()
    if isinstance(error, InvalidValue):
        return problem(
            422, str(error), [Problem(RENAMED.get(error.field, error.field), str(error))]
        )
    return problem({NotFound: 404, Conflict: 409}.get(type(error), 422), str(error))


def _http(error: HTTPException) -> Response:
    forget_transaction()
    status = error.code or 500
    headers = {"Retry-After": str(WAIT)} if status == 429 else {}
    allowed = dict(error.get_headers()).get("Allow")
    return problem(status, headers=headers | ({"Allow": allowed} if allowed else {}))


def _too_big(error: Exception) -> Response:
    forget_transaction()
    log.warning("refused: %s", type(error).__name__)
    return problem(422, "Um número ou um texto do pedido é grande demais.")


def _unknown(error: Exception) -> Response:
    forget_transaction()
    log.error("the API failed: %r", error, exc_info=error)
    return problem(500)
