"""The sender: tells a webhook what waits for it, the oldest first, one call at a time.

No transaction is open while the other side is spoken to. A process that dies after the call and
before its end is written leaves the row claimed: when the lease ends it is told again, under the
same event id, by which the receiver knows that it was told before.
"""

import json
import logging
import random
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from flask import current_app
from sqlalchemy import ColumnElement, CursorResult, Update, or_, select, update
from sqlalchemy.orm import aliased

from portal.core import audit, clock
from portal.core.crypto import SecretUnreadable
from portal.core.db import db, kept
from portal.core.queue import finish_requests, wake
from portal.webhooks import backoff, signing
from portal.webhooks.calling import Answer, call
from portal.webhooks.destinations import without_query
from portal.webhooks.models import TOO_MANY, CallState, Webhook, WebhookCall

log = logging.getLogger(__name__)

DRAIN = "jobs.webhooks.drain"
LEASE = timedelta(seconds=60)  # longer than a call can take
BUDGET = 10.0  # seconds that one job works before it hands on; senders wait behind it
ENTITY = "webhook"
GAVE_UP = "Desistimos depois de {tries} tentativas."
UNREADABLE = "O segredo não pode ser lido com as chaves atuais. Gere outro segredo."
PAUSED = "{failures} falhas seguidas. A última: {error}"


@dataclass(frozen=True, slots=True)
class Claim:
    """Ownership of a call until the lease ends, and all that telling it needs."""

    call_id: int
    webhook_id: int
    token: str
    number: int  # of this try
    event_id: str
    event: str
    payload: dict[str, Any]
    url: str
    secret: str  # in clear; never logged


def drain(webhook_id: int, budget: float = BUDGET) -> int:
    """Make the calls that are due for the webhook; returns how many were tried."""
    deadline = time.monotonic() + budget
    tried = 0
    with finish_requests() as asked_to_end:
        while time.monotonic() < deadline and not asked_to_end():
            try:
                claim = claim_next(webhook_id, clock.now())
            except SecretUnreadable:
                _pause(webhook_id, UNREADABLE, clock.now())
                db.session.commit()
                return tried
            if claim is None:
                return tried
            tried += 1
            settle(claim, tell(claim, clock.now()), clock.now())
    wake(DRAIN, webhook_id)
    return tried


def claim_next(webhook_id: int, now: datetime) -> Claim | None:
    """The next due call of the webhook, reserved for the caller; None when there is none. Commits.

    Raises SecretUnreadable; the call then stays where it was.
    """
    return kept(lambda: _claim(webhook_id, now))


def tell(claim: Claim, now: datetime) -> Answer:
    """Make the call. Holds no transaction; raises nothing that the other side causes."""
    body = json.dumps(claim.payload, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Pontual",
        "Pontual-Event": claim.event,
        "Pontual-Event-Id": claim.event_id,
        signing.HEADER: signing.signature(claim.secret, body, now),
        "Connection": "close",
    }
    return call(claim.url, body, headers, production=current_app.config["SETTINGS"].production)


def settle(claim: Claim, answer: Answer, now: datetime) -> bool:
    """Write what came of a call; False when the lease was lost, and nothing is changed. Commits."""
    wait = None if answer.fine else backoff.delay(claim.number, random.random())  # noqa: S311
    values: dict[str, Any] = {"claim": None, "lease_until": None, "status": answer.status}
    if answer.fine:
        values |= {"state": CallState.DONE, "error": "", "next_attempt_at": None, "done_at": now}
    elif wait is not None:
        values |= {"state": CallState.QUEUED, "error": answer.error, "next_attempt_at": now + wait}
    else:
        error = f"{answer.error} {GAVE_UP.format(tries=claim.number)}"
        values |= {"state": CallState.FAILED, "error": error, "next_attempt_at": None}
    mine = (WebhookCall.id == claim.call_id, WebhookCall.claim == claim.token)
    won = changed(update(WebhookCall).where(*mine).values(**values)) == 1
    if won:
        _count(claim.webhook_id, answer, now)
    db.session.commit()
    return won


def free_expired_leases(now: datetime) -> int:
    """Calls whose sender is gone are due again; returns how many. The caller commits."""
    return changed(
        update(WebhookCall)
        .where(WebhookCall.state == CallState.CALLING, WebhookCall.lease_until < now)
        .values(state=CallState.QUEUED, claim=None, lease_until=None, next_attempt_at=now)
    )


def due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions under which a call may be made."""
    return (
        WebhookCall.state == CallState.QUEUED,
        or_(WebhookCall.next_attempt_at.is_(None), WebhookCall.next_attempt_at <= now),
    )


def changed(statement: Update) -> int:
    """How many rows an UPDATE changed."""
    done = db.session.execute(statement, execution_options={"synchronize_session": False})
    return cast(CursorResult[Any], done).rowcount


def secret_place(webhook_id: int) -> str:
    """What the secret of a webhook is bound to."""
    return f"webhooks.secret:{webhook_id}"


def _claim(webhook_id: int, now: datetime) -> Claim | None:
    row = db.session.execute(
        select(
            WebhookCall.id,
            WebhookCall.attempts,
            WebhookCall.event_id,
            WebhookCall.event,
            WebhookCall.payload,
            Webhook.url,
            Webhook.secret,
        )
        .join(Webhook, Webhook.id == WebhookCall.webhook_id)
        .where(WebhookCall.webhook_id == webhook_id, Webhook.active.is_(True), *due(now))
        .where(~_is_busy(webhook_id, now))
        .order_by(WebhookCall.next_attempt_at, WebhookCall.id)
        .limit(1)
    ).first()
    if row is None:
        return None
    keys = current_app.config["SETTINGS"].keys
    claim = Claim(
        call_id=row.id,
        webhook_id=webhook_id,
        token=uuid.uuid4().hex,
        number=row.attempts + 1,
        event_id=row.event_id,
        event=row.event,
        payload=row.payload,
        url=row.url,
        secret=keys.decrypt(row.secret, bound_to=secret_place(webhook_id)),
    )
    won = changed(
        update(WebhookCall)
        .where(WebhookCall.id == claim.call_id, *due(now))
        .values(
            state=CallState.CALLING,
            claim=claim.token,
            lease_until=now + LEASE,
            attempts=claim.number,
        )
    )
    return claim if won == 1 else None


def _is_busy(webhook_id: int, now: datetime) -> ColumnElement[bool]:
    """Whether another process is telling the webhook something: a slow receiver holds one worker,
    never all of them. (Two that claim in the same moment both may, once.)"""
    other = aliased(WebhookCall)
    return (
        select(1)
        .where(
            other.webhook_id == webhook_id,
            other.state == CallState.CALLING,
            other.lease_until > now,
        )
        .exists()
    )


def _count(webhook_id: int, answer: Answer, now: datetime) -> None:
    """Count failures in a row; too many pause the webhook."""
    if answer.fine:
        of_it = (Webhook.id == webhook_id, Webhook.failures > 0)
        changed(update(Webhook).where(*of_it).values(failures=0))
        return
    webhook = db.session.get_one(Webhook, webhook_id, with_for_update=True, populate_existing=True)
    webhook.failures += 1
    if webhook.failures >= TOO_MANY:
        _pause(webhook_id, PAUSED.format(failures=webhook.failures, error=answer.error), now)


def _pause(webhook_id: int, reason: str, now: datetime) -> None:
    """Not by a person: what happens meanwhile is kept, and told once one has mended it."""
    webhook = db.session.get_one(Webhook, webhook_id, with_for_update=True)
    if not webhook.active:
        return
    webhook.active = False
    webhook.failures = max(webhook.failures, TOO_MANY)
    webhook.pause_reason = reason[:300]
    summary = f"Webhook {without_query(webhook.url)} pausado: {reason}"
    audit.record(None, "webhooks.pause", ENTITY, webhook_id, now, summary=summary)
    log.error("webhook %s paused: %s", webhook_id, reason)
