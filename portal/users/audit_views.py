"""Auditoria: who changed what, when, from what to what. Nothing here writes."""

from flask import current_app, request
from flask.typing import ResponseReturnValue

from portal.core.config import Settings
from portal.users import audit_words, queries
from portal.users.web import bp
from portal.web.htmx import render
from portal.web.pagination import after_key
from portal.web.permissions import Permission, requires


@bp.get("/sistema/auditoria")
@requires(Permission.SEE_AUDIT)
def audit() -> ResponseReturnValue:
    """The events, newest first, by person, area and period."""
    settings: Settings = current_app.config["SETTINGS"]
    filters = queries.AuditFilters.from_args(request.args)
    return render(
        "users/audit.html",
        "users/_audit.html",
        page=queries.audit_page(filters, settings.timezone, after_key()),
        filters=filters,
        people=queries.everybody(),
        words=audit_words,
        section="users.audit",
    )
