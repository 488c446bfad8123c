"""Por que não foi enviado? Then and now, side by side."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from portal.core.db import db
from portal.deliveries.eligibility import DELIVERY
from portal.deliveries.explain import explain_title
from portal.deliveries.labels import REQUIREMENTS
from portal.receivables.models import Receivable, ReceivableStatus
from portal.settings.models import DeliveryType
from portal.wallets import service as wallets
from portal.wallets.models import Wallet
from tests.deliveries_screens.making import create_failed, create_sent
from tests.factories import (
    NOON,
    create_client,
    create_contract,
    create_settings,
    create_user,
    create_wallet,
)
from tests.receivables.making import create_boleto


def _title(**contract: Any) -> Receivable:
    """A title with the rule's words of its generation."""
    create_settings()
    title = create_boleto(contract=create_contract(**contract))
    verdict = explain_title(title, NOON)
    title.reasons = [item.to_dict() for item in verdict.requirements]
    title.not_sent_code = verdict.not_sent_code
    db.session.commit()
    return title


def _row(page: str, code: str) -> list[str]:
    return page.split(f">{REQUIREMENTS[code]}</th>")[1].split("</tr>")[0].split("<td")[1:]


def test_the_wallets_switch_then_and_now_with_who_changed_it(
    app: Flask, finance: FlaskClient
) -> None:
    with app.app_context():
        wallet = create_wallet(name="Itaú 109", email_on_generation=False)
        title = _title(wallet=wallet)
        facts = {**wallets.facts_of(wallet), "email_on_generation": True}
        wallets.change(wallet.id, facts, wallet.version, create_user(name="Bruno Lima"), NOON)
        title_id, wallet_id = title.id, wallet.id
    page = finance.get(f"/financeiro/titulos/{title_id}/por-que").text
    then, now, _ = _row(page, "wallet_email_on_generation")
    assert "enviar ao gerar = Não" in then
    assert "enviar ao gerar = Sim" in now
    assert "por Bruno Lima" in now
    assert "Não enviado" in page
    assert "Enviar agora à mão" in page
    with app.app_context():
        assert db.session.get_one(Wallet, wallet_id).email_on_generation is True


def test_what_did_not_change_says_so(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        title_id = _title(client=create_client(emails="")).id
    page = reader.get(f"/financeiro/titulos/{title_id}/por-que").text
    then, now, fix = _row(page, "client_email")
    assert "cliente sem e-mail" in then
    assert "o mesmo" in now
    assert "/clientes/" in fix
    for code in DELIVERY:
        assert f">{REQUIREMENTS[code]}</th>" in page
    assert "Enviar agora à mão" not in page  # a reader may not
    assert "Nenhum e-mail levou este boleto" in page


def test_the_titles_messages_are_listed_and_the_best_of_them_speaks(
    app: Flask, finance: FlaskClient
) -> None:
    with app.app_context():
        title = _title()
        create_failed(receivable=title, recipient="velho@x.example")
        create_sent(receivable=title, recipient="novo@x.example")
        title_id = title.id
    page = finance.get(f"/financeiro/titulos/{title_id}/por-que").text
    assert "velho@x.example" in page
    assert "novo@x.example" in page
    assert "Enviado" in page.split("<table")[0]


def test_a_printed_title_says_that_it_is_not_e_mailed(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        title = _title(delivery_type=DeliveryType.PRINTED)
        title.delivery_type = DeliveryType.PRINTED
        db.session.commit()
        title_id = title.id
    page = finance.get(f"/financeiro/titulos/{title_id}/por-que").text
    assert "não vai por e-mail" in page
    assert "Impresso (do próprio contrato)" in page


def test_a_title_older_than_the_rule_and_a_closed_one_still_have_a_page(
    app: Flask, finance: FlaskClient
) -> None:
    with app.app_context():
        create_settings()
        title_id = create_boleto(status=ReceivableStatus.PAID).id
    page = finance.get(f"/financeiro/titulos/{title_id}/por-que").text
    assert "não registrado" in page
    assert "Pago" in page
    assert "Enviar agora à mão" not in page
    assert finance.get("/financeiro/titulos/99/por-que").status_code == 404


def test_a_contract_is_told_what_would_happen_now(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        create_settings()
        good, bad = create_contract(), create_contract(client=create_client(emails=""))
        printed = create_contract(delivery_type=DeliveryType.PRINTED)
        ids = good.id, bad.id, printed.id
    pages = [reader.get(f"/contratos/{contract_id}/envio").text for contract_id in ids]
    assert "o boleto iria por e-mail" in pages[0]
    assert "não seria enviado" in pages[1]
    assert "seria impresso" in pages[2]
    assert reader.get("/contratos/99/envio").status_code == 404


def test_a_contracts_page_leads_to_its_last_title(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        title = _title()
        contract_id, title_id = title.contract_id, title.id
    page = reader.get(f"/contratos/{contract_id}/envio").text
    assert f"/financeiro/titulos/{title_id}/por-que" in page
