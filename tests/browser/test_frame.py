from playwright.sync_api import expect

from portal.core.db import db
from portal.users.models import Role, User
from tests.support.browser import check_accessible, sign_in

AUDIT = "/sistema/auditoria"
THEME = "document.documentElement.dataset.bsTheme"
PHONE = {"width": 360, "height": 740}


# --- keyboard -------------------------------------------------------------------------------------
def test_the_first_tab_leads_past_the_menu(page, live):
    sign_in(page, live)
    page.goto(f"{live.url}/conta")
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Pular para o conteúdo")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("main a").first).to_be_focused()


def test_a_slash_leads_to_the_search_but_not_out_of_a_field(page, live):
    sign_in(page, live)
    page.goto(f"{live.url}/conta")
    page.keyboard.press("/")
    search = page.get_by_role("searchbox", name="Buscar cliente, contrato ou título")
    expect(search).to_be_focused()
    expect(search).to_have_value("")
    page.get_by_label("Nome").focus()
    page.keyboard.press("/")
    expect(page.get_by_label("Nome")).to_be_focused()


# --- theme ----------------------------------------------------------------------------------------
def test_the_theme_follows_the_system_until_a_person_chooses(page, live):
    sign_in(page, live)
    page.goto(f"{live.url}/conta")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    page.locator(".user-menu summary").click()
    panel = page.locator(".user-panel")
    panel.get_by_role("button", name="Escuro").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(panel.get_by_role("button", name="Escuro")).to_have_attribute("aria-pressed", "true")
    page.goto(f"{live.url}{AUDIT}")
    assert page.evaluate(THEME) == "dark"
    page.locator(".user-menu summary").click()
    panel.get_by_role("button", name="Sistema").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_the_theme_is_there_before_the_first_paint(page, live):
    page.emulate_media(color_scheme="dark")
    page.add_init_script(
        "new MutationObserver(() => { if (document.body && !window.themeAtBody)"
        f" window.themeAtBody = {THEME} ?? 'none'; }}).observe(document, {{childList: true,"
        " subtree: true});"
    )
    page.goto(f"{live.url}/entrar")
    assert page.evaluate("window.themeAtBody") == "dark"


# --- small screens --------------------------------------------------------------------------------
def test_on_a_phone_the_menu_opens_and_closes(page, live):
    page.set_viewport_size(PHONE)
    sign_in(page, live)
    page.goto(f"{live.url}/conta")
    menu, button = (
        page.get_by_role("navigation", name="Menu"),
        page.get_by_role("button", name="Menu"),
    )
    expect(menu).to_be_hidden()
    button.click()
    expect(menu).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(menu.get_by_role("link", name="Início")).to_be_focused()
    check_accessible(page)
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    menu.get_by_role("button", name="Fechar").click()
    expect(menu).to_be_hidden()
    button.click()
    menu.get_by_role("link", name="Auditoria").click()
    page.wait_for_url(f"{live.url}{AUDIT}")
    expect(menu).to_be_hidden()


def test_without_javascript_the_frame_still_works(browser, live, complaints):
    with browser.new_context(java_script_enabled=False, viewport=PHONE) as context:
        page = context.new_page()
        complaints.watch(page)
        sign_in(page, live)
        page.goto(f"{live.url}/conta")
        expect(page.get_by_role("navigation", name="Menu principal")).to_be_visible()
        page.locator(".user-menu summary").click()
        page.locator(".user-panel").get_by_role("button", name="Escuro").click()
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        page.get_by_label("Nome").fill("Ana de Souza")
        page.get_by_role("button", name="Salvar nome").click()
        expect(page.get_by_text("Nome salvo.")).to_be_visible()
    complaints.check()


# --- leaving --------------------------------------------------------------------------------------
def test_leaving_a_changed_form_asks_first_and_saving_does_not(page, live):
    sign_in(page, live)
    page.goto(f"{live.url}/conta")
    page.get_by_label("Nome").fill("Outro Nome")
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    with page.expect_event("dialog"):
        page.get_by_role("link", name="Auditoria").click(no_wait_after=True)
    assert asked == ["beforeunload"]
    assert page.url == f"{live.url}/conta"
    page.get_by_role("button", name="Salvar nome").click()
    expect(page.get_by_text("Nome salvo.")).to_be_visible()


# --- what goes wrong in htmx ----------------------------------------------------------------------
def filter_audit(page):
    page.get_by_label("Área").select_option("users")


def test_a_filter_changes_the_table_and_the_address(page, live):
    sign_in(page, live)
    page.goto(f"{live.url}{AUDIT}")
    filter_audit(page)
    page.wait_for_url("**/auditoria?*area=users*")
    expect(page.locator("#eventos tbody tr").first).to_be_visible()
    page.reload()
    expect(page.get_by_label("Área")).to_have_value("users")


def test_an_ended_session_leads_to_the_sign_in_page_and_back(page, live, context):
    sign_in(page, live)
    page.goto(f"{live.url}{AUDIT}")
    context.clear_cookies()
    filter_audit(page)
    page.wait_for_url(f"{live.url}/entrar?next={AUDIT}")


def test_a_refusal_is_shown_above_the_page_and_leaves_it_as_it_was(page, live):
    email = sign_in(page, live, role="financeiro")
    page.goto(f"{live.url}{AUDIT}")
    with live.app.app_context():
        db.session.query(User).filter_by(email=email).update({"role": Role.READER})
        db.session.commit()
    filter_audit(page)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Sem permissão.")
    expect(page.locator("#eventos table")).to_be_visible()
    check_accessible(page)
    alert.get_by_role("button", name="Fechar").click()
    expect(alert).to_have_count(0)


def test_a_page_of_a_proxy_never_lands_in_a_table(page, live, complaints):
    complaints.expect("502")
    sign_in(page, live)
    page.goto(f"{live.url}{AUDIT}")
    page.route("**/auditoria?*", lambda route: route.fulfill(status=502, body="<h1>nginx</h1>"))
    filter_audit(page)
    expect(page.get_by_role("alert")).to_contain_text("O servidor respondeu 502.")
    expect(page.get_by_text("nginx")).to_have_count(0)


def test_no_answer_at_all_is_said_too(page, live, complaints):
    complaints.expect("htmx:error")
    complaints.expect("ERR_FAILED")
    sign_in(page, live)
    page.goto(f"{live.url}{AUDIT}")
    page.route("**/auditoria?*", lambda route: route.abort())
    filter_audit(page)
    expect(page.get_by_role("alert")).to_contain_text("O portal não respondeu.")
