"""The first day: the checklist is a guide whose steps open in place; afterwards a live check."""

from datetime import timedelta

import pytest

from portal.core.db import db
from portal.settings.models import DeliveryType, GeneralSettings
from portal.smtp import service as smtp
from portal.smtp.models import SmtpAccount, SmtpTest, SmtpTestState
from tests.factories import (
    NOON,
    create_account,
    create_contract,
    create_generation,
    create_settings,
    create_user,
    create_wallet,
)
from tests.support.forms import post
from tests.support.pages import links, words

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


def step(answer, key):
    """What one step says, its form left out."""
    html = answer.text.split(f'<li id="passo-{key}"')[1]
    return html.split('<li id="passo-')[0].split("</ol>")[0]


def fill_in_company():
    db.session.add(GeneralSettings(id=1, company_name="Rede", company_cpf_cnpj="11222333000181"))
    db.session.commit()


def test_an_empty_portal_begins_with_the_company(app, admin):
    page = admin.get("/checklist")
    assert "0 de 7 prontos" in words(page)
    assert 'aria-current="step"' in step(page, "empresa")
    assert "Falta preencher: nome, CNPJ ou CPF." in step(page, "empresa")
    with app.app_context():
        fill_in_company()
    assert 'aria-label="Feito"' in step(admin.get("/checklist"), "empresa")


def test_a_company_without_a_name_is_said_even_after_the_first_day(app, admin):
    with app.app_context():
        create_settings(create_account())
        create_generation()
    assert "Dados da empresa" not in words(admin.get("/checklist"))
    with app.app_context():
        create_settings(company_name="")
    assert "Falta preencher: nome. O boleto sairia sem" in words(admin.get("/checklist"))


def test_next_comes_the_account(app, admin):
    with app.app_context():
        fill_in_company()
    page = admin.get("/checklist")
    assert '<progress class="bar" max="7" value="1"' in page.text
    assert 'aria-current="step"' in step(page, "conta")
    assert links(page)["Fazer agora : Conta SMTP"] == "/checklist?passo=conta#passo-conta"
    assert "cadastre a conta primeiro" in step(page, "mensagem")
    assert "Fazer agora" not in step(page, "mensagem")
    drawing = page.text.split('<ol class="flow">')[1].split("</ol>")[0]
    assert 'node-next" aria-current="step" href="/configuracoes/smtp"' in drawing


def test_a_step_opens_in_place_and_leads_to_its_page_without_javascript(admin):
    page = admin.get("/checklist?passo=conta", headers=PART)
    assert "<html" not in page.text
    opened = step(page, "conta")
    assert 'hx-get="/configuracoes/smtp/nova" hx-trigger="load"' in opened
    assert links(page)["Abrir Conta SMTP na página própria"] == "/configuracoes/smtp/nova"
    assert links(page)["Fechar Conta SMTP"] == "/checklist#passo-conta"
    assert page.text.count("data-in-place") == 1
    assert "data-in-place" not in admin.get("/checklist?passo=outro").text


def test_what_is_saved_in_a_step_comes_back_to_the_checklist(app, admin):
    with app.app_context():
        create_settings(default_delivery_type=DeliveryType.PRINTED)
    url = "/configuracoes/parametros/gerais/contratos"
    form = {"version": "1", "default_delivery_type": "email", "business_day_rule": "keep"}
    opened_in = {"HX-Request": "true", "X-Opened-In": "/checklist"}
    saved = post(admin, url, form, headers=opened_in)
    assert (saved.status_code, saved.headers["HX-Redirect"]) == (204, "/checklist")
    form |= {"version": "2", "default_delivery_type": "printed"}
    saved = post(admin, url, form, headers=opened_in | {"X-Opened-In": "//evil.example"})
    assert (saved.status_code, saved.headers["HX-Redirect"]) == (204, url)


def test_an_account_counts_before_it_is_chosen(app, admin):
    with app.app_context():
        fill_in_company()
        create_account(name="Financeiro")
    page = admin.get("/checklist")
    assert "3 de 7 prontos" in words(page)  # company, account and message
    assert "teste aceito agora por Ana Souza" in words(page)
    assert 'aria-current="step"' in step(page, "parametros")


def test_what_is_done_stays_with_its_tick_and_evidence_until_the_first_generation(app, admin):
    with app.app_context():
        create_settings(create_account(name="Financeiro"))
        create_contract(wallet=create_wallet(name="Itaú 109", email_on_generation=False))
        create_contract(wallet=create_wallet(name="Sicredi 1"))
    page = admin.get("/checklist")
    assert "7 de 7 prontos" in words(page)  # one of two wallets: a warning holds nobody up
    assert "Tudo pronto para a primeira geração." in words(page)
    assert 'aria-label="Feito"' in step(page, "carteira")
    assert "“Itaú 109” está com Enviar e-mail" in step(page, "carteira")
    with app.app_context():
        create_generation()
    live = admin.get("/checklist")
    assert 'class="guide"' not in live.text
    assert "7 de 8 prontos" in words(live)


def test_each_requirement_tells_its_tests_and_changes_with_who_and_when(app, admin, at_noon):
    with app.app_context():
        bruno = create_user(name="Bruno Lima")
        account = create_account(name="Financeiro")
        create_settings(account)
        test = smtp.request_test(account.id, "a@example.com", bruno, NOON, by_worker=False)
        test.state, test.finished_at = SmtpTestState.FAILED, NOON
        test.cause = "Usuário ou senha recusados"
        values = {"host": "smtp.example.org"}
        smtp.change(account.id, values, 1, bruno, NOON + timedelta(hours=1))
    at_noon.shift(timedelta(hours=3))
    page = words(admin.get("/checklist"))
    assert (
        "24/11/2026 13:00 · Bruno Lima: Conta SMTP “Financeiro” alterada"
        " 24/11/2026 12:00 · Bruno Lima: teste falhou: Usuário ou senha recusados" in page
    )
    assert "alterado há 2 h por Bruno Lima" in page


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (SmtpTestState.ACCEPTED, "Teste aceito pelo servidor. Tudo foi conferido de novo"),
        (SmtpTestState.FAILED, "O teste falhou. Porta fechada Tudo foi conferido de novo"),
    ],
)
def test_testing_everything_tells_when_it_is_done(app, admin, state, said):
    with app.app_context():
        create_settings(create_account(name="Financeiro"))
    running = admin.get(post(admin, "/checklist/testar").location)
    assert "O teste da conta está em andamento…" in words(running)
    with app.app_context():
        test = db.session.query(SmtpTest).one()
        test.state, test.finished_at = state, NOON
        test.cause = "Porta fechada" if state == SmtpTestState.FAILED else ""
        db.session.query(SmtpAccount).one().test_accepted = state == SmtpTestState.ACCEPTED
        db.session.commit()
    done = admin.get("/checklist?teste=1", headers=PART)
    assert said in words(done)
    assert 'role="status"><strong>Teste concluído agora.</strong>' in done.text


def test_who_only_reads_may_look_into_a_step(reader):
    page = reader.get("/checklist")
    assert "Rever : Parâmetros financeiro" in links(page)
    assert "Fazer agora" not in page.text
