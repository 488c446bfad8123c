"""Pages of the webhooks: list, Novo, one webhook with its log."""

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import Conflict, InvalidValue
from portal.web.forms import version_of
from portal.web.htmx import go_to, render
from portal.web.pagination import after_key
from portal.web.permissions import Permission, requires
from portal.webhooks import labels, queries, service
from portal.webhooks.forms import HELP, WebhookForm
from portal.webhooks.models import Webhook

bp = Blueprint("webhooks", __name__)
SECTION = "api"  # one entry of the menu for tokens and webhooks


def register(app: Flask) -> None:
    """Add the pages to the application."""
    app.register_blueprint(bp)


@bp.get("/sistema/webhooks")
@requires(Permission.MANAGE_USERS)
def index() -> ResponseReturnValue:
    """Every webhook."""
    return render(
        "webhooks/index.html",
        section=SECTION,
        webhooks=queries.everyone(),
        waiting=queries.waiting(),
        labels=labels,
    )


@bp.route("/sistema/webhooks/novo", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def new() -> ResponseReturnValue:
    """Novo webhook; its secret is shown once."""
    form = WebhookForm()
    if form.validate_on_submit():
        try:
            webhook, secret = service.create(
                form.url.data, form.events.data, current_user, clock.now()
            )
        except InvalidValue as error:
            form.reject(error)
        else:
            return _secret_page(webhook, secret, "Webhook criado")
    page = render("webhooks/new.html", section=SECTION, form=form, help=HELP)
    return page, 422 if form.errors else 200


@bp.get("/sistema/webhooks/<int:webhook_id>")
@requires(Permission.MANAGE_USERS)
def show(webhook_id: int) -> ResponseReturnValue:
    """One webhook and what it was told."""
    webhook = service.get(webhook_id)
    return _page(webhook, WebhookForm(obj=webhook))


@bp.post("/sistema/webhooks/<int:webhook_id>")
@requires(Permission.MANAGE_USERS)
def save(webhook_id: int) -> ResponseReturnValue:
    """Save address and events."""
    form, code = WebhookForm(obj=service.get(webhook_id)), 422
    if form.validate():
        try:
            service.change(
                webhook_id, form.to_command(), form.seen_version, current_user, clock.now()
            )
            return go_to("webhooks.show", "Webhook salvo.", webhook_id=webhook_id)
        except (InvalidValue, Conflict) as error:
            code = form.reject(error)
    return _page(service.get(webhook_id), form), code


@bp.post("/sistema/webhooks/<int:webhook_id>/segredo")
@requires(Permission.MANAGE_USERS)
def new_secret(webhook_id: int) -> ResponseReturnValue:
    """Gerar outro segredo, shown once."""
    version = version_of(request.form.get("version"))
    webhook, secret = service.new_secret(webhook_id, version, current_user, clock.now())
    return _secret_page(webhook, secret, "Segredo novo")


@bp.post("/sistema/webhooks/<int:webhook_id>/testar")
@requires(Permission.MANAGE_USERS)
def test(webhook_id: int) -> ResponseReturnValue:
    """Enviar evento de teste."""
    service.send_test(webhook_id, current_user, clock.now())
    text = "Evento de teste na fila. Recarregue a página para ver a resposta."
    return go_to("webhooks.show", text, webhook_id=webhook_id)


@bp.post("/sistema/webhooks/<int:webhook_id>/pausar")
@requires(Permission.MANAGE_USERS)
def pause(webhook_id: int) -> ResponseReturnValue:
    """Pausar."""
    service.pause(webhook_id, current_user, clock.now())
    return go_to("webhooks.show", "Webhook pausado.", webhook_id=webhook_id)


@bp.post("/sistema/webhooks/<int:webhook_id>/retomar")
@requires(Permission.MANAGE_USERS)
def resume(webhook_id: int) -> ResponseReturnValue:
    """Retomar."""
    service.resume(webhook_id, current_user, clock.now())
    return go_to("webhooks.show", "Webhook retomado: o que esperava sai já.", webhook_id=webhook_id)


@bp.post("/sistema/webhooks/<int:webhook_id>/excluir")
@requires(Permission.MANAGE_USERS)
def remove(webhook_id: int) -> ResponseReturnValue:
    """Excluir."""
    service.remove(webhook_id, current_user, clock.now())
    return go_to("webhooks.index", "Webhook excluído.")


@bp.post("/sistema/webhooks/chamadas/<int:call_id>/reenviar")
@requires(Permission.MANAGE_USERS)
def resend(call_id: int) -> ResponseReturnValue:
    """Avisar de novo, with the same event id."""
    call = service.resend(call_id, current_user, clock.now())
    return go_to("webhooks.show", "Chamada de volta à fila.", webhook_id=call.webhook_id)


def _page(webhook: Webhook, form: WebhookForm) -> str:
    return render(
        "webhooks/show.html",
        "webhooks/_calls.html",
        section=SECTION,
        webhook=webhook,
        form=form,
        help=HELP,
        labels=labels,
        page=queries.calls(webhook.id, after_key()),
    )


def _secret_page(webhook: Webhook, secret: str, title: str) -> str:
    return render(
        "webhooks/secret.html", section=SECTION, webhook=webhook, secret=secret, title=title
    )
