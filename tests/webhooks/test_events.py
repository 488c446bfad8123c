"""From a message to the receiver: what the sender writes is told, in the same transaction."""

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.db import db
from portal.deliveries import sender
from portal.deliveries import service as deliveries
from portal.deliveries.bulk import Move
from portal.deliveries.forms import LogFilters
from portal.deliveries.states import State
from portal.webhooks import sender as webhooks
from portal.webhooks import service
from portal.webhooks.models import Event, WebhookCall
from tests.factories import create_message, create_user
from tests.support.sending import messages, queue
from tests.support.smtp_server import Fault, ScriptedServer

pytestmark = pytest.mark.usefixtures("session")


@pytest.mark.parametrize(
    ("fault", "event"),
    [
        (None, "message.sent"),
        (Fault("rcpt", text="550 5.1.1 no such user"), "message.failed"),
        (Fault("dot", do="drop"), "message.uncertain"),
        (Fault("rcpt", text="450 4.2.1 mailbox busy"), None),
    ],
    ids=["sent", "failed", "uncertain", "queued again"],
)
def test_what_became_of_a_message_is_told(receiver, fault, event):
    webhook, _ = service.create(receiver.url, tuple(Event), create_user(), clock.now())
    with ScriptedServer(*([fault] if fault else [])) as server:
        account = queue(server)
        sender.drain(account.id)
    webhooks.drain(webhook.id)
    assert [heard.json["event"] for heard in receiver.heard] == ([event] if event else [])
    if event:
        (message,) = messages()
        told = receiver.heard[0].json["data"]
        assert (told["id"], told["state"]) == (message.id, message.state.value)
        assert (told["reason"], told["reply"]) == (message.reason, message.reply)


def test_many_that_a_person_marks_as_delivered_are_told_like_one():
    service.create("http://127.0.0.1:9/a", tuple(Event), create_user(), clock.now())
    uncertain = [create_message(state=State.UNCERTAIN).id for _ in range(3)]
    deliveries.mark_delivered(uncertain[0], create_user(), clock.now())
    deliveries.move_many(Move.DELIVERED, LogFilters(), create_user(), clock.now())
    calls = db.session.scalars(select(WebhookCall).order_by(WebhookCall.subject_id)).all()
    assert [(call.subject_id, call.event) for call in calls] == [
        (message_id, "message.sent") for message_id in uncertain
    ]


def test_nobody_listens_and_nothing_is_written():
    with ScriptedServer() as server:
        assert sender.drain(queue(server).id) == 1
    assert db.session.scalar(select(WebhookCall.id)) is None
