"""The checklist of the first day: a form of another page, filled in and saved in place."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.support.browser import LivePortal, check_accessible, live_portal, sign_in


@pytest.fixture
def first_day(tmp_path) -> Iterator[LivePortal]:
    """A portal of its own: in the one that all tests share something may have been generated."""
    with live_portal(tmp_path) as portal:
        yield portal


def test_a_step_opens_says_what_is_wrong_and_comes_back_with_its_tick(page, first_day):
    sign_in(page, first_day)
    page.goto(f"{first_day.url}/checklist")
    step = page.locator("#passo-tipo-de-envio")
    toggle = step.get_by_role("link", name="Fazer agora")
    toggle.focus()
    page.keyboard.press("Enter")
    expect(step.get_by_role("radio", name="E-mail")).to_be_visible()
    expect(step.get_by_role("link", name="Fechar")).to_be_focused()
    check_accessible(page)
    step.get_by_role("link", name="Fechar").click()
    expect(toggle).to_be_focused()

    account = page.locator("#passo-conta")
    account.get_by_role("link", name="Fazer agora").click()
    account.get_by_label("Nome da conta").fill("Financeiro")
    account.get_by_label("Servidor de saída").fill("smtp exemplo com")
    account.get_by_label("E-mail do remetente").fill("financeiro@example.com")
    account.get_by_role("radio", name="Não").first.check()
    account.get_by_role("button", name="Salvar").click()
    expect(account.locator(".error-summary")).to_be_focused()
    expect(page).to_have_url(f"{first_day.url}/checklist")
    expect(page).to_have_title("Checklist · Pontual")

    account.get_by_label("Servidor de saída").fill("smtp.example.com")
    account.get_by_role("button", name="Salvar").click()
    expect(page.locator("main")).to_contain_text("Conta salva.")
    expect(page).to_have_url(f"{first_day.url}/checklist")
    expect(account.locator(".evidence")).to_contain_text("smtp.example.com:587 com TLS, nunca")

    page.locator("#passo-mensagem").get_by_role("link", name="Fazer agora").click()
    message = page.locator("#passo-mensagem")
    message.get_by_label("Assunto").fill("Seu boleto")
    expect(message.locator("#previa-conteudo")).to_contain_text("Seu boleto")  # its own parts live
    message.get_by_role("button", name="Salvar").click()
    expect(message.locator(".step-head .sign")).to_have_text("✓")
    expect(page.locator("h1")).to_contain_text("1 de 7 prontos")
