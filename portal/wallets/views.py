"""Pages of the wallets: list, new, aba Carteira de cobrança."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.boletos import InvalidBoleto
from portal.core import clock
from portal.core.errors import Conflict, InvalidValue
from portal.wallets import labels, queries, rules, service
from portal.wallets.forms import WalletForm, help_for, wallet_form
from portal.wallets.models import Wallet
from portal.wallets.numbering import next_number
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires

bp = Blueprint("wallets", __name__)
SECTION = "wallets"


def register(app: Flask) -> None:
    """Add the pages to the application."""
    app.register_blueprint(bp)


@bp.get("/cadastros/carteiras")
@requires(Permission.SEE)
def index() -> ResponseReturnValue:
    """Every wallet: bank, type, whether it e-mails on generation."""
    today = service.local_today(clock.now())
    return render(
        "wallets/index.html",
        section=SECTION,
        wallets=queries.all_wallets(),
        next_number=lambda wallet: next_number(wallet, today),
        labels=labels,
        find_bank=rules.find_bank,
    )


@bp.get("/cadastros/carteiras/nova")
@requires(Permission.CONFIGURE)
def new() -> ResponseReturnValue:
    """Novo: an empty form."""
    return _page(None, _form(None))


@bp.post("/cadastros/carteiras/nova")
@requires(Permission.CONFIGURE)
def create() -> ResponseReturnValue:
    """Novo: save, or only show the fields of the chosen bank."""
    form = _form(None)
    if _only_shows_fields():
        return _page(None, form)
    if form.validate():
        try:
            wallet = service.create(form.values(), current_user, clock.now())
        except InvalidValue as error:
            form.reject(error)
        else:
            return go_to("wallets.edit", "Carteira salva.", wallet_id=wallet.id)
    return _page(None, form), 422


@bp.get("/cadastros/carteiras/<int:wallet_id>")
@requires(Permission.SEE)
def edit(wallet_id: int) -> ResponseReturnValue:
    """Aba Carteira de cobrança, with the numbers of the next boleto."""
    wallet = service.get(wallet_id)
    return _page(wallet, _form(wallet))


@bp.post("/cadastros/carteiras/<int:wallet_id>")
@requires(Permission.CONFIGURE)
def save(wallet_id: int) -> ResponseReturnValue:
    """Aba Carteira de cobrança: save, or only show the fields of the chosen bank."""
    wallet = service.get(wallet_id)
    form = _form(wallet)
    if _only_shows_fields():
        return _page(wallet, form)
    code = 422
    if form.validate():
        try:
            service.change(wallet_id, form.values(), form.seen_version, current_user, clock.now())
        except (InvalidValue, Conflict) as error:
            code = form.reject(error)
        else:
            return go_to("wallets.edit", "Carteira salva.", wallet_id=wallet_id)
    return _page(wallet, form), code


@bp.post("/cadastros/carteiras/campos")
@requires(Permission.SEE)
def bank_fields() -> ResponseReturnValue:
    """The fields of the bank just chosen, with what was already typed. Changes nothing."""
    return render("wallets/fields.html", "wallets/_bank_fields.html", form=_form(None))


def _form(wallet: Wallet | None) -> WalletForm:
    today = service.local_today(clock.now())
    current: Mapping[str, Any] = (
        {**service.shown_facts(wallet, today), "version": wallet.version}
        if wallet
        else {**service.DEFAULTS, "version": 0}
    )
    posted = request.form.get("bank_code") if request.method == "POST" else None
    return wallet_form(current, posted, today)


def _only_shows_fields() -> bool:
    return "show_fields" in request.form


def _page(wallet: Wallet | None, form: WalletForm) -> str:
    today = service.local_today(clock.now())
    facts = service.shown_facts(wallet, today) if wallet else {}
    return render(
        "wallets/edit.html" if wallet else "wallets/new.html",
        section=SECTION,
        wallet=wallet,
        form=form,
        help=help_for(form.bank),
        labels=labels,
        sample=_sample(facts, today) if wallet else None,
        gateway_notice=rules.GATEWAY_NOTICE,
        # The notice on Gateway stands in the form, where it follows the choice at once.
        warnings=[text for text in rules.wallet_warnings(facts) if text != rules.GATEWAY_NOTICE]
        if wallet
        else [],
    )


def _sample(facts: Mapping[str, Any], today: date) -> rules.Sample | None:
    if not rules.has_bank_data(facts):
        return None
    try:
        return rules.sample(facts, today)
    except InvalidBoleto:
        return None
