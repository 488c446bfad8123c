"""Aba Mensagem: subject, text, variables, and how it will look."""

from typing import Any

from flask import Response, make_response, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import Conflict, InvalidValue
from portal.smtp import labels, message_rules, service, variables
from portal.smtp import preview as previews
from portal.smtp.forms import HELP, MessageForm
from portal.smtp.models import SmtpAccount
from portal.smtp.views import SECTION, bp
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires

# The document has styles of its own and nothing else; it may only be framed by our pages.
FRAME_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox",
    "X-Frame-Options": "SAMEORIGIN",
}


@bp.get("/configuracoes/smtp/<int:account_id>/mensagem")
@requires(Permission.SEE)
def message(account_id: int) -> ResponseReturnValue:
    """Aba Mensagem; an account without a message is offered a neutral one."""
    account = service.get(account_id)
    suggested = not (account.subject or account.body)
    form = MessageForm(
        data={
            "version": account.version,
            "subject": message_rules.NEUTRAL_SUBJECT if suggested else account.subject,
            "body": message_rules.NEUTRAL_BODY if suggested else account.body,
        }
    )
    return _page(account, form, suggested=suggested)


@bp.post("/configuracoes/smtp/<int:account_id>/mensagem")
@requires(Permission.CONFIGURE)
def save_message(account_id: int) -> ResponseReturnValue:
    """Aba Mensagem: save. Unknown variables are refused with their place."""
    account = service.get(account_id)
    form, code = MessageForm(data={"version": account.version}), 422
    if form.validate():
        subject, body = form.subject.data or "", form.body.data or ""
        try:
            service.change_message(
                account_id, subject, body, form.seen_version, current_user, clock.now()
            )
        except (InvalidValue, Conflict) as error:
            code = form.reject(error)
        else:
            return go_to("smtp.message", "Mensagem salva.", account_id=account_id)
    return _page(account, form), code


@bp.post("/configuracoes/smtp/<int:account_id>/mensagem/previa")
@requires(Permission.SEE)
def preview(account_id: int) -> ResponseReturnValue:
    """The unsaved message as a client would get it. Changes nothing."""
    account = service.get(account_id)
    return _page(account, MessageForm(), fragment="smtp/_preview.html")


@bp.get("/configuracoes/smtp/<int:account_id>/mensagem/previa.html")
@requires(Permission.SEE)
def preview_html(account_id: int) -> Response:
    """The HTML part alone, for the sandboxed frame: the draft of the address, else as saved."""
    account = service.get(account_id)
    draft = previews.read_draft(request.args.get("rascunho", ""))
    subject, body = draft or (account.subject, account.body)
    shown = previews.preview(
        subject, body, _client_id(), overdue=request.args.get("vencido") == "1"
    )
    response = make_response(shown.html or shown.problem)
    response.headers.update(FRAME_HEADERS)
    if not shown.html:
        response.mimetype = "text/plain"
    return response


def _page(
    account: SmtpAccount, form: MessageForm, *, fragment: str | None = None, suggested: bool = False
) -> str:
    subject, body = form.subject.data or "", form.body.data or ""
    overdue, client_id = request.values.get("vencido") == "1", _client_id()
    context: dict[str, Any] = {
        "account": account,
        "form": form,
        "suggested": suggested,
        "preview": previews.preview(subject, body, client_id, overdue=overdue),
        "unknown": variables.problems(subject, body),
        "draft": previews.draft_token(subject, body),
        "overdue": overdue,
        "as_html": request.values.get("formato") == "html",
        "client_id": client_id,
        "client_name": request.values.get("client_name", "")[:160],
        "lookup": previews.CLIENT_LOOKUP() if previews.CLIENT_LOOKUP else None,
        "groups": variables.grouped(),
        "labels": labels,
    }
    return render("smtp/message.html", fragment, section=SECTION, help=HELP, **context)


def _client_id() -> int | None:
    raw = request.values.get("client_id", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None
