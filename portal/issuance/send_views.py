"""Sending by hand: first the message, the recipients and what went before; then the sending."""

from typing import Any

from flask import current_app, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.db import db
from portal.core.errors import InvalidValue
from portal.issuance import forms, labels, picking, selection, service
from portal.issuance.print_views import SHOWN
from portal.issuance.sender import rendered, sender
from portal.issuance.views import SECTION, bp
from portal.receivables import second_copy
from portal.receivables.forms import parse_id
from portal.web.context import portal_today
from portal.web.formatters import number
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires

FIELD = "para-"  # and the client's number: the addresses of one client


@bp.get("/financeiro/emissao/enviar")
@requires(Permission.DELIVER)
def send() -> ResponseReturnValue:
    """Before sending one title (`?titulo=`), as its own page links here."""
    return _page(forms.parse_ids(request.args.getlist("titulo")))


@bp.post("/financeiro/emissao/enviar")
@requires(Permission.DELIVER)
def send_chosen() -> ResponseReturnValue:
    """Before sending: who gets what, the message, the account. Changes nothing."""
    picking.only_reads()
    return _page(picking.ids())


@bp.post("/financeiro/emissao/enviar/confirmar")
@requires(Permission.DELIVER)
def confirm() -> ResponseReturnValue:
    """Send by hand, once for each form, as many e-mails as the person confirmed."""
    key = forms.parse_key(request.form.get("chave", ""))
    confirmed = parse_id(request.form.get("numero", ""))
    ids, typed = picking.ids(), _typed()
    try:
        count, fresh = service.send(
            ids, key, current_user, clock.now(), typed=typed, confirmed=confirmed
        )
    except InvalidValue as error:
        db.session.rollback()
        return _page(ids, typed, str(error), key), 422
    text = f"{number(count)} e-mail{'s' * (count > 1)} na fila."
    if not fresh:
        text = "Este envio já tinha sido pedido: nada foi enviado de novo."
    return go_to("deliveries.log", text, lote=key)


def _typed() -> dict[int, str]:
    """The addresses of the form, by client."""
    found = {}
    for name, value in request.form.items():
        client_id = parse_id(name.removeprefix(FIELD)) if name.startswith(FIELD) else None
        if client_id is not None:
            found[client_id] = value
    return found


def _page(
    receivable_ids: list[int],
    typed: selection.Typed | None = None,
    problem: str = "",
    key: str = "",
) -> str:
    now = clock.now()
    today = portal_today(current_app.config["SETTINGS"], now)
    chosen = selection.sort_out(receivable_ids, typed)
    account = sender(chosen.emails, now)
    shown: dict[str, Any] = {"message": None}
    if account.account and chosen.recipients and not account.problem:
        shown["message"] = rendered(account.account, chosen.recipients[0], now)
    return render(
        "issuance/send.html",
        section=SECTION,
        chosen=chosen,
        sender=account,
        key=key or service.new_key(),
        problem=problem,
        late=second_copy.overdue(chosen.titles, today),
        went=selection.went,
        words=labels,
        field=FIELD,
        shown=SHOWN,
        kept=picking.kept(),
        **shown,
    )
