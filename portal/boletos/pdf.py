"""Slips to one PDF: the page of a wallet is laid out once, each boleto is stamped onto it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from portal.boletos.model import InvalidBoleto, Slip
from portal.boletos.page.compiler import Page, compile_page
from portal.boletos.page.content import Constant, constant
from portal.boletos.page.engine import html_to_pdf
from portal.boletos.page.layout import PER_PAGE, direct_html, fingerprint, marked_html
from portal.boletos.page.stamp import Stamper
from portal.boletos.page.writer import PdfFile

TITLE = "Boletos"


def render_pdf(slips: Sequence[Slip], layout: str = "ficha") -> bytes:
    """One PDF of all slips, in order: a page each (`ficha`) or three to a page (`carne`).

    The same slips give the same bytes. Raises RenderFailed when a page cannot be laid out in time,
    InvalidBoleto for no slips, an unknown layout or a broken logo.
    """
    version = fingerprint()
    file = PdfFile(TITLE)
    stampers: dict[tuple[Constant, ...], tuple[Page, Stamper]] = {}
    for group in _pages(slips, layout):
        key = tuple(map(constant, group))
        if key not in stampers:
            page = compiled(layout, key, version)
            stampers[key] = (page, Stamper(page, file.form(page)))
        page, stamper = stampers[key]
        file.add(page, stamper.content(group))
    return file.finish()


def render_direct(slips: Sequence[Slip], layout: str = "ficha") -> bytes:
    """The same pages straight from the HTML engine: slow, the measure of `render_pdf`."""
    pages = sum(1 for _ in _pages(slips, layout))
    return html_to_pdf(direct_html(slips, layout), pages)


@lru_cache(maxsize=128)
def compiled(layout: str, fixed: tuple[Constant, ...], version: tuple[object, ...]) -> Page:
    """The page of a layout with these fixed texts; `version` is that of the templates."""
    html, places = marked_html(fixed, layout)
    return compile_page(html_to_pdf(html), places)


def _pages(slips: Sequence[Slip], layout: str) -> Iterator[Sequence[Slip]]:
    """The slips of each page."""
    if layout not in PER_PAGE:
        raise InvalidBoleto("layout", f"Modelo “{layout}”: use {' ou '.join(PER_PAGE)}.")
    if not slips:
        raise InvalidBoleto("slips", "Nenhum boleto para imprimir. Escolha ao menos um título.")
    step = PER_PAGE[layout]
    for start in range(0, len(slips), step):
        yield slips[start : start + step]
