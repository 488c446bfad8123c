"""Aba Devoluções of an SMTP account: its mailbox, the last reading, what came back."""

from datetime import UTC, datetime

from flask import request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import Conflict, InvalidValue
from portal.deliveries.bounces import queries, service, words
from portal.deliveries.bounces.forms import HELP, MailboxForm
from portal.deliveries.views import bp
from portal.smtp import labels
from portal.smtp import service as accounts
from portal.smtp.models import SmtpAccount
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires

SECTION = "smtp"
URL = "/configuracoes/smtp/<int:account_id>/devolucoes"


@bp.get(URL)
@requires(Permission.SEE)
def bounces(account_id: int) -> ResponseReturnValue:
    """The tab; `?desde=` (seconds) waits for a reading that was asked for then."""
    account = accounts.get(account_id)
    return _page(account, MailboxForm(account, service.policy()))


@bp.post(URL)
@requires(Permission.CONFIGURE)
def save_mailbox(account_id: int) -> ResponseReturnValue:
    """Save where the bounces arrive."""
    account = accounts.get(account_id)
    form, code = MailboxForm(account, service.policy()), 422
    if form.validate():
        try:
            service.save_mailbox(
                account_id, form.values(), form.seen_version, current_user, clock.now()
            )
        except (InvalidValue, Conflict) as error:
            code = form.reject(error)
        else:
            return go_to("deliveries.bounces", "Caixa salva.", account_id=account_id)
    return _page(account, form), code


@bp.post(f"{URL}/ler")
@requires(Permission.CONFIGURE)
def read_mailbox(account_id: int) -> ResponseReturnValue:
    """Testar e ler agora: a worker reads, the page waits for it."""
    accounts.get(account_id)
    asked_at = int(clock.now().timestamp())
    service.request_reading(account_id)
    return go_to("deliveries.bounces", account_id=account_id, desde=asked_at, _anchor="leitura")


def _page(account: SmtpAccount, form: MailboxForm) -> str:
    now = clock.now()
    asked_at = _asked_at()
    return render(
        "smtp/bounces.html",
        "smtp/_bounces_read.html",
        section=SECTION,
        account=account,
        form=form,
        help=HELP,
        labels=labels,
        imap_scope=words.MICROSOFT_SCOPE,
        actions=words.ACTIONS,
        rows=queries.newest(account.id),
        waiting=queries.is_being_read(account, asked_at, now),
        lonely=asked_at is not None and (now - asked_at).total_seconds() > 10,
    )


def _asked_at() -> datetime | None:
    raw = request.args.get("desde", "")
    if not (raw.isascii() and raw.isdigit() and len(raw) < 11):
        return None
    return datetime.fromtimestamp(int(raw), UTC)
