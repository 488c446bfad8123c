"""By keys alone: the main flow, the search of the top bar, the lupa."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from portal.core.db import db
from tests import factories
from tests.support import keyboard
from tests.support.browser import LivePortal, check_accessible, sign_in
from tests.support.smtp_server import ScriptedServer
from tests.support.standing_in import generate_and_send, run_tests

SEARCH = "Buscar cliente, contrato ou título"
INSIDE = """() => document.activeElement === document.body  // on its way round
  || !!document.activeElement.closest("dialog")"""


@dataclass(frozen=True)
class Billed:
    """A client who can be billed, and the account that sends."""

    account_id: int
    contract: str
    recipient: str


@pytest.fixture
def billed(live: LivePortal) -> Iterator[Billed]:
    with ScriptedServer() as server, live.app.app_context():
        account = factories.create_account(port=server.port, test_recipient="teste@example.com")
        factories.create_settings(account)
        client = factories.create_client(name="Ágata Teclado", emails="agata@example.com")
        contract = factories.create_contract(client=client, code="T-7001")
        made = Billed(account.id, contract.code, client.emails)
        db.session.remove()
        yield made


def test_the_main_flow_needs_no_mouse(page: Page, live: LivePortal, billed: Billed) -> None:
    email, password = live.create_user()
    page.emulate_media(reduced_motion="reduce")  # what is scrolled to is there at once
    page.goto(f"{live.url}/entrar")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(email)
    keyboard.go(page, page.get_by_label("Senha"))
    page.keyboard.type(f"{password}\n")
    menu = page.get_by_role("navigation", name="Menu principal")
    keyboard.press(page, menu.get_by_role("link", name=re.compile("^Checklist")))
    page.wait_for_url("**/checklist")
    keyboard.skip_menu(page)
    account = f"/configuracoes/smtp/{billed.account_id}"
    keyboard.press(page, page.locator(f"main li a[href='{account}']").first)
    page.wait_for_url(f"**{account}")
    keyboard.skip_menu(page)
    keyboard.go(page, page.get_by_label("Enviar e-mail de teste para"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("pedido agora")).to_be_visible()
    run_tests(live)
    expect(page.get_by_text("O servidor aceitou a mensagem")).to_be_visible()

    keyboard.press(page, menu.get_by_role("link", name="Gerar financeiro"))
    page.wait_for_url("**/financeiro/gerar")
    keyboard.skip_menu(page)
    keyboard.go(page, page.get_by_label(re.compile("Competência")))
    page.keyboard.type("072031")
    keyboard.go(page, page.get_by_label("Toda a base"))
    page.keyboard.press("ArrowDown")
    keyboard.go(page, page.get_by_label("Contrato", exact=True))
    page.keyboard.type(f"{billed.contract}\n")
    generate = page.get_by_role("button", name="Gerar 1 título e enviar 1 e-mail")
    expect(generate).to_be_visible()
    keyboard.skip_menu(page)
    keyboard.press(page, generate)
    page.wait_for_url(re.compile(r"/financeiro/gerar/\d+$"))
    generate_and_send(live, int(page.url.rpartition("/")[2]), billed.account_id)

    keyboard.press(page, menu.get_by_role("link", name="Log de e-mail"))
    page.wait_for_url("**/sistema/log-email")
    row = page.get_by_role("row").filter(has_text=billed.recipient)
    expect(row).to_contain_text("Enviado")
    keyboard.skip_menu(page)
    keyboard.press(page, row.get_by_role("link").first)
    expect(page.locator("main")).to_contain_text("250 ")


def test_arrows_walk_what_the_search_finds_and_escape_puts_it_away(
    page: Page, live: LivePortal
) -> None:
    with live.app.app_context():
        client = factories.create_client(name="Ícaro Busca", code="B-1")
        contract = factories.create_contract(client=client, code="B-2")
        title = factories.create_receivable(contract=contract, document_number="B-2-0731")
        urls = [f"/clientes/{client.id}", f"/contratos/{contract.id}"]
        urls.append(f"/financeiro/titulos/{title.id}")
        db.session.remove()
    sign_in(page, live)
    page.goto(f"{live.url}/conta")
    page.keyboard.press("/")
    page.keyboard.type("icaro")
    search, panel = page.get_by_role("searchbox", name=SEARCH), page.locator(".search-panel")
    links = panel.get_by_role("link")
    expect(links).to_have_count(3)
    check_accessible(page, within=".topbar")
    for number in range(3):
        page.keyboard.press("ArrowDown")
        expect(links.nth(number)).to_be_focused()
        assert links.nth(number).get_attribute("href") == urls[number]
    page.keyboard.press("ArrowDown")
    expect(search).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(links.nth(2)).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(search).to_be_focused()
    expect(search).to_have_value("icaro")
    page.keyboard.type(" busca")
    expect(links).to_have_count(3)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live.url}{urls[0]}")


def test_the_lupa_is_left_and_used_without_a_mouse(page: Page, live: LivePortal) -> None:
    with live.app.app_context():
        factories.create_wallet()
        factories.create_client(name="Úrsula Lupa", code="L-9")
        db.session.remove()
    sign_in(page, live)
    page.goto(f"{live.url}/contratos/novo")
    keyboard.skip_menu(page)
    button = page.get_by_role("button", name=re.compile("^Lupa"))
    keyboard.press(page, button)
    dialog = page.get_by_role("dialog", name="Procurar cliente")
    field = dialog.get_by_role("searchbox")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("ursula")
    row = dialog.get_by_role("button", name=re.compile("Úrsula"))
    expect(dialog.locator(".lookup-row")).to_have_count(1)
    check_accessible(page, within="dialog")
    for _ in range(6):  # round and round, never out of it
        page.keyboard.press("Tab")
        inside = (
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
        assert page.evaluate(inside)
    field.focus()
    page.keyboard.press("Enter")
    expect(row).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Código do cliente")).to_have_value("L-9")
    expect(page.get_by_label("Cliente", exact=True)).to_have_value("Úrsula Lupa")


def test_what_is_searched_or_filtered_is_no_change_to_lose(page: Page, live: LivePortal) -> None:
    sign_in(page, live)
    page.on("dialog", lambda dialog: pytest.fail(f"asked: {dialog.type}"))
    page.goto(f"{live.url}/clientes")
    page.locator("main input[type=search]").fill("ana")
    page.get_by_role("searchbox", name=SEARCH).fill("ana")
    page.goto(f"{live.url}/conta")
    page.get_by_label("Nome").fill("Ana de Lima")
    page.get_by_role("button", name="Salvar nome").click()
    expect(page.get_by_text("Nome salvo.")).to_be_visible()
    page.goto(f"{live.url}/clientes")
