"""Emissão de boletos: filter titles, print them into one PDF, send them by hand."""

from typing import Any

from flask import Blueprint, Flask, Response, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.issuance import forms, queries, selection, service
from portal.issuance.forms import MAX_SELECTED, IssuanceFilters
from portal.receivables import labels, printing
from portal.receivables.queries import by_ids
from portal.smtp import variables
from portal.web.formatters import number
from portal.web.htmx import go_to, render
from portal.web.pagination import after_key
from portal.web.permissions import Permission, requires

bp = Blueprint("issuance", __name__)
SECTION = "issuance"
LAYOUTS = {"ficha": "Um boleto por página", "carne": "Carnê: três por página"}
SHOWN = 100  # rows of a confirmation page; the rest is counted


def register(app: Flask) -> None:
    """Add the pages to the application."""
    app.register_blueprint(bp)


@bp.get("/financeiro/emissao")
@requires(Permission.SEE)
def index() -> ResponseReturnValue:
    """The report: titles by the filters of the URL, with what was printed and sent of them."""
    filters = IssuanceFilters.from_args(request.args)
    page = queries.search(filters, after_key())
    return render(
        "issuance/index.html",
        "issuance/_table.html",
        section=SECTION,
        filters=filters,
        page=page,
        total=queries.total(filters),
        sendings=queries.sendings([title.id for title in page.rows]),
        never=queries.NEVER,
        wallets=queries.wallets(),
        limit=MAX_SELECTED,
        labels=labels,
    )


@bp.get("/financeiro/emissao/variaveis")
@requires(Permission.SEE)
def variables_page() -> ResponseReturnValue:
    """Variáveis de E-mail - Emissão de Boletos."""
    return render("issuance/variables.html", section=SECTION, groups=variables.grouped())


@bp.post("/financeiro/emissao/imprimir")
@requires(Permission.DELIVER)
def print_page() -> ResponseReturnValue:
    """Before printing: how many, the PDF, and the button that marks them. Changes nothing."""
    titles = by_ids(_chosen(), slips=False)
    printable = [title for title in titles if title.has_boleto]
    return render(
        "issuance/print.html",
        section=SECTION,
        titles=printable,
        without=[title for title in titles if not title.has_boleto],
        layouts=LAYOUTS,
        shown=SHOWN,
    )


@bp.post("/financeiro/emissao/boletos.pdf")
@requires(Permission.SEE)
def pdf() -> Response:
    """The chosen boletos in one PDF, in the order shown. Changes nothing."""
    titles = by_ids(_chosen())
    layout = request.form.get("modelo", "")
    content = printing.pdf_of(titles, layout if layout in LAYOUTS else "ficha")
    return printing.pdf_response(content, f"boletos-{len(titles)}.pdf")


@bp.post("/financeiro/emissao/impressos")
@requires(Permission.DELIVER)
def mark_printed() -> ResponseReturnValue:
    """They were printed."""
    count = service.mark_printed(_chosen(), current_user, clock.now())
    return go_to("issuance.index", f"{_boletos(count)} como impresso{'s' * (count > 1)}.")


@bp.get("/financeiro/emissao/enviar")
@requires(Permission.DELIVER)
def send() -> ResponseReturnValue:
    """Before sending one title (`?titulo=`), as its own page links here."""
    return _send_page(forms.parse_ids(request.args.getlist("titulo")))


@bp.post("/financeiro/emissao/enviar")
@requires(Permission.DELIVER)
def send_chosen() -> ResponseReturnValue:
    """Before sending: who gets what, the message, the account. Changes nothing."""
    return _send_page(_chosen())


@bp.post("/financeiro/emissao/enviar/confirmar")
@requires(Permission.DELIVER)
def confirm() -> ResponseReturnValue:
    """Send by hand, once for each form."""
    key = forms.parse_key(request.form.get("chave", ""))
    count, fresh = service.send(_chosen(), key, current_user, clock.now())
    text = f"{number(count)} e-mail{'s' * (count > 1)} na fila."
    if not fresh:
        text = "Este envio já tinha sido pedido: nada foi enviado de novo."
    return go_to("deliveries.log", text, lote=key)


def _chosen() -> list[int]:
    """The titles that were ticked, or all that the filters of the form's URL leave."""
    if request.form.get("todos") == "1":
        filters = IssuanceFilters.from_args(request.args)
        found = queries.ids(filters, MAX_SELECTED + 1)
        return forms.parse_ids([str(receivable_id) for receivable_id in found])
    return forms.parse_ids(request.form.getlist("titulo"))


def _send_page(receivable_ids: list[int]) -> str:
    now = clock.now()
    chosen = selection.sort_out(receivable_ids)
    sender = selection.sender(chosen.emails, now)
    shown: dict[str, Any] = {"message": None}
    if sender.account and chosen.recipients and not sender.problem:
        first = chosen.recipients[0]
        shown["message"] = selection.rendered(sender.account, first, now)
    return render(
        "issuance/send.html",
        section=SECTION,
        chosen=chosen,
        sender=sender,
        key=service.new_key(),
        shown=SHOWN,
        **shown,
    )


def _boletos(count: int) -> str:
    return "1 boleto marcado" if count == 1 else f"{number(count)} boletos marcados"
