"""Pages of the contracts."""

import io
import re
from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.contracts.models import Contract, ContractStatus
from portal.core.db import db
from portal.settings.models import DeliveryType
from tests.clients.browsing import post
from tests.factories import create_client, create_contract, create_settings, create_wallet
from tests.support.counting import selects

WARNING = "a mudança será aplicada apenas aos próximos boletos que forem gerados"


def _make(app: Flask, **values: object) -> int:
    with app.app_context():
        return create_contract(**values).id


def _contract(app: Flask, contract_id: int) -> Contract:
    with app.app_context():
        found = db.session.get(Contract, contract_id)
        assert found
        return found


def test_an_empty_list_leads_to_the_import(finance: FlaskClient) -> None:
    page = finance.get("/contratos").text
    assert "Ainda não há contratos" in page
    assert "/contratos/importar" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=avila", {"k1"}),
        ("q=k2", {"k2"}),
        ("q=1g", {"k3"}),
        ("status=suspended", {"k2"}),
        ("tipo=printed", {"k2"}),
        ("tipo=email", {"k3"}),
        ("tipo=inherit", {"k1"}),
        ("cidade=sao jose", {"k1"}),
        ("tipo=inherit&status=suspended", set()),
        ("tipo=%27&status=x&carteira=x&q=%25", set()),
    ],
)
def test_the_list_is_searched_and_filtered(
    app: Flask, finance: FlaskClient, query: str, found: set[str]
) -> None:
    with app.app_context():
        avila = create_client(name="JOSÉ ÁVILA", city="São José")
        create_contract(code="k1", client=avila)
        suspended = ContractStatus.SUSPENDED
        create_contract(code="k2", status=suspended, delivery_type=DeliveryType.PRINTED)
        create_contract(code="k3", plan="FIBRA 1G", delivery_type=DeliveryType.EMAIL)
    page = finance.get(f"/contratos?{query}")
    assert page.status_code == 200
    assert {code for code in ("k1", "k2", "k3") if f">{code}</a>" in page.text} == found


def test_the_wallet_filter_finds_its_contracts(app: Flask, finance: FlaskClient) -> None:
    contract = _contract(app, _make(app, code="k1"))
    _make(app, code="k2")
    page = finance.get(f"/contratos?carteira={contract.wallet_id}").text
    assert ">k1</a>" in page
    assert ">k2</a>" not in page


def test_a_page_of_the_list_asks_the_database_a_fixed_number_of_questions(
    app: Flask, finance: FlaskClient
) -> None:
    for _ in range(3):
        _make(app)
    few = selects(app, finance, "/contratos")
    for _ in range(20):
        _make(app)
    assert selects(app, finance, "/contratos") == few < 12


def test_padrao_shows_what_it_stands_for(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        create_settings(default_delivery_type=DeliveryType.PRINTED)
        contract_id = create_contract(delivery_type=None).id
    for url in ("/contratos", f"/contratos/{contract_id}/faturamento"):
        assert "Padrão (Impresso)" in finance.get(url).text


@pytest.mark.parametrize("own", [None, DeliveryType.EMAIL, DeliveryType.PRINTED])
def test_the_billing_tab_marks_the_contracts_own_choice(
    app: Flask, finance: FlaskClient, own: DeliveryType | None
) -> None:
    page = finance.get(f"/contratos/{_make(app, delivery_type=own)}/faturamento").text
    (marked,) = re.findall(r'<input checked[^>]* name="delivery_type"[^>]* value="(\w*)"', page)
    assert marked == (own.value if own else "")


def test_dates_are_written_as_in_brazil(app: Flask, finance: FlaskClient) -> None:
    contract_id = _make(app, activated_on=date(2026, 2, 3))
    assert 'value="03/02/2026"' in finance.get(f"/contratos/{contract_id}").text


def test_the_billing_tab_speaks_the_manuals_words(app: Flask, finance: FlaskClient) -> None:
    page = finance.get(f"/contratos/{_make(app)}/faturamento").text
    for words in ("Geração de faturamento", "Tipo de Envio de Cobrança", "Atenção!", WARNING):
        assert words in page


@pytest.mark.parametrize(
    ("chosen", "stored"),
    [("", None), ("email", DeliveryType.EMAIL), ("printed", DeliveryType.PRINTED)],
)
def test_the_delivery_type_is_saved(
    app: Flask, finance: FlaskClient, chosen: str, stored: DeliveryType | None
) -> None:
    before = DeliveryType.PRINTED if stored is None else None
    contract_id = _make(app, delivery_type=before)
    saved = post(
        finance,
        f"/contratos/{contract_id}/faturamento",
        version="1",
        delivery_type=chosen,
        wallet_id=str(_contract(app, contract_id).wallet_id),
        amount="1.299,90",
        due_day="31",
        code="outro",
    )
    assert saved.status_code == 303
    contract = _contract(app, contract_id)
    assert contract.delivery_type == stored
    assert (contract.amount, contract.due_day) == (Decimal("1299.90"), 31)
    assert contract.version == 2
    assert contract.code != "outro"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "-1"),
        ("amount", "0,001"),
        ("amount", "1e309"),
        ("amount", "NaN"),
        ("amount", ""),
        ("due_day", "0"),
        ("due_day", "32"),
        ("due_day", "dez"),
        ("wallet_id", "999"),
        ("delivery_type", "fax"),
    ],
)
def test_bad_billing_values_come_back_and_change_nothing(
    app: Flask, finance: FlaskClient, field: str, value: str
) -> None:
    contract_id = _make(app)
    wallet_id = str(_contract(app, contract_id).wallet_id)
    values = {"version": "1", "delivery_type": "", "amount": "50,00", "due_day": "5"}
    values |= {"wallet_id": wallet_id, field: value}
    page = post(finance, f"/contratos/{contract_id}/faturamento", **values)
    assert page.status_code == 422
    assert "Não foi salvo" in page.text
    assert _contract(app, contract_id).version == 1


def test_saving_over_someone_elses_change_is_refused(app: Flask, finance: FlaskClient) -> None:
    contract_id = _make(app, version=4)
    page = post(
        finance,
        f"/contratos/{contract_id}",
        version="3",
        plan="FIBRA 2G",
        status="active",
        activated_on="2026-01-02",
    )
    assert page.status_code == 409
    assert "Outra pessoa salvou este contrato" in page.text
    assert "FIBRA 2G" in page.text


def test_dados_are_saved(app: Flask, finance: FlaskClient) -> None:
    contract_id = _make(app)
    saved = post(
        finance,
        f"/contratos/{contract_id}",
        version="1",
        plan="FIBRA 2G",
        status="suspended",
        activated_on="28/06/2026",
    )
    assert saved.status_code == 303
    contract = _contract(app, contract_id)
    assert (contract.plan, contract.status) == ("FIBRA 2G", ContractStatus.SUSPENDED)
    assert contract.activated_on.isoformat() == "2026-06-28"


def test_a_new_contract_starts_from_its_client(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        create_client(code="c7", name="Ana Lima")
        wallet_id = create_wallet().id
    form = finance.get("/contratos/novo?cliente=c7").text
    assert 'value="c7"' in form
    assert "Ana Lima" in form
    done = post(
        finance,
        "/contratos/novo",
        code="k9",
        client_code="c7",
        plan="FIBRA 1G",
        amount="99,90",
        due_day="10",
        wallet_id=str(wallet_id),
        delivery_type="",
        status="active",
        activated_on="2026-11-01",
    )
    assert done.status_code == 303
    with app.app_context():
        contract = db.session.scalars(select(Contract)).one()
        assert (contract.code, contract.client.code) == ("k9", "c7")
        tab = finance.get(f"/clientes/{contract.client_id}/contratos").text
    assert ">k9</a>" in tab


def test_without_a_wallet_the_form_leads_to_the_wallets(finance: FlaskClient) -> None:
    assert "Abrir as carteiras" in finance.get("/contratos/novo").text


@pytest.mark.parametrize("url", ["/contratos/novo", "/contratos/importar"])
def test_changes_need_the_right(app: Flask, reader: FlaskClient, url: str) -> None:
    assert reader.get(url).status_code == 403
    contract_id = _make(app)
    for own in (f"/contratos/{contract_id}", f"/contratos/{contract_id}/faturamento"):
        assert post(reader, own, version="1").status_code == 403
        page = reader.get(own)
        assert page.status_code == 200
        assert ">Salvar</button>" not in page.text


@pytest.mark.parametrize("url", ["/contratos/999", "/contratos/999/faturamento", "/contratos/x"])
def test_an_unknown_contract_is_not_found(finance: FlaskClient, url: str) -> None:
    assert finance.get(url).status_code == 404


def test_contracts_are_imported_on_screen_too(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        create_client(code="c7")
        create_wallet(name="Itaú 109")
    content = (
        "codigo;cliente;valor;dia_vencimento;carteira;tipo_envio;status;data_ativacao\n"
        "k1;c7;99,90;10;Itaú 109;P;A;01/01/2026\n"
        "k2;c8;99,90;10;Itaú 109;P;A;01/01/2026\n"
    ).encode()
    url = post(finance, "/contratos/importar", file=(io.BytesIO(content), "k.csv")).headers[
        "Location"
    ]
    assert "Importar 1 linha válida" in finance.get(url).text
    post(finance, url)
    assert "1 linha importada" in finance.get(url).text
    assert ">k1</a>" in finance.get("/contratos").text
