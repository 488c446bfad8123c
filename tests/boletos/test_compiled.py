"""The compiled page: laid out once for a wallet, again when a template or the wallet changes."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from portal.boletos import RenderFailed, render_pdf
from portal.boletos import pdf as pdf_module
from portal.boletos.page import layout
from portal.boletos.page.compiler import compile_page
from portal.boletos.page.engine import html_to_pdf
from tests.boletos.reading import pages_text
from tests.boletos.samples import PIX, create_slip


@pytest.fixture
def own_templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the templates that a test may edit."""
    folder = tmp_path / "boletos"
    shutil.copytree(layout.TEMPLATES, folder)
    monkeypatch.setattr(layout, "TEMPLATES", folder)
    layout.environment.cache_clear()
    yield folder
    layout.environment.cache_clear()


@pytest.fixture
def layouts_done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each time that the HTML engine ran."""
    done: list[str] = []

    def counted(html: str, pages: int = 1) -> bytes:
        done.append(html)
        return html_to_pdf(html, pages)

    monkeypatch.setattr(pdf_module, "html_to_pdf", counted)
    pdf_module.compiled.cache_clear()
    return done


def test_the_html_engine_runs_once_for_a_wallet(layouts_done: list[str]) -> None:
    render_pdf([create_slip(n) for n in range(1, 30)])
    render_pdf([create_slip(99)])
    assert len(layouts_done) == 1


def test_another_wallet_company_or_a_pix_code_is_another_page(layouts_done: list[str]) -> None:
    slip = create_slip(1)
    company = replace(slip.beneficiario, name="Outra Empresa")
    render_pdf([slip, create_slip(2, "001"), create_slip(3, beneficiario=company)])
    render_pdf([create_slip(4, pix_payload=PIX)])
    assert len(layouts_done) == 4
    assert "José da Conceição" not in "".join(layouts_done)


def test_a_carne_has_a_page_for_one_two_and_three(layouts_done: list[str]) -> None:
    texts = pages_text(render_pdf([create_slip(n) for n in range(1, 9)], "carne"))
    assert len(layouts_done) == 2
    assert [text.count("Local de pagamento") for text in texts] == [3, 3, 2]


@pytest.mark.parametrize("name", ["ficha.html", "_macros.html", "_style.css"])
def test_editing_a_template_invalidates_the_page(own_templates: Path, name: str) -> None:
    before = render_pdf([create_slip(1)])
    template = own_templates / name
    text = template.read_text(encoding="utf-8")
    old, new = {
        "ficha.html": ("Local de pagamento", "Onde pagar"),
        "_macros.html": ('class="label">{{ label }}', 'class="label">· {{ label }}'),
        "_style.css": ("#ececec", "#fafafa"),
    }[name]
    assert old in text
    template.write_text(text.replace(old, new), encoding="utf-8")
    later = template.stat().st_mtime_ns + 10**9
    os.utime(template, ns=(later, later))
    after = render_pdf([create_slip(1)])
    assert after != before
    if name == "ficha.html":
        assert "Onde pagar" in pages_text(after)[0]


def test_a_page_that_lost_a_field_or_grew_is_reported() -> None:
    slip = create_slip(1)
    html, places = layout.marked_html([pdf_module.constant(slip)], "ficha")
    with pytest.raises(RenderFailed, match="perdeu um campo"):
        compile_page(html_to_pdf(html.replace("¤0¤", "")), places)
    with pytest.raises(RenderFailed, match="não cabem"):
        compile_page(html_to_pdf("<p>1</p><pdf:nextpage/><p>2</p>"), [])
