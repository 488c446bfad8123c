"""The manual's flows with JavaScript off: every step is a page, a form, a page."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.core.db import db
from tests import factories
from tests.support.browser import Complaints, LivePortal, sign_in
from tests.support.smtp_server import ScriptedServer
from tests.support.standing_in import generate_and_send, run_tests

FLAG = "Enviar e-mail para cliente ao gerar financeiro do contrato"
SMTP = "/configuracoes/smtp"


@pytest.fixture
def plain(browser: Browser, complaints: Complaints) -> Iterator[Page]:
    with browser.new_context(java_script_enabled=False, locale="pt-BR") as context:
        context.set_default_timeout(15_000)
        page = context.new_page()
        complaints.watch(page)
        yield page
    complaints.check()


def test_the_whole_manual_works_with_javascript_off(plain: Page, live: LivePortal) -> None:
    with live.app.app_context():
        factories.create_settings(default_delivery_type="printed")
        wallet = factories.create_wallet(email_on_generation=False, name="Carteira sem script")
        client = factories.create_client(name="Olga Sem Script", emails="olga@example.com")
        wallet_id, client_id, code = wallet.id, client.id, client.code
        db.session.remove()
    sign_in(plain, live)
    with ScriptedServer() as server:
        account_id = _account(plain, live, server.port)
        _parameters(plain, live)
        contract_id = _contract(plain, live, code)
        plain.goto(f"{live.url}/cadastros/carteiras/{wallet_id}")
        plain.get_by_role("group", name=FLAG).get_by_label("Sim").check()
        _save(plain, "Carteira salva.")
        _generate(plain, live, contract_id, account_id)
    plain.goto(f"{live.url}/sistema/log-email")
    row = plain.get_by_role("row").filter(has_text="olga@example.com")
    expect(row).to_contain_text("Enviado")
    plain.goto(f"{live.url}/clientes/{client_id}")
    plain.get_by_role("link", name="E-mails enviados").click()
    expect(plain.locator("main")).to_contain_text("olga@example.com")
    expect(plain.locator("main")).to_contain_text("Enviado")


def _save(page: Page, words: str) -> None:
    page.get_by_role("button", name="Salvar", exact=True).click()
    expect(page.get_by_text(words)).to_be_visible()


def _account(page: Page, live: LivePortal, port: int) -> int:
    """A new account with its message, tested; returns its id."""
    page.goto(live.url + SMTP)
    page.get_by_role("link", name=re.compile("^Nov")).first.click()
    page.get_by_label("Nome da conta").fill("Conta sem script")
    page.get_by_label("Servidor de saída").fill("127.0.0.1")
    page.get_by_label("Porta").fill(str(port))
    page.get_by_label("Tipo de segurança").select_option("none")
    page.get_by_role("group", name="Requer autenticação").get_by_label("Não").check()
    page.get_by_label("E-mail do remetente").fill("financeiro@example.com")
    page.get_by_label("E-mail de destino para teste").fill("teste@example.com")
    page.get_by_role("button", name="Salvar", exact=True).click()
    page.wait_for_url(re.compile(rf"{SMTP}/\d+"))
    found = re.search(rf"{SMTP}/(\d+)", page.url)
    assert found
    page.goto(f"{live.url}{SMTP}/{found[1]}/mensagem")
    page.get_by_label("Assunto", exact=True).fill("Boleto #boleto_vencimento#")
    page.get_by_label("Mensagem", exact=True).fill("#saudacao#, #clinte_nome#.")
    page.get_by_role("button", name="Salvar", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Você quis dizer #cliente_nome#?")
    page.get_by_label("Mensagem", exact=True).fill("#saudacao#, #cliente_nome#.\n#boletos_tabela#")
    _save(page, "Mensagem salva.")
    page.get_by_role("link", name="Conta", exact=True).click()
    page.get_by_role("button", name="Enviar e-mail de teste").click()
    run_tests(live)
    page.get_by_role("link", name="Atualizar").click()
    expect(page.get_by_text("O servidor aceitou a mensagem")).to_be_visible()
    return int(found[1])


def _parameters(page: Page, live: LivePortal) -> None:
    page.goto(f"{live.url}/configuracoes/parametros/financeiro")
    field = page.get_by_label(re.compile("Servidor de e-mail para vários"))
    wanted = field.get_by_role("option", name=re.compile("^Conta sem script")).last
    field.select_option(wanted.get_attribute("value"))
    _save(page, "Parâmetros salvos.")
    page.goto(f"{live.url}/configuracoes/parametros/gerais/contratos")
    page.get_by_role("group", name="Tipo de cobrança padrão").get_by_label("Impresso").check()
    _save(page, "Salvo. Vale para os próximos boletos gerados.")


def _contract(page: Page, live: LivePortal, client_code: str) -> str:
    """A new contract of the client, whose own delivery type is then E-mail; returns its code."""
    page.goto(f"{live.url}/contratos/novo")
    page.get_by_role("link", name="Procurar o cliente").click()
    page.get_by_label("Nome, código, CPF/CNPJ ou e-mail").fill("olga sem")
    page.get_by_role("button", name="Procurar").click()
    page.get_by_role("link", name="Olga Sem Script").first.click()
    expect(page.get_by_label("Código do cliente")).to_have_value(client_code)
    code = f"S-{client_code}"
    page.locator("#code").fill(code)
    page.get_by_label("Valor mensal (R$)").fill("99,90")
    page.get_by_label("Dia de vencimento").fill("10")
    page.get_by_label("Carteira de cobrança").select_option(label="Carteira sem script")
    page.get_by_role("button", name="Salvar", exact=True).click()
    expect(page.get_by_text("Contrato cadastrado.")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Faturamento").click()
    kind = page.get_by_role("group", name="Tipo de Envio de Cobrança")
    kind.get_by_label("E-mail", exact=True).check()
    _save(page, "Salvo. Vale para os próximos boletos.")
    return code


def _generate(page: Page, live: LivePortal, contract: str, account_id: int) -> None:
    page.get_by_role("searchbox", name="Buscar cliente, contrato ou título").fill(contract)
    page.keyboard.press("Enter")
    page.locator("main").get_by_role("link", name=f"Contrato {contract}").click()
    page.goto(f"{live.url}/financeiro/gerar")
    page.get_by_label(re.compile("Competência")).fill("2031-08")
    page.get_by_label("Um contrato").check()
    page.get_by_label("Contrato", exact=True).fill(contract)
    page.get_by_role("button", name="Simular").click()
    page.get_by_role("button", name="Gerar 1 título e enviar 1 e-mail").click()
    page.wait_for_url(re.compile(r"/financeiro/gerar/\d+$"))
    generate_and_send(live, int(page.url.rpartition("/")[2]), account_id)
    page.reload()
    expect(page.locator("main")).to_contain_text("Concluída")
