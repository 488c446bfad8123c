"""Log de e-mail, one message, E-mails enviados of a client, and what a person does with them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    make_response,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.clients import queries as clients
from portal.core import clock
from portal.core.errors import Conflict
from portal.deliveries import (
    bulk,
    bulk_words,
    cause_names,
    frame,
    labels,
    log_export,
    log_queries,
    log_words,
    message_page,
    preview_facts,
    service,
)
from portal.deliveries.forms import ARGUMENTS, PERIODS, LogFilters
from portal.deliveries.log_terms import Terms, terms
from portal.deliveries.models import EmailMessage
from portal.receivables.forms import parse_text
from portal.smtp import preview
from portal.smtp.message import html_document
from portal.smtp.message_views import FRAME_HEADERS
from portal.users import queries as users
from portal.web.context import portal_today
from portal.web.htmx import go_to, render, wants_fragment
from portal.web.pagination import after_key
from portal.web.permissions import Permission, may, requires

bp = Blueprint("deliveries", __name__)
SECTION = "deliveries"


def register(app: Flask) -> None:
    """Add the pages, the state of sending in the top bar, and real clients to the preview."""
    from portal.deliveries import (  # noqa: F401 - their routes
        bulk_views,
        moving_views,
        proof_views,
        timeline_views,
        use_views,
        why_views,
    )
    from portal.deliveries.bounces import views as bounce_views  # noqa: F401

    app.register_blueprint(bp)
    app.context_processor(frame.frame_sending)
    app.jinja_env.globals["frame_stopped"] = frame.stopped
    preview.FACTS = preview_facts.facts
    preview.CLIENT_LOOKUP = lambda: url_for("deliveries.preview_clients")


@bp.get("/sistema/log-email")
@requires(Permission.SEE)
def log() -> ResponseReturnValue:
    """Every e-mail that the filters of the URL leave."""
    filters = LogFilters.from_args(request.args)
    asked = _asked(filters)
    return render(
        "deliveries/log.html",
        "deliveries/_log.html",
        section=SECTION,
        offered=_offered(filters, asked) if may(Permission.DELIVER) else (),
        bulk_args={name: value for name in ARGUMENTS if (value := request.args.get(name))},
        export_url=url_for("deliveries.export", **_without_page()),
        only=_names(filters),
        own_client=None,
        **_choices(),
        **_table(filters, asked, marks=may(Permission.DELIVER)),
    )


@bp.get("/sistema/log-email.csv")
@requires(Permission.SEE)
def export() -> Response:
    """The log as a file for spreadsheets, with the same filters."""
    return _file(LogFilters.from_args(request.args), "log-email")


@bp.get("/clientes/<int:client_id>/emails-enviados")
@requires(Permission.SEE)
def client_emails(client_id: int) -> ResponseReturnValue:
    """Aba E-mails enviados of a client, with the filters of the log."""
    client = clients.get(client_id)
    filters = LogFilters.from_args(request.args, client_id)
    return render(
        "deliveries/client.html",
        "deliveries/_log.html",
        section="clients",
        client=client,
        own_client=client_id,
        offered=(),
        export_url=url_for("deliveries.client_export", client_id=client_id, **_without_page()),
        **_choices(),
        **_table(filters, _asked(filters)),
    )


@bp.get("/clientes/<int:client_id>/emails-enviados.csv")
@requires(Permission.SEE)
def client_export(client_id: int) -> Response:
    """The client's e-mails as a file, with the filters of the tab."""
    clients.get(client_id)
    return _file(LogFilters.from_args(request.args, client_id), f"emails-cliente-{client_id}")


@bp.get("/sistema/log-email/<int:message_id>")
@requires(Permission.SEE)
def show(message_id: int) -> ResponseReturnValue:
    """One message: its state, its tries, and itself as it was sent."""
    message = log_queries.get(message_id)
    now = clock.now()
    return render(
        "deliveries/show.html",
        "deliveries/_message.html",
        section=SECTION,
        **message_page.facts(message, now, current_app.config["SETTINGS"].timezone),
        **_words(),
    )


@bp.get("/sistema/log-email/<int:message_id>/mensagem.html")
@requires(Permission.SEE)
def html(message_id: int) -> Response:
    """The HTML part alone, for the sandboxed frame."""
    message = log_queries.get(message_id)
    response = make_response(html_document(message_page.content(message, clock.now()).html))
    response.headers.update(FRAME_HEADERS)
    return response


@bp.post("/sistema/log-email/<int:message_id>/reenviar")
@requires(Permission.DELIVER)
def resend(message_id: int) -> ResponseReturnValue:
    """Put the message back into the queue."""
    return _act(message_id, log_words.RESEND, service.resend, "O e-mail está de novo na fila.")


@bp.post("/sistema/log-email/<int:message_id>/cancelar")
@requires(Permission.DELIVER)
def cancel(message_id: int) -> ResponseReturnValue:
    """Take the message out of the queue."""
    return _act(message_id, log_words.CANCEL, service.cancel, "Envio cancelado.")


@bp.post("/sistema/log-email/<int:message_id>/entregue")
@requires(Permission.DELIVER)
def mark_delivered(message_id: int) -> ResponseReturnValue:
    """A person knows that the message arrived."""
    return _act(
        message_id, log_words.DELIVERED, service.mark_delivered, "E-mail marcado como entregue."
    )


@bp.post("/sistema/log-email/reenviar-causa")
@requires(Permission.DELIVER)
def resend_cause() -> ResponseReturnValue:
    """Put every message that failed for one cause back into the queue."""
    cause = request.form.get("causa", "")
    if cause not in cause_names.SHORT:
        raise Conflict("Escolha a causa no filtro do log e repita.")
    count = service.resend_cause(cause, current_user, clock.now())
    if not count:
        raise Conflict("Nenhuma mensagem falha por esta causa agora. Nada mudou.")
    text = "1 e-mail está de novo na fila." if count == 1 else f"{count} e-mails na fila de novo."
    return go_to("deliveries.log", text, estado="queued")


@bp.get("/configuracoes/smtp/clientes")
@requires(Permission.SEE)
def preview_clients() -> ResponseReturnValue:
    """Rows of the lupa of aba Mensagem: clients for the preview."""
    wanted = parse_text(request.args.get("q", ""))
    return render_template(
        "deliveries/_preview_clients.html", clients=clients.lookup(wanted), wanted=wanted
    )


def _act(
    message_id: int,
    endpoint: str,
    use_case: Callable[[int, Any, datetime], EmailMessage],
    done: str,
) -> ResponseReturnValue:
    """One of the actions that the page offers for the message's state. Raises Conflict."""
    message = service.get(message_id, lock=True)
    if not any(action.endpoint == endpoint for action in log_words.actions(message)):
        raise Conflict("O estado deste e-mail mudou: recarregue a página e veja o que é possível.")
    use_case(message_id, current_user, clock.now())
    return go_to("deliveries.show", done, message_id=message_id)


def _file(filters: LogFilters, name: str) -> Response:
    """A file that is written while it is sent: however long, it takes no memory."""
    settings = current_app.config["SETTINGS"]
    today = portal_today(settings, clock.now())
    rows = log_export.export(_asked(filters), settings.timezone)
    response = Response(stream_with_context(rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{today}.csv"'
    return response


def _asked(filters: LogFilters) -> Terms:
    settings = current_app.config["SETTINGS"]
    return terms(filters, portal_today(settings, clock.now()), settings.timezone)


def _offered(filters: LogFilters, asked: Terms) -> list[tuple[str, str]]:
    return bulk_words.offered(bulk.glance(service.selection(filters, clock.now()), asked))


def _without_page() -> dict[str, Any]:
    return {name: value for name, value in request.args.items() if name != "depois" and value}


def _names(filters: LogFilters) -> str:
    """The name of the client whose e-mails alone the log shows."""
    return clients.get(filters.client_id).name if filters.client_id else ""


def _choices() -> dict[str, Any]:
    """What the form of the filters offers; a fragment is without it."""
    if wants_fragment():
        return {}
    return {
        "periods": PERIODS,
        "accounts": log_queries.accounts(),
        "people": users.everybody(),
        "causes": sorted(log_queries.causes_found(), key=cause_names.short),
    }


def _table(filters: LogFilters, asked: Terms, *, marks: bool = False) -> dict[str, Any]:
    """What `deliveries/_log.html` needs."""
    settings, now = current_app.config["SETTINGS"], clock.now()
    page = log_queries.search(asked, now, after_key())
    return {
        "page": page,
        "marked": bulk_words.for_marked(page.rows) if marks else (),
        "total": log_queries.total(asked),
        "in_subjects": bool(asked.found and asked.found.in_subjects),
        "about": cause_names.about(filters.cause) if filters.cause else None,
        "moving": page.first and log_words.moving(page.rows, now),
        "detail": lambda row: log_words.detail(row, now, settings.timezone),
        "filters": filters,
        **_words(),
    }


def _words() -> dict[str, Any]:
    return {"labels": labels, "words": log_words, "cause_names": cause_names}
