"""The attachments of a message, made again, and whether they are those that were sent."""

from flask import Response, request
from flask.typing import ResponseReturnValue

from portal.core.errors import Conflict
from portal.deliveries import log_queries
from portal.deliveries.proof import proof
from portal.deliveries.views import SECTION, bp
from portal.receivables.forms import parse_id
from portal.receivables.printing import pdf_response
from portal.web.htmx import render
from portal.web.permissions import Permission, requires


@bp.get("/sistema/log-email/<int:message_id>/anexos")
@requires(Permission.SEE)
def attachments(message_id: int) -> ResponseReturnValue:
    """The attachments and the comparison; the message's page loads it once it is drawn."""
    message = log_queries.get(message_id)
    return render(
        "deliveries/proof.html",
        "deliveries/_proof.html",
        section=SECTION,
        message=message,
        proof=proof(message),
    )


@bp.get("/sistema/log-email/<int:message_id>/anexo.pdf")
@requires(Permission.SEE)
def attachment(message_id: int) -> Response:
    """One attachment as PDF; `?n=` is its place, from 1."""
    made = proof(log_queries.get(message_id)).attachments
    place = parse_id(request.args.get("n", "1")) or 1
    if place > len(made):
        raise Conflict("Este e-mail não tem este anexo. Volte à página dele e escolha outro.")
    name, data = made[place - 1]
    return pdf_response(data, name)
