"""The state of sending in the top bar, and real clients in the preview of the message."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core.db import db
from portal.core.errors import NotFound
from portal.deliveries.frame import sending
from portal.deliveries.models import QuotaUse
from portal.deliveries.preview_facts import facts
from portal.deliveries.states import State
from portal.receivables.models import ReceivableStatus
from portal.smtp import preview
from portal.smtp.models import AccountState
from tests.deliveries_screens.making import create_queued
from tests.factories import (
    NOON,
    create_account,
    create_client,
    create_contract,
    create_message,
    create_receivable,
    create_settings,
)
from tests.support.counting import statements

ZONE = "America/Sao_Paulo"


def _now(app: Flask) -> Any:
    with app.test_request_context():
        return sending(NOON, ZONE)


def _use(account_id: int, count: int, minutes: int = 1) -> None:
    at = NOON - timedelta(minutes=minutes)
    db.session.add_all(QuotaUse(smtp_account_id=account_id, used_at=at) for _ in range(count))
    db.session.commit()


def test_nothing_waits(app: Flask) -> None:
    with app.app_context():
        create_settings()
    assert (_now(app).text, _now(app).tone) == ("Nada na fila", "muted")


def test_without_an_account_it_leads_to_the_choice(app: Flask) -> None:
    assert _now(app).url == "/configuracoes/parametros/financeiro"


def test_sending_shows_the_pace(app: Flask) -> None:
    with app.app_context():
        account = create_account(hourly_limit=200)
        create_settings(account)
        create_message(smtp_account=account, state=State.SENDING)
        _use(account.id, 38)
    assert (_now(app).text, _now(app).tone) == ("Enviando · 38/200 nesta hora", "success")


def test_a_queue_that_rests_is_not_called_sending(app: Flask) -> None:
    with app.app_context():
        account = create_account(hourly_limit=2)
        create_settings(account)
        for _ in range(3):
            create_queued(account)
        _use(account.id, 2)
    assert _now(app).text == "Na fila: 3 · 2/2 nesta hora"


def test_a_queue_without_a_worker_is_not_called_sending(app: Flask) -> None:
    with app.app_context():
        account = create_account()
        create_settings(account)
        create_queued(account)
        _use(account.id, 5, minutes=20)
    assert _now(app).text == "Na fila: 1"


def test_a_queue_whose_turn_comes_later_is_not_called_sending(app: Flask) -> None:
    with app.app_context():
        account = create_account()
        create_settings(account)
        create_queued(account, next_attempt_at=NOON + timedelta(minutes=5))
        _use(account.id, 1)
    assert _now(app).text == "Na fila: 1"


def test_a_queue_that_leaves_one_by_one_is_sending_between_two(app: Flask) -> None:
    with app.app_context():
        account = create_account(hourly_limit=200)
        create_settings(account)
        create_queued(account, next_attempt_at=NOON)
        _use(account.id, 1)
    assert _now(app).text == "Enviando · 1/200 nesta hora"


def test_a_paused_account_says_why_and_leads_to_the_cure(app: Flask) -> None:
    with app.app_context():
        account = create_account(
            state=AccountState.PAUSED,
            pause_reason="Usuário ou senha recusados pelo servidor. Gere uma senha de app.",
        )
        create_settings(account)
        url = f"/configuracoes/smtp/{account.id}"
    told = _now(app)
    assert told.text == "Pausado: usuário ou senha recusados pelo servidor — corrigir"
    assert (told.tone, told.url) == ("danger", url)


def test_an_account_on_hold_says_until_when(app: Flask) -> None:
    with app.app_context():
        account = create_account(hold_until=NOON + timedelta(minutes=10))
        create_settings(account)
        create_queued(account)
    assert _now(app).text == "Em espera até 12:10 · na fila: 1"


def test_it_takes_two_queries_at_most(app: Flask) -> None:
    with app.app_context():
        account = create_account()
        create_settings(account)
        create_queued(account)
    _now(app)
    with statements(app) as seen:
        _now(app)
    assert len(seen) <= 2


def test_every_page_shows_it_to_who_is_signed_in_only(
    app: Flask, reader: FlaskClient, web: FlaskClient
) -> None:
    with app.app_context():
        create_settings()
    assert "Nada na fila" in reader.get("/sistema/log-email").text
    assert "Nada na fila" not in web.get("/entrar").text


def test_the_preview_speaks_of_a_real_client(app: Flask) -> None:
    assert preview.FACTS is facts
    with app.app_context():
        create_settings()
        client = create_client(name="Padaria São José LTDA")
        contract = create_contract(client=client)
        create_receivable(contract=contract, due_date=date(2999, 12, 10), document_number="D-1")
        create_receivable(
            contract=contract,
            due_date=date(2999, 1, 10),
            competence=date(2026, 11, 1),
            status=ReceivableStatus.PAID,
        )
        ahead, late = facts(client.id, False), facts(client.id, True)
        anyone = facts(None, False)
    assert ahead.client.name == "Padaria São José LTDA"
    assert [title.number for title in ahead.titles] == ["D-1"]  # the paid one is left out
    assert ahead.titles[0].due_date > ahead.today
    assert late.titles[0].due_date < late.today
    assert anyone.client.name == "Padaria São José LTDA"


def test_the_preview_of_a_client_without_titles_invents_some(app: Flask) -> None:
    with app.app_context():
        create_settings()
        client = create_client(name="Sem Títulos")
        create_contract(client=client, code="C-9")
        shown = facts(client.id, True)
        nobody = facts(None, False)
        with pytest.raises(NotFound):
            facts(9999, False)
    assert shown.client.name == "Sem Títulos"
    assert shown.contracts[0].number == "C-9"
    assert shown.titles[0].due_date < shown.today
    assert nobody.titles  # invented too, with the company's own name
    assert nobody.company.name == "Rede Exemplo LTDA"


def test_the_previews_lupa_finds_clients(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        client_id = create_client(name="JOSÉ <b>").id
    rows = reader.get("/configuracoes/smtp/clientes?q=jose").text
    assert f'data-pick="{client_id}"' in rows
    assert "<b>" not in rows
    assert "Nenhum cliente com" in reader.get("/configuracoes/smtp/clientes?q=zzz").text
