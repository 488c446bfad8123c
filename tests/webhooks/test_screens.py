import re

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.audit import AuditEvent
from portal.core.crypto import SecretUnreadable
from portal.core.db import db
from portal.webhooks import sender, service
from portal.webhooks.models import CallState, Webhook, WebhookCall
from tests.factories import create_user
from tests.support.forms import post
from tests.support.pages import words

URL = "http://127.0.0.1:9/avisos?chave=segredo-deles"


@pytest.fixture
def webhook_id(app):
    with app.app_context():
        return service.create(URL, ["message.sent"], create_user(), clock.now())[0].id


def test_a_secret_is_shown_once_and_kept_sealed_to_its_row(app, admin):
    answer = post(admin, "/sistema/webhooks/novo", {"url": URL, "events": ["message.sent"]})
    secret = re.search(r'value="(whsec_[^"]+)"', answer.text)[1]
    with app.app_context():
        row = db.session.scalars(select(Webhook)).one()
        keys = app.config["SETTINGS"].keys
        assert secret not in row.secret
        assert keys.decrypt(row.secret, bound_to=sender.secret_place(row.id)) == secret
        with pytest.raises(SecretUnreadable):
            keys.decrypt(row.secret, bound_to=sender.secret_place(row.id + 1))
        trail = [f"{row.summary} {row.changes}" for row in db.session.scalars(select(AuditEvent))]
        assert not any(secret in line or "segredo-deles" in line for line in trail)
        webhook_id = row.id
    for url in ("/sistema/webhooks", f"/sistema/webhooks/{webhook_id}"):
        assert secret not in admin.get(url).text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"url": "http://10.0.0.1/", "events": ["message.sent"]}, "dentro de uma rede"),
        ({"url": URL}, "Escolha ao menos um evento"),
        ({"url": URL, "events": ["outra.coisa"]}, "outra.coisa"),
        ({"url": "", "events": ["message.sent"]}, "Preencha este campo"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(admin, fields, text):
    answer = post(admin, "/sistema/webhooks/novo", fields)
    assert (answer.status_code, text in answer.text) == (422, True)


def test_one_address_is_one_webhook(admin, webhook_id):
    fields = {"url": URL, "events": ["message.sent"]}
    answer = post(admin, "/sistema/webhooks/novo", fields)
    assert (answer.status_code, "Já há um webhook" in answer.text) == (422, True)


def test_a_change_over_anothers_is_refused(app, admin, webhook_id):
    fields = {"url": URL + "2", "events": ["message.failed"], "version": "1"}
    assert post(admin, f"/sistema/webhooks/{webhook_id}", fields).status_code == 303
    assert post(admin, f"/sistema/webhooks/{webhook_id}", fields).status_code == 409
    with app.app_context():
        assert db.session.get_one(Webhook, webhook_id).events == ["message.failed"]
        changes = db.session.scalars(
            select(AuditEvent.changes).where(AuditEvent.action == "webhooks.change")
        ).one()
        assert changes["url"] == ["http://127.0.0.1:9/avisos"] * 2


def test_a_test_event_reaches_the_receiver_and_its_answer_the_page(app, admin, receiver):
    with app.app_context():
        webhook = service.create(receiver.url, ["message.sent"], create_user(), clock.now())[0]
        webhook_id = webhook.id
    assert post(admin, f"/sistema/webhooks/{webhook_id}/testar").status_code == 303
    with app.app_context():
        assert sender.drain(webhook_id) == 1
        call = db.session.scalars(select(WebhookCall)).one()
        assert (call.event, call.state) == ("webhook.test", CallState.DONE)
        call_id = call.id
    page = words(admin.get(f"/sistema/webhooks/{webhook_id}"))
    assert "teste" in page
    assert "Recebido" in page
    assert post(admin, f"/sistema/webhooks/chamadas/{call_id}/reenviar").status_code == 303
    assert post(admin, f"/sistema/webhooks/chamadas/{call_id}/reenviar").status_code == 409


def test_pause_resume_another_secret_and_remove(app, admin, webhook_id):
    page = f"/sistema/webhooks/{webhook_id}"
    assert post(admin, f"{page}/pausar").status_code == 303
    assert post(admin, f"{page}/pausar").status_code == 409
    assert "Pausado por Ana Souza" in admin.get(page).text
    assert post(admin, f"{page}/testar").status_code == 409
    assert post(admin, f"{page}/retomar").status_code == 303
    assert "whsec_" in post(admin, f"{page}/segredo", {"version": "1"}).text
    assert post(admin, f"{page}/segredo", {"version": "1"}).status_code == 409
    post(admin, f"{page}/testar")
    assert post(admin, f"{page}/excluir").status_code == 303
    assert admin.get(page).status_code == 404
    with app.app_context():
        assert list(db.session.scalars(select(WebhookCall))) == []


def test_only_administrators_see_webhooks(finance, webhook_id):
    assert finance.get("/sistema/webhooks").status_code == 403
