"""Auditoria: who changed what, when, from what to what. Nothing here writes."""

from flask import Response, current_app, make_response, request
from flask.typing import ResponseReturnValue

from portal.core import clock
from portal.core.config import Settings
from portal.users import audit_queries, audit_words, queries
from portal.users.web import bp
from portal.web.context import portal_today
from portal.web.htmx import render
from portal.web.pagination import after_key
from portal.web.permissions import Permission, requires


@bp.get("/sistema/auditoria")
@requires(Permission.SEE_AUDIT)
def audit() -> ResponseReturnValue:
    """The events, newest first, by person, area, record and period."""
    settings: Settings = current_app.config["SETTINGS"]
    filters = audit_queries.AuditFilters.from_args(request.args)
    return render(
        "users/audit.html",
        "users/_audit.html",
        page=audit_queries.audit_page(filters, settings.timezone, after_key()),
        filters=filters,
        people=queries.everybody(),
        words=audit_words,
        export_args=request.args.to_dict() | {"depois": None},
        section="users.audit",
    )


@bp.get("/sistema/auditoria.csv")
@requires(Permission.SEE_AUDIT)
def audit_export() -> Response:
    """The events as a file for spreadsheets, with the same filters."""
    settings: Settings = current_app.config["SETTINGS"]
    filters = audit_queries.AuditFilters.from_args(request.args)
    response = make_response(audit_queries.export(filters, settings.timezone))
    response.mimetype = "text/csv"
    name = f"auditoria-{portal_today(settings, clock.now())}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
