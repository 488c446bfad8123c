"""Parâmetros gerais and financeiro: services and pages."""

from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import Conflict, InvalidValue
from portal.settings import service
from portal.settings.models import DeliveryType, FinancialSettings, GeneralSettings
from portal.smtp.models import AccountState
from tests.factories import NOON, create_account, create_settings
from tests.support.forms import post

COMPANY_URL = "/configuracoes/parametros/gerais"
CONTRACTS_URL = COMPANY_URL + "/contratos"
FINANCIAL_URL = "/configuracoes/parametros/financeiro"
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
COMPANY = {
    "version": "0",
    "company_name": "Rede Exemplo LTDA",
    "company_cpf_cnpj": "11.222.333/0001-81",
    "company_email": "financeiro@example.com",
    "company_phone": "(11) 4000-0000",
    "company_address": "Rua das Fibras, 100",
    "company_district": "Centro",
    "company_city": "Campinas",
    "company_state": "SP",
    "company_postal_code": "13010-000",
}
FINANCIAL = {
    "version": "0",
    "smtp_account_id": "",
    "group_by_client": "1",
    "max_open_receivables": "",
    "expire_after_days": "30",
}


def financial_row():
    return db.session.get(FinancialSettings, 1)


# --- reading and making the single rows -----------------------------------------------------------


def test_reading_before_anyone_saved_gives_defaults_and_writes_nothing(session):
    assert service.general().default_delivery_type == DeliveryType.PRINTED
    financial = service.financial()
    assert (financial.smtp_account_id, financial.group_by_client) == (None, True)
    assert (financial.max_open_receivables, financial.expire_after_days) == (None, 30)
    session.commit()
    assert session.execute(text("SELECT count(*) FROM general_settings")).scalar() == 0
    assert session.execute(text("SELECT count(*) FROM financial_settings")).scalar() == 0


def test_pages_write_nothing(app, admin):
    for url in (COMPANY_URL, CONTRACTS_URL, FINANCIAL_URL):
        assert admin.get(url).status_code == 200
    with app.app_context():
        assert db.session.query(GeneralSettings).count() == 0


def test_two_processes_that_save_first_at_once_end_with_one_row(app):
    barrier, results = Barrier(2), []

    def save(name):
        with app.app_context():
            barrier.wait()
            try:
                service.change_company({"company_name": name}, 0, None, NOON)
                results.append("saved")
            except Conflict:
                results.append("conflict")

    threads = [Thread(target=save, args=(name,)) for name in ("Uma", "Outra")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["conflict", "saved"]
    with app.app_context():
        assert db.session.query(GeneralSettings).count() == 1


def test_saving_the_same_again_changes_nothing(session):
    values = {name: value for name, value in COMPANY.items() if name != "version"}
    row = service.change_company(values, 0, None, NOON)
    assert (row.version, row.company_cpf_cnpj, row.company_postal_code) == (
        1,
        "11222333000181",
        "13010000",
    )
    service.change_company(values, 1, None, NOON)
    assert row.version == 1
    assert session.query(AuditEvent).count() == 1


def test_the_second_of_two_editors_is_told(session):
    service.change_contracts(DeliveryType.EMAIL, 0, None, NOON)
    with pytest.raises(Conflict, match="Outra pessoa salvou"):
        service.change_contracts(DeliveryType.PRINTED, 0, None, NOON)


# --- Parâmetros gerais ----------------------------------------------------------------------------


def test_company_data_are_saved_without_punctuation(app, admin):
    assert post(admin, COMPANY_URL, COMPANY).status_code == 303
    with app.app_context():
        row = service.general()
        assert (row.company_name, row.company_cpf_cnpj) == ("Rede Exemplo LTDA", "11222333000181")
    assert 'value="11222333000181"' in admin.get(COMPANY_URL).text


def test_an_alphanumeric_cnpj_is_accepted(app, admin):
    answer = post(admin, COMPANY_URL, {**COMPANY, "company_cpf_cnpj": "12.abc.345/01DE-35"})
    assert answer.status_code == 303
    with app.app_context():
        assert service.general().company_cpf_cnpj == "12ABC34501DE35"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("company_cpf_cnpj", "11.222.333/0001-82"),
        ("company_cpf_cnpj", "123"),
        ("company_email", "a@b.com\r\nBcc: x@y.com"),
        ("company_email", "sem arroba"),
        ("company_state", "XX"),
        ("company_postal_code", "1301"),
        ("company_name", "x" * 121),
    ],
)
def test_company_data_that_cannot_be_printed_are_refused(app, admin, field, value):
    answer = post(admin, COMPANY_URL, {**COMPANY, field: value})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    with app.app_context():
        assert service.general().version == 0


def test_the_default_delivery_type_is_chosen_under_the_words_of_the_manual(app, admin):
    html = admin.get(CONTRACTS_URL).text
    for words in (
        "Tipo de cobrança padrão",
        "Importante:",
        "ainda será possível alterar manualmente o tipo de envio em contratos individuais",
        "a mudança será aplicada apenas aos próximos boletos que forem gerados",
        "o sistema interpretará a cobrança como impressa",
    ):
        assert words in html
    fields = {"version": "0", "default_delivery_type": "email"}
    assert post(admin, CONTRACTS_URL, fields).status_code == 303
    with app.app_context():
        assert service.general().default_delivery_type == DeliveryType.EMAIL
    wrong = {"version": "1", "default_delivery_type": "fax"}
    assert post(admin, CONTRACTS_URL, wrong).status_code == 422


# --- Parâmetros financeiro ------------------------------------------------------------------------


def test_the_account_is_chosen_from_a_plain_select(app, admin):
    with app.app_context():
        account_id = create_account(name="Financeiro").id
    html = admin.get(FINANCIAL_URL).text
    assert "Servidor de e-mail para vários boletos e faturas" in html
    assert f'<option value="{account_id}">Financeiro' in html
    assert post(admin, FINANCIAL_URL, {**FINANCIAL, "smtp_account_id": str(account_id)}).location
    with app.app_context():
        assert financial_row().smtp_account_id == account_id
        event = db.session.query(AuditEvent).filter_by(entity="financial_settings").one()
        assert event.changes["smtp_account_id"] == [None, account_id]


def test_the_lupa_is_a_dialog_whose_rows_pick_an_account(app, admin):
    with app.app_context():
        account_id = create_account(name="Financeiro").id
    html = admin.get(FINANCIAL_URL).text
    assert '<dialog id="lupa"' in html
    assert 'data-open-dialog="lupa"' in html
    assert f'data-pick="{account_id}" data-pick-into="smtp_account_id"' in html


def test_the_lupa_searches_as_one_types_in_name_server_and_sender(app, admin):
    with app.app_context():
        create_account(name="Financeiro", host="smtp.um.example")
        create_account(name="Cobrança", host="smtp.dois.example", sender_address="avisos@x.com")
    url = FINANCIAL_URL + "/contas?q="
    for wanted, found, missing in (
        ("FINAN", "Financeiro", "Cobrança"),
        ("dois", "Cobrança", "Financeiro"),
        ("avisos@", "Cobrança", "Financeiro"),
    ):
        html = admin.get(url + wanted, headers=HTMX).text
        assert found in html
        assert missing not in html
    assert "Nenhuma conta com “&lt;b&gt;”" in admin.get(url + "<b>", headers=HTMX).text
    assert admin.get(url + "x").status_code == 303  # outside of the page it is of no use


def test_a_paused_account_that_was_chosen_is_pointed_out(app, admin):
    with app.app_context():
        account = create_account(
            name="Financeiro", state=AccountState.PAUSED, pause_reason="Senha recusada"
        )
        create_settings(account)
    html = admin.get(FINANCIAL_URL).text
    assert "está pausada" in html
    assert "Senha recusada" in html


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("smtp_account_id", "99"),
        ("smtp_account_id", "abc"),
        ("max_open_receivables", "0"),
        ("max_open_receivables", "-1"),
        ("expire_after_days", ""),
        ("expire_after_days", "0"),
        ("expire_after_days", "99999999999999"),
    ],
)
def test_financial_values_out_of_range_are_refused(app, admin, field, value):
    assert post(admin, FINANCIAL_URL, {**FINANCIAL, field: value}).status_code == 422
    with app.app_context():
        assert service.financial().version == 0


def test_an_account_deleted_meanwhile_is_refused_by_the_service_too(session):
    with pytest.raises(InvalidValue, match="não existe mais") as error:
        service.change_financial({"smtp_account_id": 99}, 0, None, NOON)
    assert error.value.field == "smtp_account_id"


def test_grouping_limit_and_expiry_are_saved(app, admin):
    fields = {
        **FINANCIAL,
        "group_by_client": "0",
        "max_open_receivables": "3",
        "expire_after_days": "15",
    }
    post(admin, FINANCIAL_URL, fields)
    with app.app_context():
        row = financial_row()
        assert (row.group_by_client, row.max_open_receivables, row.expire_after_days) == (
            False,
            3,
            15,
        )


def test_readers_see_but_do_not_change(app, reader):
    for url in (COMPANY_URL, CONTRACTS_URL, FINANCIAL_URL):
        assert ">Salvar<" not in reader.get(url).text
        assert post(reader, url, {**COMPANY, **FINANCIAL}).status_code == 403
    with app.app_context():
        assert db.session.query(AuditEvent).count() == 0
