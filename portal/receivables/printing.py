"""Boletos as PDF, for the screen and for files."""

from collections.abc import Sequence

from flask import Response, make_response

from portal.boletos import InvalidBoleto, render_pdf
from portal.boletos.page.engine import RenderFailed
from portal.core.db import end_read
from portal.core.errors import NotFound, PortalError
from portal.receivables.models import Receivable
from portal.receivables.slips import slips_of
from portal.smtp.message import safe_filename


def pdf_of(titles: Sequence[Receivable], layout: str = "ficha") -> bytes:
    """One PDF of the titles' boletos as they were generated, in this order.

    Ends the open read. Raises NotFound for a title without boleto, PortalError when the pages
    cannot be made.
    """
    for title in titles:
        if not title.has_boleto:
            raise NotFound(
                f"O título {title.document_number} não tem boleto: a carteira não tinha dados"
                " bancários quando ele foi gerado."
            )
    slips = slips_of(titles)
    end_read()
    try:
        return render_pdf(slips, layout)
    except (InvalidBoleto, RenderFailed) as error:
        raise PortalError(str(error)) from error


def file_name(title: Receivable) -> str:
    """`boleto-2026-12-10-1042-202612.pdf`, safe as a file name and in a header."""
    number = title.document_number.replace("/", "-").replace("\\", "-")
    return safe_filename(f"boleto-{title.due_date:%Y-%m-%d}-{number}.pdf")


def pdf_response(content: bytes, name: str) -> Response:
    """The PDF to look at in the browser; saved, it is called `name`. Never kept in a cache."""
    response = make_response(content)
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{safe_filename(name)}"'
    response.headers["Cache-Control"] = "no-store"
    return response
