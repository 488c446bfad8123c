"""Emissão de boletos in a browser: two pages chosen, printed, marked; and without JavaScript."""

from datetime import date

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from portal.core.db import db
from portal.receivables.models import Receivable
from tests.factories import create_client, create_contract, create_settings, create_wallet
from tests.receivables.making import create_boleto
from tests.support.browser import LivePortal, check_accessible, sign_in

TITLES = 52  # two pages


@pytest.fixture
def city(live: LivePortal) -> str:
    """A city whose client has two pages of open titles."""
    with live.app.app_context():
        create_settings()
        client = create_client(city="Vila das Fibras", name="Zélia Prado")
        contract = create_contract(client=client, wallet=create_wallet())
        for number in range(TITLES):
            create_boleto(
                contract=contract,
                competence=date(2020 + number // 12, number % 12 + 1, 1),
                due_date=date(2026, 12, 1 + number // 2),
                document_number=f"Z-{number:02}",
            )
        db.session.remove()
    return "Vila das Fibras"


def _printed(live: LivePortal) -> set[str]:
    with live.app.app_context():
        rows = db.session.scalars(
            select(Receivable.document_number).where(
                Receivable.document_number.like("Z-%"), Receivable.printed_at.is_not(None)
            )
        )
        found = set(rows)
        db.session.remove()
    return found


def _choose_print_and_mark(page: Page, *documents: str) -> None:
    first, second = documents
    page.get_by_label(f"Selecionar {first} de").check()
    page.get_by_role("button", name="Próximos »").click()
    page.get_by_label(f"Selecionar {second} de").check()
    page.get_by_role("button", name="Imprimir").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Imprimir 2 boletos")
    page.get_by_role("button", name="Marcar como impressos").click()
    expect(page.get_by_text("2 boletos marcados como impressos.")).to_be_visible()


def test_titles_of_two_pages_are_chosen_printed_and_marked(
    page: Page, live: LivePortal, city: str, browser: Browser
):
    sign_in(page, live, role="financeiro")
    url = f"{live.url}/financeiro/emissao?cidade=vila+das&impresso=nao"
    page.goto(url)
    page.get_by_label("Selecionar Z-03 de").check()
    expect(page.locator("#selecionados")).to_have_text("1 título, R$\xa0119,90 selecionado")
    check_accessible(page)
    page.get_by_label("Selecionar todos desta página").check()
    expect(page.locator("#selecionados")).to_contain_text("50 títulos")
    page.get_by_role("button", name="Selecionar todos os 52 do filtro").click()
    expect(page.locator("#selecionados")).to_contain_text("52 títulos")
    page.get_by_role("button", name="Limpar a seleção").click()
    expect(page.locator("#selecionados")).to_contain_text("0 títulos")
    _choose_print_and_mark(page, "Z-03", "Z-51")
    assert _printed(live) == {"Z-03", "Z-51"}

    plain = browser.new_context(
        java_script_enabled=False, storage_state=page.context.storage_state()
    )
    without = plain.new_page()
    without.goto(url.replace("&impresso=nao", ""))
    _choose_print_and_mark(without, "Z-04", "Z-50")
    plain.close()
    assert _printed(live) == {"Z-03", "Z-51", "Z-04", "Z-50"}
