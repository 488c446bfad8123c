"""Boletos: computing and printing, against the same page drawn in two usual ways.

`python -m bench.boletos` prints a line for each measure and exits 1 when a limit is missed. All is
measured in this one process, on one core, in processor time.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from bench.memory import peak_megabytes
from portal.boletos import Slip, compute, render_direct, render_pdf
from portal.boletos.page.symbols import BARCODE_MODULES, itf_bars
from tests.boletos.samples import ACCOUNTS, create_slip, create_title

BATCH, MANY, DIRECT_PAGES, CANVAS_PAGES = 2_000, 5_000, 40, 300


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure and what it must be."""

    name: str
    value: float
    unit: str
    limit: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        mark = "ok  " if self.met else "MISS"
        return f"{mark} {self.name:<58} {self.value:10.3f} {self.unit:<8} {sign} {self.limit:g}"


def slips(count: int) -> list[Slip]:
    """Boletos of one wallet: no two alike in payer, number or amount."""
    made = []
    for n in range(1, count + 1):
        slip = create_slip(n, valor=Decimal(n) + Decimal("19.90"))
        payer = replace(
            slip.pagador, name=f"Cliente {n} da Conceição", address=f"Rua das Palmeiras, {n}"
        )
        made.append(replace(slip, pagador=payer))
    return made


def seconds(work: Callable[[], object], repeat: int = 1) -> float:
    """The best processor time of some runs."""
    best = float("inf")
    for _ in range(repeat):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def draw_on_canvas(batch: list[Slip]) -> bytes:
    """The ficha drawn straight on a reportlab canvas: every line, label and text on every page."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(210 * mm, 297 * mm), pageCompression=1)
    for slip in batch:
        _canvas_page(canvas, slip)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _canvas_page(canvas: Canvas, slip: Slip) -> None:
    who, payer = slip.beneficiario, slip.pagador
    _texts(canvas, 280, ((10, 10, who.name), (10, 8, who.cpf_cnpj), (10, 8, who.address)))
    for top in (265, 150):
        canvas.setLineWidth(1.2)
        canvas.line(10 * mm, top * mm, 200 * mm, top * mm)
        _texts(canvas, top + 2, ((10, 11, "Itaú"), (56, 14, "341-7")), step=0)
        canvas.setFont("Helvetica-Bold", 12)
        canvas.drawRightString(199 * mm, (top + 2) * mm, slip.numbers.linha_digitavel)
        _cells(canvas, top, slip)
    for index, line in enumerate((*slip.instructions, *slip.demonstrativo)):
        canvas.setFont("Helvetica", 7.5)
        canvas.drawString(11 * mm, (105 - 3 * index) * mm, line)
    _texts(canvas, 80, ((11, 8, payer.name), (11, 8, payer.cpf_cnpj), (11, 8, payer.address)))
    step = 103 * mm / BARCODE_MODULES
    for at, width in itf_bars(slip.numbers.codigo_barras):
        canvas.rect(15 * mm + at * step, 50 * mm, width * step, 13 * mm, stroke=0, fill=1)


def _cells(canvas: Canvas, top: float, slip: Slip) -> None:
    labels = (
        "Local de pagamento", "Vencimento", "Beneficiário", "Agência/Código do beneficiário",
        "Data do documento", "Número do documento", "Espécie doc.", "Aceite",
        "Data de processamento", "Nosso número", "Uso do banco", "Carteira", "Espécie moeda",
        "Quantidade", "(x) Valor", "(=) Valor do documento", "(-) Desconto", "(+) Mora/Multa",
    )  # fmt: skip
    values = (
        slip.local_pagamento, f"{slip.vencimento:%d/%m/%Y}", slip.beneficiario.name,
        "1234 / 12345-1", f"{slip.data_documento:%d/%m/%Y}", slip.numero_documento, slip.especie,
        slip.aceite, f"{slip.data_processamento:%d/%m/%Y}", slip.numbers.nosso_numero, "", "109",
        "R$", "", "", f"R$ {slip.valor}", "", "",
    )  # fmt: skip
    canvas.setLineWidth(0.4)
    for index, (label, value) in enumerate(zip(labels, values, strict=True)):
        x, y = (10 + 63 * (index % 3)) * mm, (top - 7 * (index // 3 + 1)) * mm
        canvas.rect(x, y, 63 * mm, 7 * mm)
        canvas.setFont("Helvetica", 5.5)
        canvas.drawString(x + mm, y + 5 * mm, label)
        canvas.setFont("Helvetica", 8)
        canvas.drawString(x + mm, y + 1.2 * mm, value)


def _texts(
    canvas: Canvas, top: float, texts: tuple[tuple[float, float, str], ...], step: float = 4
) -> None:
    for index, (x, size, text) in enumerate(texts):
        canvas.setFont("Helvetica", size)
        canvas.drawString(x * mm, (top - step * index) * mm, text)


def compute_many(count: int) -> None:
    account = ACCOUNTS["341"]
    for n in range(1, count + 1):
        compute(account, create_title(n))


def measures() -> list[Measure]:
    """All figures, in one run."""
    batch = slips(BATCH)
    render_pdf(batch[:1])  # the page of the wallet is laid out here, once
    direct = seconds(lambda: render_direct(batch[:DIRECT_PAGES])) / DIRECT_PAGES
    canvas = seconds(lambda: draw_on_canvas(batch[:CANVAS_PAGES]), 3) / CANVAS_PAGES
    ours = seconds(lambda: render_pdf(batch), 3) / BATCH
    single = seconds(lambda: [render_pdf([slip]) for slip in batch[:200]], 3) / 200
    titles = seconds(lambda: [create_title(n) for n in range(1, BATCH + 1)], 3) / BATCH
    computed = seconds(lambda: compute_many(BATCH), 3) / BATCH - titles
    many = slips(MANY)
    start = time.perf_counter()
    size = len(render_pdf(many))
    took = time.perf_counter() - start
    peak = peak_megabytes()
    return [
        Measure("directly by xhtml2pdf, a page", direct * 1e3, "ms", float("inf")),
        Measure("straight on a reportlab canvas, a page", canvas * 1e3, "ms", float("inf")),
        Measure("stamped, a page of 2,000", ours * 1e3, "ms", 0.5),
        Measure("stamped, times as fast as xhtml2pdf", direct / ours, "×", 100, at_least=True),
        Measure("stamped, times as fast as the canvas", canvas / ours, "×", 8, at_least=True),
        Measure("a single PDF of a known wallet", single * 1e3, "ms", 1.5),
        Measure("the numbers of one boleto", computed * 1e6, "µs", 60),
        Measure("one PDF of 5,000 pages", took, "s", 5),
        Measure("memory of the process with it, at its peak", peak, "MB", 200),
        Measure("size of a page in it", size / MANY, "B", 3_000),
    ]


def main() -> bool:
    """Prints the measures; whether every limit was kept."""
    found = measures()
    for measure in found:
        print(measure)
    return all(measure.met for measure in found)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
