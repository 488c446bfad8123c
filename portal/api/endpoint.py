"""Endpoints, declared: `@endpoint(…)` above a function makes a route, its checks and its part of
the OpenAPI document. The function gets what is checked and answers what is to be shown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from portal.api import cursors, idempotency, intake
from portal.api.idempotency import Hold, Kept
from portal.api.problems import Refusal
from portal.api.schema import Record
from portal.api.scopes import Scope
from portal.api.service import TokenActor
from portal.clients import accesses
from portal.clients.accesses import Person
from portal.core import clock
from portal.core.db import end_read, set_reading
from portal.core.errors import Conflict
from portal.web.pagination import Page

V = TypeVar("V", bound=Callable[..., Any])
PREFIX = "/api/v1"
SEEN = "Consultou os dados pela API"
bp = Blueprint("api_v1", __name__, url_prefix=PREFIX)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that passed every check."""

    actor: Any  # a TokenActor, where services say User: they use its name and its id
    now: datetime
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    version: int = 0  # by If-Match, where the endpoint asks for it
    hold: Hold | None = None  # by Idempotency-Key, where the endpoint asks for it

    def promise(self, status: int, path: str) -> None:
        """Before the service's one commit: what the key stands for from then on."""
        if self.hold is not None:
            self.hold.promise(status, PREFIX + path)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered; `path` (below the prefix) is where it can be read later.

    `client_id` says whose data it shows, where it is one client's; `file` stands for the body.
    """

    body: Mapping[str, Any]
    path: str = ""
    client_id: int | None = None
    file: Response | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path. `again` shows what a keyed write made, when its answer was lost."""

    method: str
    path: str  # as Flask writes it
    scope: Scope
    summary: str
    answer: Record | None  # None: a PDF
    view: Callable[..., Reply]
    query: Record | None = None
    body: Record | None = None
    status: int = 200
    match: bool = False
    reads: bool = True
    again: Callable[[str], Mapping[str, Any]] | None = None

    @property
    def name(self) -> str:
        """Unique among the endpoints."""
        return f"{self.view.__module__.rpartition('.')[2]}_{self.view.__name__}"

    @property
    def personal(self) -> bool:
        """Whether clients' personal data may be in the answer."""
        return self.scope is not Scope.GENERATE

    @property
    def keyed(self) -> bool:
        """Whether an Idempotency-Key is asked for."""
        return self.again is not None


@dataclass(slots=True)
class _Registry:
    found: list[Endpoint] = field(default_factory=list)


REGISTRY = _Registry()


def endpoint(
    method: str, path: str, scope: Scope, summary: str, answer: Record | None, **rest: Any
) -> Callable[[V], V]:
    """Declare the function below as an endpoint; see Endpoint for `rest`."""
    reads = rest.pop("reads", method == "GET")

    def declare(view: V) -> V:
        found = Endpoint(method, path, scope, summary, answer, view, reads=reads, **rest)
        REGISTRY.found.append(found)
        bp.add_url_rule(path, found.name, _route(found), methods=[method])
        return view

    return declare


def _route(of: Endpoint) -> Callable[..., Response]:
    @wraps(of.view)
    def handle(**path: Any) -> Response:
        now = clock.now()
        actor = intake.authenticate(of.scope, now)
        query = intake.arguments(of.query)
        version = intake.seen_version() if of.match else 0
        body = intake.body(of.body)
        call = Call(actor, now, query, body, version)
        set_reading(of.reads)
        if of.keyed:
            return _once(of, call, actor, path)
        try:
            reply = of.view(call, **path)
        except Conflict as error:
            if error.outdated:
                raise Refusal(412, intake.STALE) from None
            raise
        response = _shown(of, reply)
        _note_access(of, actor, reply, now)
        return response

    return handle


def _note_access(of: Endpoint, actor: TokenActor, reply: Reply, now: datetime) -> None:
    """Whose personal data a token read (LGPD, art. 37); kept once an hour."""
    if not (of.personal and (of.method == "GET" or reply.client_id is not None)):
        return
    end_read()
    set_reading(False)
    what = SEEN if reply.client_id is not None else f"Leu pela API a lista {request.path}"
    accesses.note(Person(None, actor.name), reply.client_id, what, now)


def _once(of: Endpoint, call: Call, actor: TokenActor, path: Mapping[str, Any]) -> Response:
    """A write under an Idempotency-Key: done now, or told of."""
    key = request.headers.get("Idempotency-Key")
    mark = idempotency.fingerprint(request.method, request.path, request.get_data())
    begun = idempotency.begin(actor.token_id, key, mark, call.now)
    if isinstance(begun, Kept):
        return _kept(of, begun)
    try:
        reply = of.view(Call(call.actor, call.now, call.query, call.body, hold=begun), **path)
    except BaseException:
        begun.release()
        raise
    location = PREFIX + reply.path
    begun.finish(of.status, dict(reply.body), location)
    _note_access(of, actor, reply, call.now)
    return _shown(of, reply)


def _kept(of: Endpoint, kept: Kept) -> Response:
    answer = kept.answer
    if answer is None and of.again is not None:
        answer = of.again(kept.location.removeprefix(PREFIX))
    response = _shown(of, Reply(answer, kept.location.removeprefix(PREFIX)))
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _shown(of: Endpoint, reply: Reply) -> Response:
    if reply.file is not None:
        return reply.file
    response = jsonify(reply.body)
    response.status_code = of.status
    if reply.path and of.status != 200:
        response.headers["Location"] = PREFIX + reply.path
    if "version" in reply.body:
        response.headers["ETag"] = f'"{reply.body["version"]}"'
    if reply.body.get("next_cursor"):
        arguments = {**request.args.to_dict(), "cursor": reply.body["next_cursor"]}
        response.headers["Link"] = f'<{request.path}?{urlencode(arguments)}>; rel="next"'
    return response


def listed(call: Call, kind: str, page: Page[Any], show: Callable[[Any], Any]) -> Reply:
    """One page of a list as an answer."""
    return Reply(
        {
            "data": [show(row) for row in page.rows],
            "next_cursor": cursors.pack(kind, page.next_after),
        }
    )
