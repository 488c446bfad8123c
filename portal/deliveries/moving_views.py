"""Passar a fila para outra conta: what would happen, and doing it."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import Conflict
from portal.deliveries import moving
from portal.deliveries.views import bp
from portal.receivables.forms import parse_id
from portal.settings.service import financial
from portal.smtp import labels, service
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires

URL = "/configuracoes/smtp/<int:account_id>/fila"


@bp.get(URL)
@requires(Permission.DELIVER)
def move_queue(account_id: int) -> ResponseReturnValue:
    """The accounts that could take over; with `para` (and `geracao`), what they would take."""
    account = service.get(account_id)
    others = moving.targets(account_id)
    run = parse_id(request.args.get("geracao", ""))
    target_id = parse_id(request.args.get("para", "")) or (others[0].id if others else None)
    plan = moving.preview(account_id, target_id, run, clock.now()) if target_id else None
    return render(
        "deliveries/move_queue.html",
        section="smtp",
        account=account,
        labels=labels,
        others=others,
        runs=moving.waiting_runs(account_id),
        run=run,
        plan=plan,
        chosen=financial().smtp_account_id == account_id,
    )


@bp.post(URL)
@requires(Permission.DELIVER)
def do_move_queue(account_id: int) -> ResponseReturnValue:
    """Move what the person saw; what came later stays."""
    service.get(account_id)
    target_id, run, newest = (
        parse_id(request.form.get(name, "")) for name in ("para", "geracao", "maior")
    )
    if target_id is None or newest is None:
        raise Conflict("Escolha a conta que envia no lugar desta e repita.")
    target = service.get(target_id).name
    count = moving.move(
        account_id, target_id, current_user, clock.now(), generation_id=run, newest=newest
    )
    if not count:
        words = "Nenhum destes e-mails espera mais por esta conta. Nada mudou."
        return go_to("deliveries.move_queue", words, account_id=account_id)
    words = f"{moving.in_words(count)} para a conta “{target}”."
    return go_to("deliveries.log", words, estado="queued", conta=target_id)
