"""Steps 1 to 3: choose, simulate, confirm."""

from datetime import timedelta

import pytest

from portal.core.db import db
from portal.deliveries.models import QuotaUse
from portal.generation.models import Generation
from portal.receivables.models import Receivable
from portal.settings.models import GeneralSettings
from portal.wallets.models import WalletKind
from tests.factories import (
    NOON,
    create_account,
    create_client,
    create_contract,
    create_settings,
    create_wallet,
)
from tests.generation_screens.worlds import MONTH, everyone
from tests.support.pages import links, words

SIMULATE = f"/financeiro/gerar/simular?{MONTH}"
LISTS = f"/financeiro/gerar/simular/titulos?{MONTH}&motivo="


@pytest.fixture
def base(app):
    with app.app_context():
        everyone()


def test_the_form_proposes_next_month_for_the_whole_base(admin):
    page = admin.get("/financeiro/gerar").text
    assert 'value="2026-12"' in page
    assert 'checked class="form-check-input" id="quem-0"' in page or 'value="todos"' in page


def test_a_contract_in_the_url_is_chosen_already(admin, base):
    page = admin.get("/financeiro/gerar?contrato=1003")
    assert 'name="contrato"' in page.text
    assert 'value="1003"' in page.text
    simulated = words(admin.get("/financeiro/gerar/simular?contrato=1003"))
    assert "1 contrato = 1 com título + 0 sem título" in simulated
    assert "Gerar 1 título e enviar 1 e-mail" in simulated


def test_the_numbers_of_the_simulation_add_up(admin, base):
    page = words(admin.get(SIMULATE))
    assert "Gerar dezembro/2026" in page
    assert "9 contratos = 7 com título + 2 sem título" in page
    assert "Títulos 7 R$ 839,30" in page
    assert "Por e-mail 3 42,9 %, em 2 e-mails" in page
    assert "Impressos 1" in page
    assert "Não serão enviados 3" in page
    for reason in (
        "Carteira com envio ao gerar = Não 1",
        "Cliente sem e-mail 1",
        "E-mail inválido 1",
        "Contrato suspenso ou cancelado 1",
        "Cliente inativo 1",
    ):
        assert reason in page
    assert "Gerar 7 títulos e enviar 2 e-mails" in page


def test_a_boleto_without_its_beneficiary_is_warned_of_before_it_is_made(app, admin, base):
    assert "Faltam dados da empresa" not in words(admin.get(SIMULATE))
    with app.app_context():
        db.session.get(GeneralSettings, 1).company_cpf_cnpj = ""
        db.session.commit()
    page = admin.get(SIMULATE)
    assert "Faltam dados da empresa: CNPJ ou CPF." in words(page)
    assert links(page)["Preencher antes de gerar"] == "/configuracoes/parametros/gerais"


def test_simulating_writes_nothing(app, admin, base):
    admin.get(SIMULATE)
    with app.app_context():
        assert db.session.query(Generation).count() == db.session.query(Receivable).count() == 0


@pytest.mark.parametrize(
    ("key", "codes"),
    [
        ("emails", {"1001", "1002", "1003"}),
        ("printed", {"1004"}),
        ("client_email.missing", {"1005"}),
        ("client_email.invalid", {"1006"}),
        ("wallet_email_on_generation", {"1007"}),
    ],
)
def test_each_number_has_the_list_of_its_titles(admin, base, key, codes):
    page = links(admin.get(LISTS + key))
    assert {text for text, url in page.items() if text.isdigit()} == codes


def test_every_link_of_the_simulation_leads_somewhere(admin, base):
    for url in {*links(admin.get(SIMULATE)).values()}:
        if not url.startswith("#"):
            assert admin.get(url).status_code == 200, url


def test_reasons_lead_to_the_page_that_mends_them(app, admin, base):
    found = links(admin.get(SIMULATE))
    assert found["Corrigir : Cliente sem e-mail"] == "/clientes?email=missing"
    assert found["Corrigir : E-mail inválido"] == "/clientes?email=invalid"
    # One wallet is behind it: its own page, not the list.
    assert found["Corrigir : Carteira com envio ao gerar = Não"].startswith("/cadastros/carteiras/")


def test_a_list_that_does_not_exist_leads_back(admin, base):
    answer = admin.get(LISTS + "nada")
    assert answer.status_code == 303
    assert answer.location.startswith("/financeiro/gerar/simular?competencia=2026-12")


def test_a_long_list_is_cut_in_pages(app, admin):
    with app.app_context():
        create_settings()
        client, wallet = create_client(), create_wallet()
        for _ in range(103):
            create_contract(client=client, wallet=wallet)
    first = admin.get(LISTS + "emails")
    assert "103 títulos: 1 a 100" in words(first)
    assert "103 títulos: 101 a 103" in words(admin.get(links(first)["Próximos »"]))


def test_the_pace_says_when_the_last_one_leaves(admin, base):
    page = words(admin.get(SIMULATE))
    assert "Ritmo: 200 por hora, 2.000 por dia" in page
    assert "Começa agora; termina ter. 24/11 às 12:00." in page
    assert "100 % saem ao menos 5 dias antes do vencimento" in page


def test_limits_that_are_too_small_show_what_falls_due_first(app, admin):
    with app.app_context():
        account = create_account(hourly_limit=1, daily_limit=1)
        create_settings(account, group_by_client=False)
        wallet = create_wallet()
        # One e-mail a day from 24/11 on: the first leaves the day of its due date, and so on.
        for number, day in enumerate((1, 1, 1, 30)):
            create_contract(code=f"20{number}", due_day=day, wallet=wallet)
        db.session.add(QuotaUse(smtp_account_id=account.id, used_at=NOON - timedelta(hours=1)))
        db.session.commit()
    november = SIMULATE.replace("2026-12", "2026-11")
    page = words(admin.get(november))
    assert "Começa qua. 25/11 às 11:00; termina sáb. 28/11 às 11:00." in page
    assert "3 títulos nascem vencidos" in page
    assert "0 % saem ao menos 5 dias antes do vencimento" in page
    page = words(admin.get(SIMULATE))
    assert "75 % saem ao menos 5 dias antes" in page


def test_titles_that_fall_due_before_they_leave_are_listed(app, admin):
    with app.app_context():
        create_settings(create_account(hourly_limit=1, daily_limit=1), group_by_client=False)
        wallet = create_wallet()
        for number in range(9):  # leave on 24/11, 25/11 … 02/12
            create_contract(code=f"30{number}", due_day=1, wallet=wallet)
    assert "1 título vence antes de sair" in words(admin.get(SIMULATE))
    assert {text for text in links(admin.get(LISTS + "late")) if text.isdigit()} == {"308"}


def test_doubts_are_shown_before_thousands_leave(app, admin):
    with app.app_context():
        create_settings(
            create_account(tested_at=None, test_accepted=None), default_delivery_type="email"
        )
        create_contract(wallet=create_wallet(name="Gateway X", kind=WalletKind.GATEWAY))
    page = words(admin.get(SIMULATE))
    assert "nunca testado" in page
    assert "Gateway X" in page


def test_a_message_that_changed_after_the_test_is_told(app, admin):
    with app.app_context():
        create_settings(create_account(message_changed_at=NOON + timedelta(minutes=1)))
        create_contract()
    assert "mudou depois do último teste" in words(admin.get(SIMULATE))


def test_an_account_that_rests_says_until_when(app, admin):
    with app.app_context():
        create_settings(create_account(hold_until=NOON + timedelta(hours=2)))
        create_contract()
    assert "nada sai antes de ter. 24/11 às 14:00" in words(admin.get(SIMULATE))


def test_a_paused_account_sends_nothing_and_says_so(app, admin):
    with app.app_context():
        create_settings(create_account(state="paused", pause_reason="Senha recusada"))
        create_contract()
    page = words(admin.get(SIMULATE))
    assert "Conta SMTP pausada ou incompleta 1" in page
    assert "Nenhum e-mail sairia. Corrija antes de gerar" in page
    assert "Gerar 1 título " in page + " "
    assert "e-mails" not in page.split("Gerar 1 título")[1]


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ("competencia=amanha", "escreva como 12/2026"),
        ("competencia=2026-12&parcelas=0", "Informe de 1 a 24 parcelas"),
        ("competencia=2026-12&parcelas=25", "Informe de 1 a 24 parcelas"),
        ("competencia=2026-12&parcelas=x", "Informe um número inteiro"),
        ("competencia=2100-12&parcelas=2", "entre 2000 e 2100"),
        ("competencia=2026-12&quem=outros", "Escolha um item da lista"),
        ("competencia=2026-12&quem=contrato", "Informe o código do contrato"),
        ("competencia=2026-12&quem=contrato&contrato=zzz", "Nenhum contrato com"),
        ("competencia=2026-12&quem=carteira&carteira=Nenhuma", "Escolha uma carteira"),
        ("competencia=2026-12&quem=piloto&clientes=", "Informe de 1 a 1000 clientes"),
        ("competencia=2026-12&quem=piloto&clientes=0", "Informe de 1 a 1000 clientes"),
    ],
)
def test_what_cannot_be_simulated_is_explained(admin, base, args, sentence):
    answer = admin.get(f"/financeiro/gerar/simular?{args}")
    assert answer.status_code == 422
    assert sentence in words(answer)


def test_a_wallet_whose_numbers_ran_out_is_named(app, admin):
    with app.app_context():
        create_settings()
        create_contract(code="77", wallet=create_wallet(name="Itaú cheia", next_nosso_numero=10**8))
    answer = admin.get(SIMULATE)
    assert answer.status_code == 422
    assert "Carteira “Itaú cheia”, contrato 77" in words(answer)


def test_text_that_means_many_contracts_offers_them(admin, base):
    answer = admin.get("/financeiro/gerar/simular?competencia=2026-12&quem=contrato&contrato=ana")
    assert answer.status_code == 422
    found = links(answer)
    assert {"Contrato 1001", "Contrato 1002"} <= set(found)
    assert "1 contrato = 1 com título" in words(admin.get(found["Contrato 1002"]))


@pytest.mark.parametrize("text", ["1003", "bento", "BENTO SÁ"])
def test_a_contract_is_found_by_its_code_or_its_client(admin, base, text):
    answer = admin.get(
        "/financeiro/gerar/simular",
        query_string={"competencia": "2026-12", "quem": "contrato", "contrato": text},
    )
    assert "1 contrato = 1 com título" in words(answer)


def test_the_lookup_answers_with_rows_to_pick(admin, base):
    part = {"HX-Request": "true", "HX-Request-Type": "partial"}
    rows = admin.get("/financeiro/gerar/contratos?q=ana", headers=part).text
    assert 'data-pick="1001"' in rows
    assert 'data-pick="1003"' not in rows
    assert (
        "Nenhum contrato com" in admin.get("/financeiro/gerar/contratos?q=zzz", headers=part).text
    )
    assert admin.get("/financeiro/gerar/contratos?q=ana").status_code == 303


def test_a_wallet_and_a_pilot_group_narrow_the_run(admin, base):
    wallet = words(admin.get(SIMULATE.replace("todos", "carteira&carteira=Sicredi")))
    assert "1 contrato = 1 com título + 0 sem título" in wallet
    pilot = words(admin.get(SIMULATE.replace("todos", "piloto&clientes=1")))
    assert "2 contratos = 2 com título + 0 sem título" in pilot


def test_who_only_reads_sees_the_numbers_and_no_button(reader, base):
    answer = reader.get(SIMULATE)
    assert "Títulos 7" in words(answer)
    assert 'name="chave"' not in answer.text
    assert "O seu perfil só consulta" in words(answer)
