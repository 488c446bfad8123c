"""Reading a request: its token, its body as strict JSON, its arguments, its If-Match."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from flask import request

from portal.api import service
from portal.api.problems import Refusal
from portal.api.schema import Bad, Flag, Integer, Problem, Record
from portal.api.scopes import Scope
from portal.api.service import TokenActor
from portal.core.db import end_read, set_reading

MAX_BODY = 256 * 1024
JSON = "application/json"
REALM = 'Bearer realm="Pontual"'
_BEARER = re.compile(r"Bearer +([!-~]{1,200})", re.IGNORECASE)
_ETAG = re.compile(r'"([1-9][0-9]{0,8})"')
NO_TOKEN = "Envie o cabeçalho Authorization: Bearer com um token de Sistema › Integrações."  # noqa: S105
BAD_TOKEN = (
    "O token não existe, foi revogado, expirou ou foi criado por quem não é mais administrador."  # noqa: S105
    " Gere outro em Sistema › Integrações."
)
NO_MATCH = "Envie If-Match com o ETag da última leitura: assim uma mudança alheia não se perde."
STALE = "O registro mudou depois da sua leitura. Leia-o de novo e repita com o ETag novo."


def bearer() -> str:
    """The token of the request as it was sent; "" for none. Cookies are never looked at."""
    found = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    return found[1] if found else ""


def authenticate(scope: Scope, now: datetime) -> TokenActor:
    """Whoever holds the token. Raises Refusal: 401, or 403 without the scope."""
    token = bearer()
    if not token:
        raise Refusal(401, NO_TOKEN, WWW_Authenticate=REALM)
    set_reading(True)
    row = service.find(token, now)
    if row is None:
        challenge = f'{REALM}, error="invalid_token"'
        raise Refusal(401, BAD_TOKEN, WWW_Authenticate=challenge)
    actor = TokenActor(row.id, f"API: {row.name}", frozenset(row.scopes))
    noted = service.is_noted(row, now)
    end_read()
    if not noted:
        set_reading(False)
        service.note_use(actor.token_id, now)
    if scope.value not in actor.scopes:
        challenge = f'{REALM}, error="insufficient_scope", scope="{scope.value}"'
        text = f"Este token não tem a permissão {scope.value}."
        raise Refusal(403, text, WWW_Authenticate=challenge)
    return actor


def body(record: Record | None) -> dict[str, Any]:
    """The body, checked. Raises Refusal and Bad."""
    request.max_content_length = MAX_BODY
    raw = request.get_data()
    if record is None:
        if raw.strip() not in (b"", b"{}"):
            raise Bad(Problem("", "Este endereço não recebe corpo."))
        return {}
    if not raw:
        return record.read({}, "")  # says what is missing, where something must be there
    if request.mimetype != JSON:
        raise Refusal(415, f"Envie o corpo com Content-Type: {JSON}.")
    return record.read(_parsed(raw), "")


def arguments(record: Record | None) -> dict[str, Any]:
    """The query arguments, checked. Raises Bad."""
    fields = record.fields if record else {}
    given: dict[str, Any] = {}
    problems = []
    for name, values in request.args.lists():
        if len(values) > 1:
            problems.append(Problem(name[:60], "Informe uma vez só."))
        kind = fields[name].type if name in fields else None
        given[name] = _typed(kind, values[0])
    if problems:
        raise Bad(*problems)
    return (record or Record("None")).read(given, "")


def seen_version() -> int:
    """The version that If-Match names. Raises Refusal: 428 without, 412 for what cannot match."""
    raw = request.headers.get("If-Match", "").strip()
    if not raw:
        raise Refusal(428, NO_MATCH)
    found = _ETAG.fullmatch(raw)
    if not found:
        raise Refusal(412, STALE)
    return int(found[1])


def _typed(kind: Any, text: str) -> Any:
    """A query argument as JSON would have it; what cannot be stays text, and is refused then."""
    if isinstance(kind, Integer) and text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    if isinstance(kind, Flag):
        return {"true": True, "false": False}.get(text, text)
    return text


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(
            raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_not_a_number
        )
    except Bad:
        raise
    except (ValueError, RecursionError):
        raise Refusal(
            400, "O corpo não é JSON em UTF-8. Confira aspas, vírgulas e chaves."
        ) from None


def _once(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Bad(Problem("", "Um campo aparece duas vezes no corpo."))
    return found


def _not_a_number(text: str) -> NoReturn:
    raise ValueError(text)
