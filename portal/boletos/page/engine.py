"""xhtml2pdf, with the doors shut: nothing is fetched, and a page has five seconds."""

from __future__ import annotations

import io
import logging
from dataclasses import replace

from xhtml2pdf import pisa
from xhtml2pdf.config.resources import RenderLimitError, ResourceAccessPolicy

SECONDS_A_PAGE = 5.0
_POLICY = ResourceAccessPolicy(
    allow_remote=False,
    allow_private_networks=False,
    allow_local_outside_base=False,
    allow_remote_pdf_backgrounds=False,
    max_resources=0,
    max_local_bytes=2 * 1024 * 1024,
    max_image_pixels=4_000_000,
    max_document_bytes=16 * 1024 * 1024,
)


class RenderFailed(RuntimeError):
    """A page that could not be rendered, or took too long. The text is pt-BR."""


def html_to_pdf(html: str, pages: int = 1) -> bytes:
    """The PDF of our own HTML. Raises RenderFailed."""
    policy = replace(_POLICY, max_render_seconds=SECONDS_A_PAGE * pages)
    out = io.BytesIO()
    try:
        status = pisa.CreatePDF(
            html, dest=out, link_callback=_refuse, resource_policy=policy, encoding="utf-8"
        )
    except RenderLimitError as error:
        raise RenderFailed(
            f"O boleto não ficou pronto em {SECONDS_A_PAGE:.0f} segundos por página."
            " Encurte os textos da carteira ou troque o logotipo."
        ) from error
    if status.err:
        raise RenderFailed("O boleto não pôde ser desenhado. Confira o logotipo e os textos.")
    return out.getvalue()


def _refuse(uri: str, _relative_to: str) -> str:
    """xhtml2pdf asks here before it reads anything: only data of the page itself may pass."""
    if uri.startswith("data:"):
        return uri
    logging.getLogger(__name__).warning("boleto page asked for a resource; refused")
    return ""
