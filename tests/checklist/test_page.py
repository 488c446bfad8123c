"""The checklist's page: each requirement with evidence and one link, and the drawing above them."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.checklist.probes import check
from portal.clients.models import EmailStatus
from portal.core.db import db
from portal.generation.models import GenerationState
from portal.settings import service as parameters
from portal.settings.models import DeliveryType
from portal.smtp import service as smtp
from portal.smtp.models import SmtpAccount, SmtpTest, SmtpTestState
from portal.wallets.models import Wallet
from tests.factories import (
    NOON,
    create_account,
    create_client,
    create_contract,
    create_generation,
    create_settings,
    create_user,
    create_wallet,
)
from tests.support.counting import statements
from tests.support.forms import post
from tests.support.pages import links, plain, words

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def ready(app):
    """Everything is in order: a tested account, one client, one contract, one wallet."""
    with app.app_context():
        create_settings(
            create_account(name="Financeiro", host="smtp.example.com", port=587),
            default_delivery_type=DeliveryType.EMAIL,
        )
        create_contract(wallet=create_wallet(name="Itaú 109"))


def test_all_in_order_says_so_with_evidence(app, admin, ready):
    with app.app_context():
        create_generation()
    page = words(admin.get("/checklist"))
    assert "Envio automático de boletos 8 de 8 prontos" in page
    assert "teste aceito agora por Ana Souza" in page
    assert "Parâmetros financeiro usam a conta “Financeiro”" in page
    assert "✓ Conta SMTP" in page


def test_the_drawing_names_each_step_its_state_and_a_fact(admin, ready):
    html = admin.get("/checklist").text
    drawing = html.split('<ol class="flow">')[1].split("</ol>")[0]
    assert 'aria-label="Fluxo de Trabalho"' in html
    steps = [plain(part) for part in drawing.split("<li>")[1:]]
    assert steps == [
        "✓ E-mail SMTP : pronto. testado agora",
        "✓ Parâmetros : pronto. conta Financeiro",
        "✓ Tipo de envio : pronto. padrão E-mail",
        "✓ Carteira : pronto. envio = Sim",
        "Gerar dez/2026",
        "Log 0 hoje",
    ]


def test_every_link_leads_somewhere(admin, ready):
    for url in links(admin.get("/checklist")).values():
        assert admin.get(url).status_code == 200, url


def test_what_is_missing_comes_with_its_button_and_the_number_in_the_menu(app, admin, ready):
    with app.app_context():
        parameters.change_financial({"smtp_account_id": None}, 1, None, NOON)
    answer = admin.get("/checklist")
    page = words(answer)
    assert "✕ Servidor para vários boletos" in page
    assert links(answer)["Corrigir : Servidor para vários boletos"] == (
        "/configuracoes/parametros/financeiro"
    )
    assert 'class="menu-count">3<' in answer.text  # account, message and server


def test_who_only_reads_is_led_to_see_and_has_no_test_button(app, reader):
    answer = reader.get("/checklist")
    assert "Ver : Servidor para vários boletos" in links(answer)
    assert not [text for text in links(answer) if text.startswith(("Corrigir", "Testar"))]
    assert "Testar tudo agora" not in answer.text
    assert post(reader, "/checklist/testar").status_code == 403


@pytest.mark.parametrize(
    ("account", "fact"),
    [
        ({"tested_at": None, "test_accepted": None}, "? E-mail SMTP : não testado. nunca testado"),
        ({"test_accepted": False}, "! E-mail SMTP : atenção. o teste falhou"),
        (
            {"connection_changed_at": NOON + timedelta(minutes=1)},
            "? E-mail SMTP : não testado. mudou após o teste",
        ),
        ({"state": "paused", "pause_reason": "x"}, "✕ E-mail SMTP : falta. conta pausada"),
        ({"subject": ""}, "✕ E-mail SMTP : falta. mensagem incompleta"),
    ],
)
def test_the_account_tells_what_is_wrong_with_it(app, admin, account, fact):
    with app.app_context():
        create_settings(create_account(**account))
    assert fact in words(admin.get("/checklist"))


def test_counts_of_clients_and_contracts_are_evidence(app, admin, ready):
    with app.app_context():
        create_client(emails="")
        create_client(emails="", invalid_emails="x", email_status=EmailStatus.INVALID)
        create_contract(
            wallet=create_wallet(name="Sicredi", email_on_generation=False),
            delivery_type=DeliveryType.PRINTED,
        )
    page = words(admin.get("/checklist"))
    assert "50,0 % dos clientes ativos: 1 sem e-mail, 1 com e-mail inválido." in page
    assert "“Sicredi” está com Enviar e-mail para cliente ao gerar financeiro" in page
    assert "! Tipo de envio : atenção. 1 impresso" in page
    assert "! Carteira : atenção. 1 com envio = Não" in page


def test_each_setting_tells_who_changed_it_last(app, admin, ready, at_noon):
    with app.app_context():
        bruno = create_user(name="Bruno Lima")
        other = create_account(name="Outra")
        parameters.change_financial({"smtp_account_id": other.id}, 1, bruno, NOON)
    at_noon.shift(timedelta(hours=3))
    assert "conta “Outra” alterado há 3 h por Bruno Lima" in words(admin.get("/checklist"))


def test_what_is_inactive_or_undone_is_called_so(app, admin, ready):
    with app.app_context():
        db.session.scalars(select(Wallet)).one().active = False
        create_generation(receivables=3, state=GenerationState.UNDONE)
        db.session.commit()
    page = words(admin.get("/checklist"))
    assert "“Itaú 109” está inativa (1 contrato)." in page
    assert "dez/2026: 3 títulos" not in page
    with app.app_context():
        create_generation(receivables=2)
    assert "dez/2026: 2 títulos" in words(admin.get("/checklist"))


def test_the_preview_counts_what_next_month_would_do(app, admin, ready):
    with app.app_context():
        create_contract(client=create_client(emails=""))
    page = words(admin.get("/checklist/previa", headers=PART))
    assert "Se você gerasse dezembro/2026 agora: 1 título por e-mail, 0 impressos, " in page
    assert "1 não seria enviado. Cliente sem e-mail válido: 1" in page
    assert 'hx-get="/checklist/previa" hx-trigger="load"' in admin.get("/checklist").text
    assert admin.get("/checklist/previa").status_code == 200  # without htmx, a page


def test_a_preview_that_cannot_be_made_says_why(app, admin):
    with app.app_context():
        create_settings()
        create_contract(wallet=create_wallet(name="Itaú cheia", next_nosso_numero=10**8))
    page = words(admin.get("/checklist/previa", headers=PART))
    assert "Dezembro/2026 não pode ser gerado agora: Carteira “Itaú cheia”" in page


def test_testing_now_queues_a_test_and_follows_it(app, admin, ready):
    answer = post(admin, "/checklist/testar")
    assert answer.location == "/checklist?teste=1"
    with app.app_context():
        test = db.session.scalars(select(SmtpTest)).one()
        # The account names no recipient of its own: the test goes to whom asked for it.
        assert (test.recipient, test.requested_by) == ("ana@example.com", "Ana Souza")
    page = admin.get(answer.location).text
    assert 'hx-get="/configuracoes/smtp/1/testes/1" hx-trigger="load"' in page
    assert 'hx-trigger="every 2s"' in page


def test_the_account_s_own_recipient_goes_first(app, admin, ready):
    with app.app_context():
        db.session.scalars(select(SmtpAccount)).one().test_recipient = "teste@example.com"
        db.session.commit()
    post(admin, "/checklist/testar")
    with app.app_context():
        assert db.session.scalars(select(SmtpTest)).one().recipient == "teste@example.com"


def test_once_the_test_ended_the_page_looks_no_more(app, admin, ready):
    post(admin, "/checklist/testar")
    with app.app_context():
        db.session.scalars(select(SmtpTest)).one().state = SmtpTestState.ACCEPTED
        db.session.commit()
    part = admin.get("/checklist?teste=1", headers=PART).text
    assert "<html" not in part
    assert "hx-trigger" not in part


@pytest.mark.parametrize("number", ["99", "x", "9" * 30])
def test_a_test_that_is_not_there_is_left_out(admin, ready, number):
    answer = admin.get(f"/checklist?teste={number}")
    assert answer.status_code == 200
    assert "Teste da conta" not in answer.text


def test_without_an_account_the_button_says_what_is_missing(app, admin):
    answer = post(admin, "/checklist/testar", follow_redirects=True)
    assert "Escolha primeiro a conta que envia os boletos" in words(answer)
    with app.app_context():
        assert not db.session.scalars(select(SmtpTest)).all()


def test_too_many_tests_are_refused_in_words(admin, ready):
    for _ in range(smtp.TESTS_PER_HOUR):
        post(admin, "/checklist/testar")
    answer = post(admin, "/checklist/testar", follow_redirects=True)
    assert "Esta conta já teve 10 testes na última hora" in words(answer)


def test_the_number_in_the_menu_is_kept_ten_seconds(app, admin, ready, at_noon):
    assert "menu-count" not in admin.get("/clientes").text
    with app.app_context():
        parameters.change_financial({"smtp_account_id": None}, 1, None, NOON)
    assert "menu-count" not in admin.get("/clientes").text
    at_noon.shift(timedelta(seconds=11))
    assert "menu-count" in admin.get("/clientes").text


def test_opening_the_checklist_brings_the_number_up_to_date(app, admin, ready):
    assert "menu-count" not in admin.get("/clientes").text
    with app.app_context():
        parameters.change_financial({"smtp_account_id": None}, 1, None, NOON)
    assert "menu-count" not in admin.get("/clientes").text
    assert "menu-count" in admin.get("/checklist").text
    assert "menu-count" in admin.get("/clientes").text


def test_the_number_in_the_menu_costs_at_most_six_small_questions(app, ready):
    with app.app_context(), statements(app) as sent:
        check(NOON)
    assert 0 < len(sent) <= 6
