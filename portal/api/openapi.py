"""The OpenAPI 3.1 document, made from the same declarations as the checks."""

import re
from functools import cache
from typing import Any

from portal.api.endpoint import PREFIX, REGISTRY, Endpoint
from portal.api.idempotency import KEY
from portal.api.problems import TITLES, TYPE
from portal.api.schema import MAX_ID, Field, Integer, ListOf, Record, Text, answer
from portal.api.scopes import NAMES

ERROR = Record(
    "ProblemField", {"field": Field(Text(200), required=True), "message": Field(Text(500))}
)
_PROBLEM = answer("Problem", type=Text(200), title=Text(200), status=Integer(400, 599))
PROBLEM = Record(
    "Problem",
    {
        **_PROBLEM.fields,
        "detail": Field(Text(2000), "O que houve e o que fazer", required=True),
        "request_id": Field(Text(40), "Para o suporte achar o pedido no log", required=True),
        "errors": Field(ListOf(ERROR), "O que está errado em cada campo"),
    },
)
_PARAMETER = re.compile(r"<(int|path):(\w+)>")
_INTRODUCTION = (
    "Clientes, contratos, títulos, gerações e e-mails do Pontual. Valores em reais são textos como"
    " “119.90”, dias e momentos seguem a ISO 8601, momentos em UTC. Erros são problem details"
    " (RFC 9457) em português. Veja docs/api.md."
)
ALWAYS = (400, 401, 403, 404, 413, 422, 429, 500)


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for item in REGISTRY.found:
        paths.setdefault(_PARAMETER.sub(r"{\2}", item.path), {})[item.method.lower()] = _of(item)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Pontual", "version": "1", "description": _INTRODUCTION},
        "servers": [{"url": PREFIX}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Token de Sistema › Integrações. Permissões: "
                    + ", ".join(f"{scope.value} ({text})" for scope, text in NAMES.items()),
                }
            },
            "schemas": {record.name: record.definition() for record in _records()},
        },
    }


def _records() -> list[Record]:
    found = [*PROBLEM.inner()]
    for item in REGISTRY.found:
        for record in (item.body, item.answer):
            found += record.inner() if record else []
    return found


def _of(item: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": item.name,
        "summary": item.summary,
        "description": f"Permissão: {item.scope.value}",
        "tags": [item.name.partition("_")[0]],
        "parameters": [*_path_parameters(item), *_query_parameters(item), *_headers(item)],
        "responses": {str(item.status): _success(item)}
        | {str(status): _failure(status) for status in _failures(item)},
    }
    if item.body:
        content = {"application/json": {"schema": item.body.openapi()}}
        required = any(rule.required for rule in item.body.fields.values())
        operation["requestBody"] = {"required": required, "content": content}
    return operation


def _path_parameters(item: Endpoint) -> list[dict[str, Any]]:
    kinds: dict[str, Any] = {"int": Integer(1, MAX_ID), "path": Text(30, least=1)}
    return [
        {"name": name, "in": "path", "required": True, "schema": kinds[kind].openapi()}
        for kind, name in _PARAMETER.findall(item.path)
    ]


def _query_parameters(item: Endpoint) -> list[dict[str, Any]]:
    fields = item.query.fields if item.query else {}
    return [
        {"name": name, "in": "query", "description": rule.help, "schema": rule.type.openapi()}
        for name, rule in fields.items()
    ]


def _headers(item: Endpoint) -> list[dict[str, Any]]:
    found = []
    if item.keyed:
        found.append(_header("Idempotency-Key", f"^{KEY.pattern}$", "Um UUID para cada pedido"))
    if item.match:
        found.append(_header("If-Match", '^"[1-9][0-9]{0,8}"$', "O ETag da última leitura"))
    return found


def _header(name: str, pattern: str, text: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "header", "required": True, "description": text, "schema": schema}


def _success(item: Endpoint) -> dict[str, Any]:
    if item.answer is None:
        content: dict[str, Any] = {"application/pdf": {"schema": {"type": "string"}}}
    else:
        content = {"application/json": {"schema": item.answer.openapi()}}
    return {"description": item.summary, "content": content}


def _failures(item: Endpoint) -> list[int]:
    found = [*ALWAYS]
    if item.body:
        found.append(415)
    if item.method == "POST":
        found.append(409)
    if item.match:
        found += (412, 428)
    return sorted(found)


def _failure(status: int) -> dict[str, Any]:
    return {
        "description": TITLES[status],
        "content": {TYPE: {"schema": PROBLEM.openapi()}},
    }
