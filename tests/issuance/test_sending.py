"""Emissão de boletos: sending by hand, once for each form."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import Kind, State
from portal.receivables.models import Receivable, ReceivableStatus
from portal.smtp.models import AccountState
from tests.deliveries_screens.making import create_sent
from tests.factories import (
    create_account,
    create_client,
    create_contract,
    create_receivable,
    create_settings,
)
from tests.receivables.making import create_boleto
from tests.support.forms import post

PAGE = "/financeiro/emissao"


def _titles(app: Flask, count: int = 2, **values: Any) -> list[int]:
    """`count` titles with boletos, each of a client of its own; the parameters stand."""
    with app.app_context():
        create_settings()
        return [create_boleto(**values).id for _ in range(count)]


def _key(page: str) -> str:
    return page.split('name="chave" value="')[1].split('"')[0]


def _chosen(page: str) -> str:
    return page.split('name="titulo" value="')[1].split('"')[0]


def _messages(app: Flask) -> Sequence[EmailMessage]:
    with app.app_context():
        return db.session.scalars(select(EmailMessage).order_by(EmailMessage.id)).all()


def _send(browser: FlaskClient, ids: Sequence[int]) -> Any:
    """Through the confirmation page, as a person does."""
    shown = post(browser, f"{PAGE}/enviar", {"titulo": [str(item) for item in ids]})
    fields = {"chave": _key(shown.text), "titulo": _chosen(shown.text)}
    return fields, post(browser, f"{PAGE}/enviar/confirmar", fields)


def test_before_sending_everything_is_shown_and_nothing_is_sent(
    app: Flask, finance: FlaskClient
) -> None:
    with app.app_context():
        create_settings(create_account(name="Financeiro", subject="Olá, #cliente_nome#"))
        client = create_client(name="Padaria São José", emails="a@x.example, b@x.example")
        contract = create_contract(client=client)
        ids = [
            create_boleto(contract=contract, competence=date(2026, month, 1)).id
            for month in (11, 12)
        ]
    page = post(finance, f"{PAGE}/enviar", {"titulo": [str(item) for item in ids]}).text
    for text in ("Olá, Padaria São José", "a@x.example, b@x.example", "Financeiro"):
        assert text in page, text
    assert "Enviar 2 e-mails" in page
    assert _messages(app) == []


def test_sending_queues_one_e_mail_per_client_and_address(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        create_settings()
        client = create_client(emails="a@x.example, b@x.example")
        contract = create_contract(client=client)
        ids = [
            create_boleto(contract=contract, competence=date(2026, month, 1)).id
            for month in (11, 12)
        ]
        ids.append(create_boleto(contract=create_contract(client=create_client())).id)
    fields, answer = _send(finance, ids)
    assert answer.status_code == 303
    assert answer.location == f"/sistema/log-email?lote={fields['chave']}"
    with app.app_context():
        messages = db.session.scalars(select(EmailMessage)).all()
        assert len(messages) == 3
        assert {message.kind for message in messages} == {Kind.MANUAL}
        assert {message.requested_by for message in messages} == {"Bruno Lima"}
        to_a = next(message for message in messages if message.recipient == "a@x.example")
        assert sorted(link.receivable_id for link in to_a.links) == sorted(ids[:2])
        assert db.session.scalars(select(AuditEvent.action)).all() == ["issuance.send"]
    log = finance.get(answer.location).text
    assert log.count('id="email-') == 3
    assert "3 e-mails na fila" in log


def test_the_same_form_sent_again_sends_nothing_twice(app: Flask, finance: FlaskClient) -> None:
    ids = _titles(app, 2)
    fields, _ = _send(finance, ids)
    again = post(finance, f"{PAGE}/enviar/confirmar", fields)
    assert again.status_code == 303
    assert len(_messages(app)) == 2
    assert "nada foi enviado de novo" in finance.get(again.location).text
    with app.app_context():
        count = db.session.scalar(select(func.count()).select_from(AuditEvent))
    assert count == 1


def test_a_new_form_sends_again_and_warned_before(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        create_settings()
        title = create_boleto()
        create_sent(receivable=title)
        title_id = title.id
    page = finance.get(f"{PAGE}/enviar?titulo={title_id}").text
    assert "já enviado em" in page
    assert "data-confirm=" in page
    _send(finance, [title_id])
    assert len(_messages(app)) == 2
    assert "está na fila" in finance.get(f"{PAGE}/enviar?titulo={title_id}").text


def test_what_cannot_go_is_left_out_and_said_so(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        create_settings()
        good = create_boleto()
        paid = create_boleto(status=ReceivableStatus.PAID)
        bare = create_receivable()
        mute = create_boleto(contract=create_contract(client=create_client(emails="")))
        ids = [good.id, paid.id, bare.id, mute.id]
    page = post(finance, f"{PAGE}/enviar", {"titulo": [str(item) for item in ids]}).text
    for reason in ("está pago", "não tem boleto", "não tem e-mail válido"):
        assert reason in page, reason
    assert _chosen(page) == str(ids[0])
    none = post(finance, f"{PAGE}/enviar", {"titulo": str(ids[1])}).text
    assert "Nenhum dos títulos selecionados pode ir" in none
    assert 'name="chave"' not in none


def test_a_title_paid_meanwhile_is_not_sent(app: Flask, finance: FlaskClient) -> None:
    ids = _titles(app, 1)
    page = finance.get(f"{PAGE}/enviar?titulo={ids[0]}").text
    with app.app_context():
        db.session.get_one(Receivable, ids[0]).status = ReceivableStatus.PAID
        db.session.commit()
    fields = {"chave": _key(page), "titulo": str(ids[0])}
    answer = post(finance, f"{PAGE}/enviar/confirmar", fields)
    assert answer.status_code == 422
    assert "não pode mais ir: está pago" in answer.text
    assert _messages(app) == []


def test_recipients_can_be_changed_for_one_sending(app: Flask, finance: FlaskClient) -> None:
    ids = _titles(app, 1)
    page = finance.get(f"{PAGE}/enviar?titulo={ids[0]}").text
    name = re.search(r'name="(para-\d+)"', page)[1]  # type: ignore[index]
    fields = {"chave": _key(page), "titulo": str(ids[0]), "numero": "1"}
    confirm = f"{PAGE}/enviar/confirmar"
    for wrong, words in (("", "Informe ao menos um e-mail"), ("não sei", "não é um e-mail")):
        answer = post(finance, confirm, fields | {name: wrong})
        assert answer.status_code == 422
        assert words in answer.text
        assert f'aria-describedby="{name}-error"' in answer.text
    more = post(finance, confirm, fields | {name: "a@x.example; b@x.example"})
    assert more.status_code == 422
    assert "Agora são 2 e-mails, e não 1" in more.text
    assert _messages(app) == []
    assert 'name="numero" value="2"' in more.text
    sure = fields | {name: "a@x.example; b@x.example", "numero": "2"}
    assert post(finance, confirm, sure).status_code == 303
    assert {item.recipient for item in _messages(app)} == {"a@x.example", "b@x.example"}
    with app.app_context():
        title = db.session.get_one(Receivable, ids[0])
        assert title.client.emails.startswith("maria")


@pytest.mark.parametrize(("together", "count"), [(True, 1), (False, 2)])
def test_titles_of_a_client_go_together_as_the_parameters_say(
    app: Flask, finance: FlaskClient, together: bool, count: int
) -> None:
    with app.app_context():
        create_settings(group_by_client=together)
        client = create_client()
        contracts = [create_contract(client=client) for _ in range(2)]
        ids = [create_boleto(contract=contract).id for contract in contracts]
        own = {None} if together else {contract.id for contract in contracts}
    _send(finance, ids)
    messages = _messages(app)
    assert len(messages) == count
    assert {item.contract_id for item in messages} == own


def test_a_second_copy_tells_what_it_costs_today(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        create_settings(create_account(body="Hoje: #boleto_valor_atualizado#"))
        title = create_boleto(due_date=date(2020, 1, 6), amount=Decimal("100.00"))
        line, title_id = title.linha_digitavel, title.id
    page = finance.get(f"{PAGE}/enviar?titulo={title_id}").text
    shown = re.search(r"Hoje: R\$ ([\d,.]+)", page)[1]  # type: ignore[index]
    own = finance.get(f"/financeiro/titulos/{title_id}").text
    assert f"hoje custa R$\xa0{shown}" in own
    assert shown != "100,00"
    assert line in own
    with app.app_context():
        create_settings(create_account(body="Hoje: #boleto_valor#"))
    warned = finance.get(f"{PAGE}/enviar?titulo={title_id}").text
    assert "a mensagem da conta não diz quanto custa hoje" in warned


def test_without_an_account_there_is_nothing_to_press(app: Flask, finance: FlaskClient) -> None:
    ids = _titles(app, 1)
    with app.app_context():
        create_settings(smtp_account=None)
    page = finance.get(f"{PAGE}/enviar?titulo={ids[0]}").text
    assert "Nenhuma conta foi escolhida em Parâmetros financeiro" in page
    assert 'name="chave"' not in page
    fields = {"chave": "0" * 16, "titulo": str(ids[0])}
    assert post(finance, f"{PAGE}/enviar/confirmar", fields).status_code == 422


@pytest.mark.parametrize(
    ("account", "words", "button"),
    [
        ({"subject": "#nome_errado#"}, "#nome_errado# não existe", False),
        ({"body": ""}, "Escreva a mensagem", False),
        ({"state": AccountState.PAUSED}, "está pausada", True),
    ],
)
def test_the_state_of_the_account_is_told(
    app: Flask, finance: FlaskClient, account: dict[str, Any], words: str, button: bool
) -> None:
    with app.app_context():
        create_settings(create_account(**account))
        title_id = create_boleto().id
    page = finance.get(f"{PAGE}/enviar?titulo={title_id}").text
    assert words in page
    assert ('name="chave"' in page) is button


@pytest.mark.parametrize("key", ["", "x", "../../etc", "0" * 17, "G" * 16, "0" * 15 + "%"])
def test_a_key_of_no_form_of_ours_is_refused(app: Flask, finance: FlaskClient, key: str) -> None:
    ids = _titles(app, 1)
    answer = post(finance, f"{PAGE}/enviar/confirmar", {"chave": key, "titulo": str(ids[0])})
    assert answer.status_code == 400
    assert _messages(app) == []


def test_extra_fields_change_nothing(app: Flask, finance: FlaskClient) -> None:
    ids = _titles(app, 1, amount=Decimal("10.00"))
    page = finance.get(f"{PAGE}/enviar?titulo={ids[0]}").text
    extra = {"chave": _key(page), "titulo": str(ids[0]), "state": "sent", "kind": "automatic"}
    post(finance, f"{PAGE}/enviar/confirmar", extra)
    assert [(m.state, m.kind) for m in _messages(app)] == [(State.QUEUED, Kind.MANUAL)]


def test_changing_pages_cannot_be_fetched_by_get(finance: FlaskClient) -> None:
    for path in ("imprimir", "impressos", "boletos.pdf", "enviar/confirmar"):
        assert finance.get(f"{PAGE}/{path}").status_code == 405
