"""Pages of the SMTP accounts: list, new, aba Conta, aba Limites e ritmo, aba Histórico."""

from typing import Any

from flask import Blueprint, Flask, Response, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import Conflict, InvalidValue
from portal.smtp import labels, pace, providers, queries, service
from portal.smtp.account_rules import account_warnings
from portal.smtp.forms import HELP, AccountForm, LimitsForm, PauseForm, new_account_values
from portal.smtp.models import SmtpAccount
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires

bp = Blueprint("smtp", __name__)
SECTION = "smtp"
PACE_SAMPLES = (500, 5_000, 50_000)


def register(app: Flask) -> None:
    """Add the pages to the application."""
    from portal.smtp import message_views, test_views  # noqa: F401 - they add their routes

    app.register_blueprint(bp)


@bp.get("/configuracoes/smtp")
@requires(Permission.SEE)
def index() -> ResponseReturnValue:
    """Every account: server, state, limits, last test."""
    accounts = queries.all_accounts()
    return render("smtp/index.html", section=SECTION, accounts=accounts, labels=labels)


@bp.get("/configuracoes/smtp/nova")
@requires(Permission.CONFIGURE)
def new() -> ResponseReturnValue:
    """Novo: an empty form, or one filled with what a provider asks for (`?provedor=`)."""
    provider = request.args.get("provedor", "")
    return _new_page(AccountForm(new_account_values(provider), service.policy()), provider)


@bp.post("/configuracoes/smtp/nova")
@requires(Permission.CONFIGURE)
def create() -> ResponseReturnValue:
    """Novo: save."""
    form = AccountForm(new_account_values(), service.policy())
    if form.validate():
        try:
            account = service.create(form.values(), current_user, clock.now())
        except InvalidValue as error:
            form.reject(error)
        else:
            text = (
                "Conta salva. Falta a mensagem: escreva-a aqui e depois envie um e-mail de teste."
            )
            return go_to("smtp.message", text, account_id=account.id)
    return _new_page(form), 422


@bp.get("/configuracoes/smtp/<int:account_id>")
@requires(Permission.SEE)
def edit(account_id: int) -> ResponseReturnValue:
    """Aba Conta, with the test e-mail."""
    account = service.get(account_id)
    return account_page(account, AccountForm(_current(account), service.policy()))


@bp.post("/configuracoes/smtp/<int:account_id>")
@requires(Permission.CONFIGURE)
def save(account_id: int) -> ResponseReturnValue:
    """Aba Conta: save."""
    account = service.get(account_id)
    form = AccountForm(_current(account), service.policy())
    saved = _change(account_id, form, "smtp.edit", "Conta salva.")
    return saved if isinstance(saved, Response) else (account_page(account, form), saved)


@bp.get("/configuracoes/smtp/<int:account_id>/limites")
@requires(Permission.SEE)
def limits(account_id: int) -> ResponseReturnValue:
    """Aba Limites e ritmo."""
    account = service.get(account_id)
    return _limits_page(account, LimitsForm(_current(account), service.policy()))


@bp.post("/configuracoes/smtp/<int:account_id>/limites")
@requires(Permission.CONFIGURE)
def save_limits(account_id: int) -> ResponseReturnValue:
    """Aba Limites e ritmo: save."""
    account = service.get(account_id)
    form = LimitsForm(_current(account), service.policy())
    saved = _change(account_id, form, "smtp.limits", "Limites salvos.")
    return saved if isinstance(saved, Response) else (_limits_page(account, form), saved)


@bp.get("/configuracoes/smtp/<int:account_id>/historico")
@requires(Permission.SEE)
def history(account_id: int) -> ResponseReturnValue:
    """Aba Histórico: tests and changes."""
    return render(
        "smtp/history.html",
        section=SECTION,
        account=service.get(account_id),
        tests=queries.tests_of(account_id),
        changes=queries.changes_of(account_id),
        labels=labels,
    )


@bp.post("/configuracoes/smtp/<int:account_id>/pausar")
@requires(Permission.CONFIGURE)
def pause(account_id: int) -> ResponseReturnValue:
    """Stop sending by this account."""
    form = PauseForm()
    service.pause(account_id, form.reason.data or "", current_user, clock.now())
    return go_to("smtp.edit", "Conta pausada. O que está na fila espera.", account_id=account_id)


@bp.post("/configuracoes/smtp/<int:account_id>/retomar")
@requires(Permission.CONFIGURE)
def resume(account_id: int) -> ResponseReturnValue:
    """Send again."""
    service.resume(account_id, current_user, clock.now())
    return go_to("smtp.edit", "Conta retomada: a fila volta a andar.", account_id=account_id)


def account_page(account: SmtpAccount, form: AccountForm, **more: Any) -> str:
    """Aba Conta with this form; `more` replaces what the test panel shows."""
    test = queries.last_test(account.id)
    context: dict[str, Any] = {
        "account": account,
        "form": form,
        "progress": queries.progress(test, clock.now()) if test else None,
        "recipient": account.test_recipient,
        "warnings": list(account_warnings(service.facts_of(account))),
    }
    return render(
        "smtp/edit.html", section=SECTION, help=HELP, labels=labels, **{**context, **more}
    )


def account_form(account: SmtpAccount) -> AccountForm:
    """The form of aba Conta, filled from the row."""
    return AccountForm(_current(account), service.policy())


def _change(
    account_id: int, form: AccountForm | LimitsForm, endpoint: str, words: str
) -> Response | int:
    """Save the form and go on; the status, with the errors in the form, when it was refused."""
    if not form.validate():
        return 422
    try:
        service.change(account_id, form.values(), form.seen_version, current_user, clock.now())
    except (InvalidValue, Conflict) as error:
        return form.reject(error)
    return go_to(endpoint, words, account_id=account_id)


def _current(account: SmtpAccount) -> dict[str, Any]:
    return {**service.facts_of(account), "version": account.version}


def _new_page(form: AccountForm, provider: str = "") -> str:
    return render(
        "smtp/new.html",
        section=SECTION,
        form=form,
        help=HELP,
        presets=providers.PRESETS,
        preset=providers.BY_KEY.get(provider),
    )


def _limits_page(account: SmtpAccount, form: LimitsForm) -> str:
    limits = (account.hourly_limit, account.daily_limit, account.minute_limit)
    return render(
        "smtp/limits.html",
        section=SECTION,
        account=account,
        form=form,
        help=HELP,
        pace=[(count, pace.in_words(pace.duration(count, *limits))) for count in PACE_SAMPLES],
        presets=providers.presets_of(account.host),
        labels=labels,
        warnings=list(account_warnings(service.facts_of(account))),
    )
