"""Printing what was chosen, and marking what was printed."""

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import InvalidValue
from portal.issuance import labels, picking, service, words
from portal.issuance.views import SECTION, bp
from portal.receivables import printing
from portal.web.formatters import number
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires

SHOWN = 100  # rows of a confirmation page; the rest is counted
PER_PDF = 1000  # boletos of one file: more would keep the person and the server waiting


@bp.post("/financeiro/emissao/imprimir")
@requires(Permission.DELIVER)
def print_page() -> ResponseReturnValue:
    """Before printing: how many, the PDF, and the button that marks them. Changes nothing."""
    picking.only_reads()
    titles = picking.titles()
    printable = [title for title in titles if title.has_boleto]
    return render(
        "issuance/print.html",
        section=SECTION,
        titles=printable,
        without=[title for title in titles if not title.has_boleto],
        parts=[printable[start : start + PER_PDF] for start in range(0, len(printable), PER_PDF)],
        per_pdf=PER_PDF,
        layouts=labels.LAYOUTS,
        shown=SHOWN,
        kept=picking.kept(),
    )


@bp.post("/financeiro/emissao/boletos.pdf")
@requires(Permission.SEE)
def pdf() -> Response:
    """The chosen boletos in one PDF, in the order of the report. Changes nothing."""
    picking.only_reads()
    titles = picking.titles(slips=True)
    if len(titles) > PER_PDF:
        raise InvalidValue(
            "receivables",
            f"São {number(len(titles))} boletos, e um PDF leva até {number(PER_PDF)}:"
            " imprima em partes.",
        )
    layout = request.form.get("modelo", "")
    content = printing.pdf_of(titles, layout if layout in labels.LAYOUTS else "ficha")
    return printing.pdf_response(content, f"boletos-{len(titles)}.pdf")


@bp.post("/financeiro/emissao/impressos")
@requires(Permission.DELIVER)
def mark_printed() -> ResponseReturnValue:
    """They were printed."""
    outcome = service.mark_printed(picking.ids(), current_user, clock.now())
    words.tell(outcome, "boleto marcado como impresso", "boletos marcados como impressos")
    return go_to("issuance.index", **picking.kept())


@bp.post("/financeiro/emissao/nao-impressos")
@requires(Permission.DELIVER)
def unmark_printed() -> ResponseReturnValue:
    """They were not printed after all."""
    outcome = service.unmark_printed(picking.ids(), current_user, clock.now())
    words.tell(outcome, "boleto marcado como não impresso", "boletos marcados como não impressos")
    return go_to("issuance.index", **picking.kept())
