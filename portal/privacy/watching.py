"""Every page that shows one client's data, and every file that takes data away, leaves a note.

One hook over all answers, so that no view can forget it (LGPD, art. 37).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from flask import Flask, Response, current_app, request
from flask_login import current_user
from sqlalchemy import select

from portal.clients import accesses
from portal.clients.accesses import Person
from portal.contracts.models import Contract
from portal.core import clock
from portal.core.db import db
from portal.core.text import one_line
from portal.deliveries.models import EmailMessage
from portal.receivables.models import Receivable
from portal.users.afterwards import afterwards

SEEN = "Consultou os dados"
# Parts of a URL that lead to one client; to the client's own number, nothing has to be asked.
LEADS: Mapping[str, Any] = {
    "contract_id": (Contract.id, Contract.client_id),
    "receivable_id": (Receivable.id, Receivable.client_id),
    "message_id": (EmailMessage.id, EmailMessage.client_id),
}
ARGUMENTS = frozenset({"client_id", *LEADS})
FILES = frozenset({"text/csv", "application/pdf", "application/json", "application/zip"})
# Files about what the person brought along, or about nobody.
NOBODYS = frozenset(
    f"{room}.{name}"
    for room in ("clients", "contracts")
    for name in ("import_model", "import_problems")
)


def install(app: Flask) -> None:
    """Watch every answer of the application."""

    @app.after_request
    def watch(response: Response) -> Response:
        what = _seen(response)
        if what and current_user.is_authenticated:
            person = Person(current_user.id, current_user.name)
            view_args, now = dict(request.view_args or {}), clock.now()
            owner: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
            afterwards(owner, response, lambda: _note(person, view_args, what, now))
        return response


def _seen(response: Response) -> str:
    """What the person saw or took, in words; "" for what tells nothing about anybody."""
    if response.status_code != 200 or request.endpoint in NOBODYS:
        return ""
    name = response.headers.get("Content-Disposition", "").partition('filename="')[2].rstrip('"')
    if name and response.mimetype in FILES:
        query = one_line(unquote_plus(request.query_string.decode("utf-8", "replace")))
        return f"Baixou {name}" + (f" ({query})" if query else "")
    shown = ARGUMENTS & set(request.view_args or ())
    return SEEN if shown and request.method == "GET" else ""


def _note(person: Person, view_args: Mapping[str, Any], what: str, now: Any) -> None:
    client_id = _client_of(view_args)
    if client_id is not None or what != SEEN:
        accesses.note(person, client_id, what, now)


def _client_of(view_args: Mapping[str, Any]) -> int | None:
    if "client_id" in view_args:
        return int(view_args["client_id"])
    for name, (key, owner) in LEADS.items():
        if name in view_args:
            return db.session.scalar(select(owner).where(key == view_args[name]))
    return None
