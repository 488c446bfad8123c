"""One message: what it says, and what a person may do with it."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.deliveries import cause_names, log_words
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import Kind, State
from portal.receivables.models import Receivable, ReceivableStatus
from portal.smtp.causes import CAUSES
from tests.deliveries_screens.making import create_failed, create_queued, create_sent
from tests.factories import create_message
from tests.support.counting import selects
from tests.support.forms import post

LOG = "/sistema/log-email"


def _make(app: Flask, maker: Any, **values: Any) -> int:
    with app.app_context():
        return int(maker(**values).id)


def _state(app: Flask, message_id: int) -> State:
    with app.app_context():
        return db.session.get_one(EmailMessage, message_id).state


def test_a_sent_message_shows_itself_as_it_was_sent(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        message = create_sent()
        message_id, title = message.id, message.receivables[0]
        title_id = title.id
    page = reader.get(f"{LOG}/{message_id}").text
    assert "Aceito pelo servidor em" in page
    assert "Mensagem como foi enviada" in page
    assert "Bom dia, Maria." in page
    assert "250 2.0.0 Ok: queued as 4F1" in page
    assert f"/financeiro/titulos/{title_id}/boleto.pdf" in page
    assert f"{LOG}/{message_id}/anexos" in page
    assert "Confirmação do servidor" in page  # the stage of its try
    assert "212 ms" in page


def test_a_sent_message_leads_to_sending_again_while_its_title_is_open(
    app: Flask, admin: FlaskClient, reader: FlaskClient
) -> None:
    with app.app_context():
        message = create_sent()
        message_id, title_id = message.id, message.receivables[0].id
    url = f"{LOG}/{message_id}"
    assert f'"/financeiro/emissao/enviar?titulo={title_id}">Enviar de novo' in admin.get(url).text
    assert "Enviar de novo" not in reader.get(url).text
    with app.app_context():
        db.session.get_one(Receivable, title_id).status = ReceivableStatus.PAID
        db.session.commit()
    assert "Enviar de novo" not in admin.get(url).text


def test_the_html_part_has_its_own_strict_policy_and_a_sandbox(
    app: Flask, reader: FlaskClient
) -> None:
    html = '<p>Olá</p><script>alert(1)</script><img src="https://evil.example/x.png">'
    message_id = _make(app, create_sent, html=html)
    page = reader.get(f"{LOG}/{message_id}").text
    assert '<iframe class="preview-frame" sandbox ' in page
    frame = reader.get(f"{LOG}/{message_id}/mensagem.html")
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "<p>Olá</p>" in frame.text
    assert "<script" not in frame.text
    assert "evil.example" not in frame.text


def test_a_waiting_message_shows_how_it_would_leave_now(app: Flask, reader: FlaskClient) -> None:
    message_id = _make(app, create_queued)
    page = reader.get(f"{LOG}/{message_id}").text
    assert "Mensagem como sairia agora" in page
    assert "Seu boleto vence em 10/12/2026" in page
    assert "R$" in reader.get(f"{LOG}/{message_id}/mensagem.html").text


def test_a_failed_message_names_cause_cure_and_the_servers_words(
    app: Flask, finance: FlaskClient
) -> None:
    message_id = _make(app, create_failed)
    page = finance.get(f"{LOG}/{message_id}").text
    assert "O endereço do destinatário não existe." in page
    assert "Confirme o e-mail com o cliente e corrija o cadastro." in page
    assert "550 5.1.1 User unknown" in page
    assert "Destinatário" in page  # the stage
    assert "Reenviar" in page
    assert "não há mensagem para mostrar" in page


def test_what_a_server_says_is_shown_as_text(app: Flask, reader: FlaskClient) -> None:
    message_id = _make(
        app, create_failed, reply="550 <script>alert(1)</script>", recipient="<b>@x.example"
    )
    page = reader.get(f"{LOG}/{message_id}").text
    assert "<script>alert" not in page
    assert "<b>@x" not in page


def test_a_message_that_does_not_exist_is_not_found(reader: FlaskClient) -> None:
    for path in ("/99", "/99/mensagem.html", "/abc", "/99999999999999999999"):
        assert reader.get(f"{LOG}{path}").status_code == 404


ACTIONS = {"reenviar", "cancelar", "entregue"}


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        (State.QUEUED, {"cancelar"}),
        (State.SENDING, set()),
        (State.SENT, set()),
        (State.FAILED, {"reenviar"}),
        (State.UNCERTAIN, {"reenviar", "entregue"}),
        (State.CANCELLED, set()),
        (State.EXPIRED, {"reenviar"}),
        (State.SKIPPED, set()),
        (State.BOUNCED, {"reenviar"}),
    ],
)
def test_a_state_offers_its_actions_and_refuses_the_others(
    app: Flask, finance: FlaskClient, state: State, offered: set[str]
) -> None:
    message_id = _make(app, create_message, state=state)
    page = finance.get(f"{LOG}/{message_id}").text
    assert {action for action in ACTIONS if f"/{message_id}/{action}" in page} == offered
    for action in ACTIONS - offered:
        assert post(finance, f"{LOG}/{message_id}/{action}").status_code == 409
        assert _state(app, message_id) == state


@pytest.mark.parametrize(
    ("state", "action", "after"),
    [
        (State.FAILED, "reenviar", State.QUEUED),
        (State.UNCERTAIN, "reenviar", State.QUEUED),
        (State.EXPIRED, "reenviar", State.QUEUED),
        (State.BOUNCED, "reenviar", State.QUEUED),
        (State.QUEUED, "cancelar", State.CANCELLED),
        (State.UNCERTAIN, "entregue", State.SENT),
    ],
)
def test_an_action_moves_the_message_once_and_says_who(
    app: Flask, finance: FlaskClient, state: State, action: str, after: State
) -> None:
    message_id = _make(app, create_message, state=state)
    url = f"{LOG}/{message_id}/{action}"
    answer = post(finance, url)
    assert (answer.status_code, answer.location) == (303, f"{LOG}/{message_id}")
    assert _state(app, message_id) == after
    assert "Bruno Lima" in finance.get(f"{LOG}/{message_id}").text
    assert post(finance, url).status_code == 409
    with app.app_context():
        assert db.session.scalars(select(AuditEvent.actor_name)).all() == ["Bruno Lima"]


def test_resending_an_uncertain_message_warns_that_it_may_arrive_twice(
    app: Flask, finance: FlaskClient
) -> None:
    message_id = _make(app, create_message, state=State.UNCERTAIN, cause="uncertain")
    assert finance.get(f"{LOG}/{message_id}").text.count("duas vezes") >= 2  # asked and written


def test_a_test_e_mail_is_not_sent_again_from_the_log(app: Flask, finance: FlaskClient) -> None:
    message_id = _make(app, create_failed, kind=Kind.TEST)
    assert "/reenviar" not in finance.get(f"{LOG}/{message_id}").text
    assert post(finance, f"{LOG}/{message_id}/reenviar").status_code == 409


def test_who_may_only_read_is_offered_no_action(app: Flask, reader: FlaskClient) -> None:
    message_id = _make(app, create_message, state=State.UNCERTAIN)
    page = reader.get(f"{LOG}/{message_id}").text
    for action in ACTIONS:
        assert f"/{message_id}/{action}" not in page
        assert post(reader, f"{LOG}/{message_id}/{action}").status_code == 403
        assert reader.get(f"{LOG}/{message_id}/{action}").status_code == 405
    assert _state(app, message_id) == State.UNCERTAIN


def test_a_sent_message_cannot_be_edited_or_deleted(app: Flask, admin: FlaskClient) -> None:
    message_id = _make(app, create_sent)
    for method in ("delete", "put", "patch"):
        answer = getattr(admin, method)(f"{LOG}/{message_id}")
        assert answer.status_code in (400, 405)
    assert post(admin, f"{LOG}/{message_id}", {"state": "failed"}).status_code == 405
    assert _state(app, message_id) == State.SENT


def test_resending_one_cause_leaves_the_others_alone(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        same = [create_failed().id for _ in range(3)]
        other = create_failed("mailbox_full").id
    answer = post(finance, f"{LOG}/reenviar-causa", {"causa": "mailbox_not_found"})
    assert answer.status_code == 303
    assert {_state(app, message_id) for message_id in same} == {State.QUEUED}
    assert _state(app, other) == State.FAILED
    again = post(finance, f"{LOG}/reenviar-causa", {"causa": "mailbox_not_found"})
    assert again.status_code == 409
    assert post(finance, f"{LOG}/reenviar-causa", {"causa": "nonsense"}).status_code == 409


def test_the_page_takes_few_queries(app: Flask, reader: FlaskClient) -> None:
    assert selects(app, reader, f"{LOG}/{_make(app, create_sent)}") <= 12


def test_every_cause_has_a_short_name() -> None:
    own = {"content", "interrupted", "expired", "skipped", "cancelled", "confirmed", "held"}
    own |= {"bounced"}
    assert set(cause_names.SHORT) == set(CAUSES) | own
    assert set(cause_names.OWN_CURES) == own
    assert all(len(text) <= 36 for text in cause_names.SHORT.values())


def test_an_interrupted_message_is_not_blamed_on_the_server(app: Flask) -> None:
    with app.app_context():
        message = create_message(cause="interrupted", reason="O processo de envio parou.")
        told = cause_names.explain(message)
        assert told is not None
        assert told.title == "O processo de envio parou."
        assert "sai sozinha" in told.cure


def test_every_move_of_a_person_has_words(app: Flask) -> None:
    with app.app_context():
        for state in State:
            for action in log_words.actions(create_message(state=state)):
                assert action.question.endswith(("?", ".")), action
