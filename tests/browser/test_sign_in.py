import pytest
from playwright.sync_api import expect

from tests.support.browser import check_accessible, sign_in


def test_a_person_signs_in_by_keyboard_and_lands_where_they_wanted(page, live):
    email, password = live.create_user(name="Ana Souza")
    page.goto(f"{live.url}/conta")
    assert page.url == f"{live.url}/entrar?next=/conta"
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live.url}/conta")
    expect(page.locator(".user-menu summary")).to_contain_text("Ana Souza · admin")


def test_a_wrong_password_says_so_keeps_the_email_and_takes_the_focus(page, live):
    page.goto(f"{live.url}/entrar")
    page.get_by_label("E-mail").fill("ninguem@example.com")
    page.get_by_label("Senha").fill("errada errada")
    page.get_by_role("button", name="Entrar").click()
    alert = page.get_by_role("alert")
    expect(alert).to_have_text("E-mail ou senha incorretos.")
    expect(alert).to_be_focused()
    expect(page.get_by_label("E-mail")).to_have_value("ninguem@example.com")
    expect(page.get_by_label("Senha")).to_have_value("")
    check_accessible(page)


def test_signing_out_ends_the_session(page, live):
    sign_in(page, live)
    page.goto(f"{live.url}/conta")
    page.locator(".user-menu summary").click()
    page.get_by_role("button", name="Sair").click()
    expect(page.get_by_text("Você saiu.")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Entrar")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_page_is_accessible(page, live, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{live.url}/entrar")
    check_accessible(page)


def test_an_administrator_makes_a_person_who_then_signs_in(page, live, browser):
    sign_in(page, live)
    page.goto(f"{live.url}/sistema/usuarios")
    page.get_by_role("link", name="Novo").click()
    page.get_by_label("Nome").fill("Bia Reis")
    page.get_by_label("E-mail").fill("bia.reis@example.com")
    page.get_by_label("Perfil").select_option("consulta")
    page.get_by_role("button", name="Criar e gerar senha").click()
    password = page.get_by_label("Senha").input_value()
    check_accessible(page)
    page.get_by_role("link", name="Já copiei").click()
    expect(page.get_by_role("row", name="Bia Reis")).to_be_visible()

    with browser.new_context() as other:
        hers = other.new_page()
        hers.goto(f"{live.url}/entrar")
        hers.get_by_label("E-mail").fill("bia.reis@example.com")
        hers.get_by_label("Senha").fill(password)
        hers.get_by_role("button", name="Entrar").click()
        expect(hers.locator(".user-menu summary")).to_contain_text("consulta")
        expect(hers.get_by_role("link", name="Usuários")).to_have_count(0)


def test_letting_a_person_go_asks_first(page, live):
    sign_in(page, live)
    email, _ = live.create_user(name="Caio Lopes", role="consulta")
    page.goto(f"{live.url}/sistema/usuarios")
    page.get_by_role("link", name="Editar Caio Lopes").click()
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Desativar").click()
    expect(page.locator(".badge")).to_have_text("✓ Ativo")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Desativar").click()
    row = page.get_by_role("row").filter(has_text=email)
    expect(row).to_contain_text("Desativado")
