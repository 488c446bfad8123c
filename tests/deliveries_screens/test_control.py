"""Many messages at once from the screens: the number is named, confirmed, and done."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core.db import db
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import State
from portal.generation.models import Generation, GenerationState
from portal.smtp.models import AccountState
from tests.deliveries_screens.making import create_failed, create_queued
from tests.factories import NOON, TODAY, create_account, create_message
from tests.support.forms import post
from tests.support.pages import hidden, links, words

LOG = "/sistema/log-email"
BULK = f"{LOG}/em-massa"


def _states(app: Flask, ids: list[int]) -> list[State]:
    with app.app_context():
        return [db.session.get_one(EmailMessage, message_id).state for message_id in ids]


def _run(app: Flask, count: int) -> tuple[int, list[int]]:
    with app.app_context():
        run = Generation(
            request_key="ab" * 16,
            requested_by="Ana",
            created_at=NOON,
            competence=TODAY.replace(day=1),
            today=TODAY,
            state=GenerationState.DONE,
            messages=count,
        )
        db.session.add(run)
        db.session.commit()
        account = create_account(name="Financeiro")
        ids = [create_queued(account, generation_id=run.id).id for _ in range(count)]
        return run.id, ids


def test_the_log_offers_what_its_filters_leave_and_asks_before_it_does_it(
    app: Flask, finance: FlaskClient
) -> None:
    run, ids = _run(app, 3)
    with app.app_context():
        stranger = create_queued().id
    page = finance.get(f"{LOG}?geracao={run}")
    confirm = finance.get(links(page)["Cancelar os 3 que esperam"])
    assert f"3 e-mails. Filtros: geração nº {run}." in words(confirm)
    assert "Não há como desfazer" in words(confirm)
    assert _states(app, ids) == [State.QUEUED] * 3
    done = post(finance, BULK, hidden(confirm))
    assert (done.status_code, done.location) == (303, f"{LOG}?geracao={run}&estado=cancelled")
    assert "3 e-mails cancelados." in finance.get(done.location).text
    assert _states(app, [*ids, stranger]) == [State.CANCELLED] * 3 + [State.QUEUED]


def test_one_account_can_be_emptied(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        account = create_account(name="Financeiro")
        mine, other = create_queued(account).id, create_queued().id
        account_id = account.id
    page = finance.get(f"{LOG}?conta={account_id}&estado=queued")
    confirm = finance.get(links(page)["Cancelar o que espera"])
    assert "1 e-mail. Filtros: estado Na fila; conta Financeiro." in words(confirm)
    post(finance, BULK, hidden(confirm))
    assert _states(app, [mine, other]) == [State.CANCELLED, State.QUEUED]


def test_a_message_that_came_after_the_question_is_left_alone(
    app: Flask, finance: FlaskClient
) -> None:
    run, ids = _run(app, 2)
    fields = hidden(finance.get(f"{BULK}?fazer=cancelar&geracao={run}"))
    with app.app_context():
        late = create_queued(generation_id=run).id
    post(finance, BULK, fields)
    assert _states(app, [*ids, late]) == [State.CANCELLED, State.CANCELLED, State.QUEUED]


def test_a_message_that_left_meanwhile_is_told(app: Flask, finance: FlaskClient) -> None:
    run, ids = _run(app, 2)
    fields = hidden(finance.get(f"{BULK}?fazer=cancelar&geracao={run}"))
    with app.app_context():
        db.session.get_one(EmailMessage, ids[0]).state = State.SENT
        db.session.commit()
    done = post(finance, BULK, fields)
    assert "1 e-mail cancelado. 1 já havia mudado de estado." in words(finance.get(done.location))
    assert post(finance, BULK, fields).status_code == 409


def test_more_than_was_confirmed_changes_nothing(app: Flask, finance: FlaskClient) -> None:
    run, ids = _run(app, 3)
    fields = hidden(finance.get(f"{BULK}?fazer=cancelar&geracao={run}")) | {"numero": "2"}
    assert post(finance, BULK, fields).status_code == 409
    assert _states(app, ids) == [State.QUEUED] * 3


def test_a_held_run_says_who_holds_it_and_promises_no_time(
    app: Flask, finance: FlaskClient
) -> None:
    run, ids = _run(app, 2)
    done = post(finance, f"{LOG}/geracao/{run}/pausar")
    assert (done.status_code, done.location) == (303, f"/financeiro/gerar/{run}")
    page = finance.get(f"{LOG}?geracao={run}")
    row = page.text.split(f'id="email-{ids[0]}"')[1].split("</tr>")[0]
    assert "pausado por Bruno Lima" in row
    assert "sai " not in row
    assert 'hx-trigger="every' not in page.text  # nothing moves
    assert {"Retomar os 2 pausados", "Cancelar os 2 que esperam"} <= set(links(page))
    assert "Fica na fila até alguém retomar" in words(finance.get(f"{LOG}/{ids[0]}"))
    assert post(finance, f"{LOG}/geracao/{run}/pausar").status_code == 409
    assert post(finance, f"{LOG}/geracao/{run}/retomar").status_code == 303
    assert post(finance, f"{LOG}/geracao/{run}/cancelar").status_code == 303
    assert _states(app, ids) == [State.CANCELLED] * 2
    assert post(finance, f"{LOG}/geracao/{run}/cancelar").status_code == 409


def test_held_messages_do_not_stand_in_the_way_of_others(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        account = create_account(hourly_limit=1)
        held = {"cause": "held", "reason": "Pausado por Ana.", "next_attempt_at": None}
        create_queued(account, **held)
        waits = create_queued(account).id
    row = finance.get(LOG).text.split(f'id="email-{waits}"')[1].split("</tr>")[0]
    assert "sai agora" in row


def test_the_uncertain_are_decided_with_a_clear_warning(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        ids = [create_message(state=State.UNCERTAIN, cause="uncertain").id for _ in range(2)]
    found = links(finance.get(f"{LOG}?estado=uncertain"))
    warning = words(finance.get(found["Reenviar os 2 incertos"]))
    assert "pode recebê-la duas vezes" in warning
    confirm = finance.get(found["Marcar os 2 incertos como entregues"])
    assert "duas vezes" not in words(confirm)
    post(finance, BULK, hidden(confirm))
    assert _states(app, ids) == [State.SENT] * 2


def test_what_failed_in_a_selection_is_sent_again(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        mine = create_failed("mailbox_full", recipient="a@x.example").id
        other = create_failed("mailbox_full", recipient="b@y.example").id
    confirm = finance.get(f"{BULK}?fazer=reenviar&q=a@x")
    assert "texto “a@x”" in words(confirm)
    post(finance, BULK, hidden(confirm))
    assert _states(app, [mine, other]) == [State.QUEUED, State.FAILED]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"fazer": "apagar"},
        {"fazer": "cancelar"},
        {"fazer": "cancelar", "numero": "x"},
        {"fazer": "cancelar", "numero": "0", "maior": "9"},
    ],
)
def test_what_was_not_confirmed_is_not_done(
    app: Flask, finance: FlaskClient, fields: dict[str, str]
) -> None:
    _, ids = _run(app, 1)
    assert post(finance, BULK, fields).status_code == 409
    assert _states(app, ids) == [State.QUEUED]


def test_nothing_to_do_is_said(finance: FlaskClient) -> None:
    page = words(finance.get(f"{BULK}?fazer=reenviar"))
    assert "Nenhum e-mail está nesse estado agora." in page


def test_who_may_only_read_is_offered_none_of_it(app: Flask, reader: FlaskClient) -> None:
    run, ids = _run(app, 1)
    assert "em-massa" not in reader.get(LOG).text
    assert reader.get(f"{BULK}?fazer=cancelar").status_code == 403
    urls = [BULK, *(f"{LOG}/geracao/{run}/{what}" for what in ("pausar", "retomar", "cancelar"))]
    for url in urls:
        assert post(reader, url).status_code == 403
    assert _states(app, ids) == [State.QUEUED]


# --- the banner -----------------------------------------------------------------------------------
def test_every_page_names_a_paused_account_that_keeps_e_mails_waiting(
    app: Flask, finance: FlaskClient, web: FlaskClient
) -> None:
    with app.app_context():
        reason = "Usuário ou senha recusados pelo servidor. Gere uma senha de app."
        account = create_account(
            name="Cobrança", state=AccountState.PAUSED, pause_reason=reason, paused_at=NOON
        )
        create_queued(account)
        create_account(name="Sem fila", state=AccountState.PAUSED)
        url = f"/configuracoes/smtp/{account.id}"
    for page in ("/clientes", LOG, "/configuracoes/smtp", "/"):
        answer = finance.get(page)
        text = words(answer)
        assert "Cobrança" in text, page
        assert "Usuário ou senha recusados pelo servidor." in text, page
        assert ". 1 e-mail espera." in text, page
        assert ".." not in text, page
        assert url in links(answer).values(), page
    assert "Sem fila" not in words(finance.get("/clientes"))
    assert "Cobrança" not in web.get("/entrar").text


def test_the_banner_is_a_banner_once(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        account = create_account(state=AccountState.PAUSED, pause_reason="Senha recusada.")
        create_queued(account)
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    assert len(re.findall("alert-danger", finance.get(LOG).text)) == 1
    assert "alert-danger" not in finance.get(LOG, headers=headers).text
