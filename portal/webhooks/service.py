"""Use-cases of the webhooks: who is told, and telling again."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import Conflict, InvalidValue, NotFound, refuse_stale
from portal.core.queue import wake
from portal.webhooks import outbox, sender, signing
from portal.webhooks.destinations import url_problem, without_query
from portal.webhooks.models import CallState, Event, Webhook, WebhookCall
from portal.webhooks.sender import ENTITY, due, free_expired_leases, secret_place

TEST_EVENT = "webhook.test"
HIDDEN = "•••"
STALE = "este webhook"


def get(webhook_id: int, *, lock: bool = False) -> Webhook:
    """The webhook; raises NotFound."""
    found = db.session.get(
        Webhook, webhook_id, with_for_update=lock or None, populate_existing=lock
    )
    if found is None:
        raise NotFound("Este webhook não existe. Volte à lista.")
    return found


def create(
    url: str, events: Sequence[str], actor: Actor | None, now: datetime
) -> tuple[Webhook, str]:
    """A new webhook and its secret, which is shown this once. Raises InvalidValue."""
    webhook = Webhook(url=_url(url), events=_events(events), created_at=now)
    db.session.add(webhook)
    _flush()  # the secret is bound to the row's id
    secret = _new_secret(webhook)
    changes: dict[str, list[Any]] = {
        "url": [None, without_query(webhook.url)],
        "events": [None, list(webhook.events)],
    }
    _record(actor, "create", webhook, "criado", now, changes)
    db.session.commit()
    return webhook, secret


def change(
    webhook_id: int, values: Mapping[str, Any], version: int, actor: Actor | None, now: datetime
) -> Webhook:
    """Save `url` and `events`. What waits goes to the new address.

    Raises NotFound, Conflict and InvalidValue.
    """
    webhook = get(webhook_id, lock=True)
    refuse_stale(webhook.version, version, STALE)
    wanted = {"url": _url(values["url"]), "events": _events(values["events"])}
    changes = audit.apply(webhook, wanted)
    if "url" in changes:
        changes["url"] = [without_query(url) for url in changes["url"]]
    if changes:
        webhook.version += 1
        _flush()
        _record(actor, "change", webhook, "alterado", now, changes)
    db.session.commit()
    return webhook


def new_secret(
    webhook_id: int, version: int, actor: Actor | None, now: datetime
) -> tuple[Webhook, str]:
    """Another secret, shown this once; the one before stops counting. Raises NotFound, Conflict."""
    webhook = get(webhook_id, lock=True)
    refuse_stale(webhook.version, version, STALE)
    secret = _new_secret(webhook)
    webhook.version += 1
    _record(actor, "new_secret", webhook, "recebeu outro segredo", now, {"secret": [HIDDEN] * 2})
    db.session.commit()
    return webhook, secret


def pause(webhook_id: int, actor: Actor, now: datetime) -> Webhook:
    """Tell it nothing more; what waits, waits. Raises NotFound, Conflict."""
    webhook = _switch(webhook_id, False, f"Pausado por {actor.name}.")
    _record(actor, "pause", webhook, "pausado", now)
    db.session.commit()
    return webhook


def resume(webhook_id: int, actor: Actor | None, now: datetime) -> Webhook:
    """Tell it again, first what waited. Raises NotFound, Conflict."""
    webhook = _switch(webhook_id, True, "")
    webhook.failures = 0
    _record(actor, "resume", webhook, "retomado", now)
    db.session.commit()
    wake(sender.DRAIN, webhook_id)
    return webhook


def remove(webhook_id: int, actor: Actor | None, now: datetime) -> None:
    """Forget the webhook and its log. Raises NotFound."""
    # The calls first: the sender, too, locks a call and then its webhook.
    db.session.execute(delete(WebhookCall).where(WebhookCall.webhook_id == webhook_id))
    webhook = get(webhook_id, lock=True)
    _record(actor, "delete", webhook, "excluído", now)
    db.session.delete(webhook)
    db.session.commit()


def send_test(webhook_id: int, actor: Actor, now: datetime) -> WebhookCall:
    """Tell this webhook alone an event without data. Raises NotFound, Conflict."""
    webhook = get(webhook_id)
    if not webhook.active:
        raise Conflict("Este webhook está pausado. Retome-o e envie o teste.")
    event_id = str(uuid.uuid4())
    facts = {"requested_by": actor.name}
    call = WebhookCall(
        webhook_id=webhook_id,
        event_id=event_id,
        event=TEST_EVENT,
        subject_id=0,
        payload=outbox.payload_of(event_id, TEST_EVENT, facts, now),
        next_attempt_at=now,
        created_at=now,
    )
    db.session.add(call)
    _record(actor, "test", webhook, "recebe um evento de teste", now)
    db.session.commit()
    wake(sender.DRAIN, webhook_id)
    return call


def resend(call_id: int, actor: Actor | None, now: datetime) -> WebhookCall:
    """Tell an ended call again, under its own event id. Raises NotFound, Conflict."""
    call = db.session.get(WebhookCall, call_id, with_for_update=True, populate_existing=True)
    if call is None:
        raise NotFound("Esta chamada não existe.")
    if call.state not in (CallState.DONE, CallState.FAILED):
        raise Conflict("Esta chamada ainda não terminou: ela sai sozinha.")
    call.state = CallState.QUEUED
    call.next_attempt_at = now
    call.attempts = 0
    call.done_at = None
    _record(actor, "resend", call.webhook, f"recebe de novo o evento {call.event_id}", now)
    db.session.commit()
    wake(sender.DRAIN, call.webhook_id)
    return call


def wake_due(now: datetime) -> int:
    """Free what dead processes held and enqueue what is due; returns how many webhooks. Commits.

    For the pass of every minute, and for whoever has just put calls into the outbox.
    """
    free_expired_leases(now)
    db.session.commit()
    query = (
        select(WebhookCall.webhook_id)
        .join(Webhook, Webhook.id == WebhookCall.webhook_id)
        .where(Webhook.active.is_(True), *due(now))
        .distinct()
    )
    found = list(db.session.scalars(query))
    db.session.rollback()
    for webhook_id in found:
        wake(sender.DRAIN, webhook_id)
    return len(found)


def _switch(webhook_id: int, active: bool, reason: str) -> Webhook:
    webhook = get(webhook_id, lock=True)
    if webhook.active == active:
        raise Conflict("Este webhook já está assim. Nada mudou.")
    webhook.active = active
    webhook.pause_reason = reason[:300]
    return webhook


def _new_secret(webhook: Webhook) -> str:
    secret = signing.new_secret()
    keys = current_app.config["SETTINGS"].keys
    webhook.secret = keys.encrypt(secret, bound_to=secret_place(webhook.id))
    return secret


def _url(text: str) -> str:
    url = text.strip()
    problem = url_problem(url, production=current_app.config["SETTINGS"].production)
    if problem:
        raise InvalidValue("url", problem)
    return url


def _events(names: Sequence[str]) -> list[str]:
    chosen = [event.value for event in Event if event.value in names]
    if not chosen or len(chosen) != len(set(names)):
        raise InvalidValue("events", "Escolha ao menos um evento da lista.")
    return chosen


def _flush() -> None:
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise InvalidValue("url", "Já há um webhook com este endereço.") from None


def _record(
    actor: Actor | None,
    verb: str,
    webhook: Webhook,
    words: str,
    now: datetime,
    changes: dict[str, list[Any]] | None = None,
) -> None:
    summary = f"Webhook {without_query(webhook.url)} {words}"
    audit.record(
        actor, f"webhooks.{verb}", ENTITY, webhook.id, now, summary=summary, changes=changes
    )
