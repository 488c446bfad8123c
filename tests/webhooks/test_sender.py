import hashlib
import hmac
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_address
from threading import Thread
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, update

from portal.core import clock
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.deliveries import telling
from portal.deliveries.states import Kind, State
from portal.webhooks import backoff, calling, outbox, sender, service
from portal.webhooks.destinations import Target
from portal.webhooks.models import CallState, Event, Webhook, WebhookCall
from tests.factories import NOON, create_message, create_receivable, create_user

ALL = tuple(Event)


def subscribe(url, events=ALL):
    return service.create(url, events, create_user(), NOON)


def calls():
    db.session.expire_all()
    return list(db.session.scalars(select(WebhookCall).order_by(WebhookCall.id)))


def due_again():
    db.session.execute(
        update(WebhookCall)
        .where(WebhookCall.state == CallState.QUEUED)
        .values(next_attempt_at=clock.now())
    )
    db.session.commit()


def sent_message(**changes):
    title = create_receivable(nosso_numero="109/00000001-2")
    message = create_message(
        receivable=title, state=State.SENT, next_attempt_at=None, reply="250 ok", **changes
    )
    telling.tell(message.id, clock.now())
    db.session.commit()
    return message


# --- the outbox -----------------------------------------------------------------------------------
def test_nothing_is_put_in_while_nobody_listens(session):
    sent_message()
    assert calls() == []
    assert not outbox.anyone_listens()


def test_each_active_webhook_gets_the_events_that_it_wants(session):
    first, _ = subscribe("http://127.0.0.1:9/a", [Event.SENT, Event.BOUNCED])
    subscribe("http://127.0.0.1:9/b", [Event.FAILED])
    third, _ = subscribe("http://127.0.0.1:9/c")
    paused, _ = subscribe("http://127.0.0.1:9/d")
    service.pause(paused.id, create_user(), NOON)
    assert [outbox.anyone_listens(event) for event in (Event.SENT, Event.UNCERTAIN)] == [True] * 2
    sent_message()
    found = calls()
    assert {call.webhook_id for call in found} == {first.id, third.id}
    assert len({call.event_id for call in found}) == 1


def test_the_call_goes_with_the_change_or_not_at_all(session):
    subscribe("http://127.0.0.1:9/a")
    message = create_message(state=State.FAILED)
    telling.tell(message.id, NOON)
    db.session.rollback()
    assert calls() == []


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (State.SENT, "message.sent"),
        (State.FAILED, "message.failed"),
        (State.UNCERTAIN, "message.uncertain"),
        (State.BOUNCED, "message.bounced"),
        (State.QUEUED, None),
        (State.SKIPPED, None),
    ],
)
def test_a_state_is_told_as_its_event(session, state, event):
    subscribe("http://127.0.0.1:9/a")
    telling.tell(create_message(state=state).id, NOON)
    db.session.commit()
    assert [call.event for call in calls()] == ([event] if event else [])


def test_test_mails_are_nobodys_business(session):
    subscribe("http://127.0.0.1:9/a")
    sent_message(kind=Kind.TEST)
    assert calls() == []


# --- calling --------------------------------------------------------------------------------------
def test_the_receiver_hears_a_signed_event_with_what_it_needs(session, receiver):
    webhook, secret = subscribe(receiver.url)
    message = sent_message()
    assert sender.drain(webhook.id) == 1
    heard = receiver.heard[0]
    stamp, _, mark = heard.headers["Pontual-Signature"].partition(",")
    signed = hmac.new(
        secret.encode(), stamp.removeprefix("t=").encode() + b"." + heard.body, hashlib.sha256
    )
    assert mark == f"v1={signed.hexdigest()}"
    assert abs(int(stamp.removeprefix("t=")) - clock.now().timestamp()) < 60
    assert heard.path == "/avisos?de=pontual"
    assert heard.headers["Content-Type"] == "application/json"
    title = message.receivables[0]
    assert heard.json["event"] == "message.sent"
    assert heard.json["id"] == heard.headers["Pontual-Event-Id"] == calls()[0].event_id
    assert heard.json["data"] == {
        "id": message.id,
        "kind": "automatic",
        "state": "sent",
        "message_id": message.message_id,
        "recipient": message.recipient,
        "generation_id": None,
        "reason": "",
        "cause": "",
        "reply": "250 ok",
        "attempts": 0,
        "client_code": message.client.code,
        "receivables": [{"id": title.id, "nosso_numero": "109/00000001-2"}],
    }
    call = calls()[0]
    assert (call.state, call.status, call.attempts) == (CallState.DONE, 204, 1)
    assert sender.drain(webhook.id) == 0


def test_what_is_told_is_what_was_true_then(session, receiver):
    webhook, _ = subscribe(receiver.url)
    message = sent_message()
    message.state = State.BOUNCED
    db.session.commit()
    sender.drain(webhook.id)
    assert receiver.heard[0].json["data"]["state"] == "sent"


def test_killed_between_call_and_end_it_is_told_again_under_the_same_id(
    session, receiver, monkeypatch
):
    webhook, _ = subscribe(receiver.url)
    sent_message()

    class Killed(BaseException):
        pass

    def killed(*_args):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(sender, "settle", killed)
        with pytest.raises(Killed):
            sender.drain(webhook.id)
    db.session.rollback()
    assert calls()[0].state == CallState.CALLING
    assert sender.drain(webhook.id) == 0  # the lease still holds
    assert service.wake_due(clock.now()) == 0
    assert service.wake_due(clock.now() + 2 * sender.LEASE) == 1
    due_again()
    assert sender.drain(webhook.id) == 1
    first, second = receiver.heard
    assert first.json["id"] == second.json["id"]
    assert calls()[0].state == CallState.DONE


def test_who_lost_the_lease_changes_nothing(session, receiver):
    webhook, _ = subscribe(receiver.url)
    sent_message()
    claim = sender.claim_next(webhook.id, clock.now())
    assert sender.claim_next(webhook.id, clock.now()) is None
    sender.free_expired_leases(clock.now() + 2 * sender.LEASE)
    db.session.commit()
    assert not sender.settle(claim, calling.Answer(500, "x"), clock.now())
    assert calls()[0].state == CallState.QUEUED
    assert db.session.get_one(Webhook, webhook.id).failures == 0


def test_a_slow_receiver_holds_one_worker_and_never_all(session):
    slow, _ = subscribe("http://127.0.0.1:9/slow")
    quick, _ = subscribe("http://127.0.0.1:9/quick")
    for _ in range(2):
        sent_message()
    now = clock.now()
    first = sender.claim_next(slow.id, now)
    assert first is not None
    assert sender.claim_next(slow.id, now) is None
    assert sender.claim_next(quick.id, now) is not None
    assert sender.claim_next(slow.id, now + sender.LEASE) is not None  # its sender died


def test_many_addresses_that_never_answer_take_no_longer_than_one(monkeypatch):
    waited = []

    def never(_place, timeout):
        waited.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", never)
    addresses = tuple(ip_address(f"203.0.113.{number}") for number in range(3))
    with pytest.raises(TimeoutError):
        calling._connect(Target(urlsplit("https://example.com/"), addresses))
    assert len(waited) == 3
    assert sum(waited) <= calling.TIMEOUT


@pytest.mark.parametrize(("status", "words"), [(500, "Resposta 500: ai"), (404, "Resposta 404")])
def test_a_refusal_is_tried_again_later_and_shown(session, receiver, status, words):
    webhook, _ = subscribe(receiver.url)
    sent_message()
    receiver.status, receiver.answer = status, b"ai\x00\n\x1b[31m"
    now = clock.now()
    assert sender.drain(webhook.id) == 1
    call = calls()[0]
    assert (call.state, call.status) == (CallState.QUEUED, status)
    assert call.error.startswith(words)
    assert call.error.isprintable()
    assert call.next_attempt_at >= now + timedelta(minutes=1)
    receiver.status = 200
    due_again()
    sender.drain(webhook.id)
    assert calls()[0].state == CallState.DONE
    assert db.session.get_one(Webhook, webhook.id).failures == 0


def test_a_redirect_is_not_followed(session, receiver):
    webhook, _ = subscribe(receiver.url)
    sent_message()
    receiver.status, receiver.headers = 302, {"Location": receiver.url}
    sender.drain(webhook.id)
    assert len(receiver.heard) == 1
    assert "redirecionamentos" in calls()[0].error


def test_tries_end_after_about_a_day(session):
    waits = [backoff.delay(tries, 1.0) for tries in range(1, backoff.MAX_TRIES)]
    assert waits == sorted(waits)
    assert timedelta(hours=20) < sum(waits, timedelta()) <= timedelta(hours=24)
    assert backoff.delay(backoff.MAX_TRIES, 0.0) is None


def test_the_last_failure_is_told_to_people_who_may_try_again(session, receiver):
    webhook, _ = subscribe(receiver.url)
    sent_message()
    db.session.execute(update(WebhookCall).values(attempts=backoff.MAX_TRIES - 1))
    db.session.commit()
    receiver.status = 503
    sender.drain(webhook.id)
    call = calls()[0]
    assert (call.state, call.next_attempt_at) == (CallState.FAILED, None)
    assert "Desistimos" in call.error
    receiver.status = 200
    service.resend(call.id, create_user(), clock.now())
    sender.drain(webhook.id)
    assert receiver.heard[0].json["id"] == receiver.heard[1].json["id"]
    assert calls()[0].state == CallState.DONE


def test_fifty_failures_in_a_row_pause_it_and_say_why(session, receiver):
    webhook, _ = subscribe(receiver.url)
    db.session.execute(update(Webhook).values(failures=sender.TOO_MANY - 1))
    sent_message()
    receiver.status = 500
    sender.drain(webhook.id)
    db.session.expire_all()
    assert not webhook.active
    assert "50 falhas seguidas" in webhook.pause_reason
    assert "webhooks.pause" in list(db.session.scalars(select(AuditEvent.action)))
    due_again()
    assert sender.drain(webhook.id) == 0
    receiver.status = 200
    sent_message()  # what happens meanwhile is not lost
    service.resume(webhook.id, create_user(), clock.now())
    assert sender.drain(webhook.id) == 2


def test_one_that_is_removed_while_a_call_ends_is_removed(app, monkeypatch):
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            pytest.skip("one writer at a time")
        webhook_id = subscribe("http://127.0.0.1:9/a")[0].id
        sent_message()
        claim = sender.claim_next(webhook_id, clock.now())
    ends, real = threading.Event(), sender._count

    def count_slowly(*args):
        ends.set()
        threading.Event().wait(0.5)  # the other waits for this transaction meanwhile
        real(*args)

    def end():
        with app.app_context():
            assert sender.settle(claim, calling.Answer(500, "x"), clock.now())

    monkeypatch.setattr(sender, "_count", count_slowly)
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(end)
        assert ends.wait(10)
        with app.app_context():
            service.remove(webhook_id, None, clock.now())
            assert calls() == []
        ended.result()


def test_of_what_happens_while_a_person_paused_it_nothing_is_told(session):
    webhook, _ = subscribe("http://127.0.0.1:9/a")
    service.pause(webhook.id, create_user(), NOON)
    sent_message()
    assert calls() == []


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n", 200),
    ],
)
def test_an_answer_that_never_ends_is_cut_off(session, monkeypatch, head, status):
    monkeypatch.setattr(calling, "TIMEOUT", 0.3)
    server = socket.create_server(("127.0.0.1", 0))

    def drip():
        line, _ = server.accept()
        with line:
            try:
                line.sendall(head)
                while not stop:
                    line.sendall(b"x")
                    line.settimeout(0.05)
                    try:
                        line.recv(65536)
                    except TimeoutError:
                        continue
            except OSError:
                pass

    stop: list[bool] = []
    thread = Thread(target=drip)
    thread.start()
    url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    answer = calling.call(url, b"{}", {}, production=False)
    stop.append(True)
    thread.join()
    server.close()
    assert answer.status == status  # with a status the receiver has it, whatever follows
    assert ("Sem resposta" in answer.error) == (status is None)


def test_nothing_answers_and_it_says_so(session):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    assert "recusada" in calling.call(url, b"{}", {}, production=False).error


def test_wake_due_names_each_webhook_once(session):
    subscribe("http://127.0.0.1:9/a")
    subscribe("http://127.0.0.1:9/b", [Event.FAILED])
    sent_message()
    sent_message()
    assert service.wake_due(clock.now()) == 1
