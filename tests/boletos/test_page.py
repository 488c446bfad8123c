"""What is seen on the page: texts, symbols, and that stamped and direct pages are the same."""

import subprocess
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from portal.boletos import InvalidBoleto, Party, Slip, banks, render_direct, render_pdf
from tests.boletos.reading import (
    differing_pixels,
    draw,
    needs_poppler,
    needs_qpdf,
    needs_zbar,
    pages_text,
    png,
    symbols,
    words,
)
from tests.boletos.samples import PIX, create_slip

LAYOUTS = ("ficha", "carne")
LONG = Party(
    "Maria Antonieta da Conceição Albuquerque de Vasconcelos e Bragança dos Santos Pereira " * 3,
    "12ABC34501DE35",
    "Avenida Presidente Juscelino Kubitschek de Oliveira, 12345, bloco B, apartamento 1201 " * 2,
    "Jardim Nossa Senhora das Graças",
    "Vila Bela da Santíssima Trindade",
    "MT",
    "78245000",
)
ODD = Party(
    "W" * 200, "x" * 90, "Ünïcode “aspas” – travessão € 北京 \U0001f600", "(a) \\ [b]", "é" * 90
)


def variety() -> list[Slip]:
    """Short, long, accented and odd texts; with and without Pix and logo."""
    return [
        create_slip(1),
        create_slip(2, pagador=LONG, instructions=("palavra " * 300, "x" * 500, "fim")),
        create_slip(3, pagador=ODD, sacador=LONG, pix_payload=PIX, numero_documento="W" * 80),
        create_slip(4, "001", pagador=Party("J"), instructions=(), demonstrativo=("linha",) * 40),
        create_slip(5, beneficiario=LONG, logo_png=png(), valor=Decimal("99999999.99")),
    ]


def every_bank() -> list[Slip]:
    """A boleto of the sample wallet of each bank."""
    return [create_slip(777, bank.code) for bank in banks()]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_page_says_all_that_a_boleto_must(layout: str) -> None:
    slip = create_slip(1234)
    (text,) = pages_text(render_pdf([slip], layout))
    for shown in (
        "Itaú", "341-7", slip.numbers.linha_digitavel, "Pagável em qualquer banco",
        "Provedor Exemplo Telecomunicações Ltda", "12.ABC.345/01DE-35",
        "Rua das Flores, 100 - Centro - São José dos Pinhais/PR - CEP 83000-000",
        "1234 / 12345-1", "01/12/2026", "2026-001234", "DM", "Aceite", "109/00001234-",
        "Carteira", "Espécie moeda", "R$ 119,90", "10/12/2026",
        "Multa de 2,00% após o vencimento", "José da Conceição", "123.456.789-09",
        "Avenida Brasil, 1500 - Jardim das Acácias - Foz do Iguaçu/PR - CEP 85850-000",
        "Sacador/Avalista", "Ficha de compensação", "Recibo do pagador",
    ):  # fmt: skip
        assert shown.casefold() in text.casefold()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_numbers_of_every_bank_are_printed_whole(layout: str) -> None:
    slips = every_bank()
    text = " ".join(pages_text(render_pdf(slips, layout)))
    for slip in slips:
        assert text.count(slip.numbers.linha_digitavel) == (2 if layout == "ficha" else 1)
        assert text.count(slip.numbers.nosso_numero) >= 2


@needs_poppler
@pytest.mark.parametrize("layout", LAYOUTS)
def test_stamped_and_direct_pages_look_the_same(layout: str, tmp_path: Path) -> None:
    slips = variety()
    stamped, direct = render_pdf(slips, layout), render_direct(slips, layout)
    assert words(stamped) == words(direct)
    pictures = []
    for name, pdf in (("stamped", stamped), ("direct", direct)):
        (tmp_path / name).mkdir()
        pictures.append(draw(pdf, tmp_path / name))
    assert len(pictures[0]) == len(pictures[1]) == (5 if layout == "ficha" else 2)
    for one, other in zip(*pictures, strict=True):
        assert differing_pixels(one, other, 128) == 0
        assert differing_pixels(one, other, 32) < 500  # of two million: edges, by a shade


@needs_zbar
@pytest.mark.parametrize("layout", LAYOUTS)
def test_zbar_reads_the_barcode_of_every_bank(layout: str, tmp_path: Path) -> None:
    slips = every_bank()
    read: set[str] = set()
    for picture in draw(render_pdf(slips, layout), tmp_path):
        read |= symbols(picture)
    assert read == {slip.numbers.codigo_barras for slip in slips}


@needs_zbar
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("render", [render_pdf, render_direct])
def test_zbar_reads_the_pix_code_only_where_the_bank_gave_one(
    layout: str, render: object, tmp_path: Path
) -> None:
    slips = [create_slip(1), create_slip(2, pix_payload=PIX), create_slip(3)]
    assert callable(render)
    pictures = draw(render(slips, layout), tmp_path)
    read = [symbols(picture) for picture in pictures]
    codes = {slip.numbers.codigo_barras for slip in slips}
    assert set().union(*read) == codes | {PIX}
    if layout == "ficha":
        assert [PIX in page for page in read] == [False, True, False]


@needs_zbar
def test_many_barcodes_are_read_at_150_dpi(tmp_path: Path) -> None:
    slips = [create_slip(n, valor=Decimal(n * 7919)) for n in range(1, 40)]
    pictures = draw(render_pdf(slips, "carne"), tmp_path)
    read = set().union(*(symbols(picture) for picture in pictures))
    assert read == {slip.numbers.codigo_barras for slip in slips}


def test_the_logo_is_on_the_page_once_for_all_pages() -> None:
    logo = png(300, 100)
    one = render_pdf([create_slip(1, logo_png=logo)])
    many = render_pdf([create_slip(n, logo_png=logo) for n in range(1, 21)])
    assert one.count(b"/Subtype /Image") == many.count(b"/Subtype /Image") >= 1
    assert b"/Subtype /Image" not in render_pdf([create_slip(1)])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GIF89a", "não é uma imagem PNG"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "danificado"),
        (png(2001, 10), "limite é 2000"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 600_000, "KB"),
    ],
)
def test_a_logo_that_is_none_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(InvalidBoleto, match=words) as refused:
        render_pdf([create_slip(1, logo_png=content)])
    assert refused.value.field == "logo_png"


@needs_qpdf
@pytest.mark.parametrize("layout", LAYOUTS)
def test_qpdf_finds_nothing_wrong(layout: str, tmp_path: Path) -> None:
    path = tmp_path / "boletos.pdf"
    path.write_bytes(render_pdf(variety() * 3, layout))
    done = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pages_keep_their_order_across_wallets() -> None:
    slips = [create_slip(n, code) for n, code in enumerate(("341", "001", "341", "748"), 1)]
    texts = pages_text(render_pdf(slips))
    assert all(
        slip.numbers.linha_digitavel in text for slip, text in zip(slips, texts, strict=True)
    )


def test_the_same_slips_give_the_same_bytes() -> None:
    slips = [create_slip(n) for n in (1, 2, 3)]
    assert render_pdf(slips) == render_pdf(slips)


def test_a_page_costs_little() -> None:
    slips = [create_slip(n, pagador=replace(LONG, name=f"Cliente {n}")) for n in range(1, 301)]
    assert len(render_pdf(slips)) / len(slips) < 3_000


def test_no_slips_and_unknown_layouts_are_refused() -> None:
    with pytest.raises(InvalidBoleto):
        render_pdf([])
    with pytest.raises(InvalidBoleto, match="ficha"):
        render_pdf([create_slip(1)], "../ficha")


def test_three_pix_slips_still_fit_on_a_page_of_a_carne() -> None:
    slips = [create_slip(n, pix_payload=PIX) for n in (1, 2, 3)]
    for render in (render_pdf, render_direct):
        assert len(pages_text(render(slips, "carne"))) == 1
