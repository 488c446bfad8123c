"""Every page in a real browser: read by axe in light and dark, and as wide as a phone."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Page

from portal.core.db import db
from tests.support import company
from tests.support.browser import LivePortal, sign_in, violations
from tests.support.routes import FRAMED, private
from tests.support.tables import CLIENTS
from tests.support.walking import A_CODE

DESK, PHONE = {"width": 1280, "height": 720}, {"width": 360, "height": 740}
# Pages that only come with something asked of them.
ASKED = (
    "/busca?q=maria",
    "/busca?q=ninguem-assim",
    "/clientes/lupa?lupa=maria",
    "/clientes?q=ninguem-assim",
    "/financeiro/emissao?status=cancelled",
    "/financeiro/gerar/simular?competencia=2031-01&quem=todos&parcelas=1",
    "/financeiro/gerar/simular?competencia=agora&quem=todos&parcelas=x",
    "/financeiro/gerar/simular/titulos?competencia=2031-01&quem=todos&parcelas=1&motivo=emails",
    "/configuracoes/smtp/nova?provedor=gmail",
    "/nao-existe",
)


@pytest.fixture
def urls(live: LivePortal) -> list[str]:
    """The page of every route that can be got, for the rows that `company` makes."""
    with live.app.app_context():
        company.fill(5)
        db.session.remove()
    known = [r for r in private(live.app) if r.reads and r.rule.rule not in FRAMED]
    return [*(route.url(1, A_CODE) for route in known), *ASKED]


def _visit(page: Page, live: LivePortal, urls: list[str]) -> Iterator[str]:
    """Open each address that answers a whole page, then those that only a form leads to."""
    seen = 0
    for url in urls:
        head = page.request.get(live.url + url, max_redirects=0)
        if head.status in (200, 404) and "<html lang" in head.text()[:200]:
            page.goto(live.url + url)
            seen += 1
            yield url
    assert seen > 60
    page.goto(f"{live.url}/clientes/importar")
    page.set_input_files("input[type=file]", _file("clientes.csv", CLIENTS))
    page.get_by_role("button", name="Conferir arquivo").click()
    page.get_by_role("button", name="Importar").wait_for()
    yield "what a file would do"
    page.goto(f"{live.url}/clientes/novo")
    page.get_by_role("button", name="Salvar").click()
    page.locator(".error-summary:focus").wait_for()
    yield "a refused form"
    page.goto(f"{live.url}/financeiro/emissao")
    page.locator("tbody input[type=checkbox]").first.check()
    for button, back in (("Imprimir", True), ("Enviar por e-mail", False)):
        page.get_by_role("button", name=button).click()
        page.locator("main h1", has_text=button.split()[0]).wait_for()
        yield button
        if back:
            page.go_back()
            page.locator("tbody input[type=checkbox]").first.check()


def _show(page: Page, theme: Literal["light", "dark"]) -> None:
    # Colours that fade into each other would be measured on their way.
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.locator(f"html[data-bs-theme={theme}]").wait_for(state="attached")


def _file(name: str, text: str) -> dict[str, object]:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


def test_every_page_passes_axe_in_light_and_dark_and_fits_a_phone(
    page: Page, live: LivePortal, urls: list[str]
) -> None:
    sign_in(page, live)
    wrong: dict[str, list[str]] = {}
    for url in _visit(page, live, urls):
        found = violations(page)
        _show(page, "dark")
        found += [f"dark: {text}" for text in violations(page, rule="color-contrast")]
        _show(page, "light")
        page.set_viewport_size(PHONE)
        width = page.evaluate("document.documentElement.scrollWidth")
        page.set_viewport_size(DESK)
        if width > PHONE["width"]:
            found.append(f"{width} px wide")
        if found:
            wrong[url] = found
    assert wrong == {}
