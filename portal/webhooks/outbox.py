"""The outbox of the webhooks: calls put in, in the transaction of the change that they tell."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, exists, insert, literal, or_, select

from portal.core.db import db
from portal.webhooks.models import TOO_MANY, CallState, Event, Webhook, WebhookCall

_COLUMNS = (
    "webhook_id", "event_id", "event", "subject_id", "payload", "state", "attempts",
    "next_attempt_at", "error", "created_at",
)  # fmt: skip

# One that was paused by its failures gets what it missed, one that a person paused does not.
_LISTENS = or_(Webhook.active.is_(True), Webhook.failures >= TOO_MANY)
# For a query that is asked anyway.
SOMEONE_LISTENS = exists().where(_LISTENS)


def anyone_listens(event: Event | None = None) -> bool:
    """Whether a webhook wants the event (None: any event). One small query.

    Ask before putting the facts together: most portals have no webhook at all.
    """
    wanted = _LISTENS if event is None else _listening(event)
    return bool(db.session.scalar(select(select(1).where(wanted).exists())))


def add(event: Event, subject_id: int, facts: Mapping[str, Any], now: datetime) -> None:
    """One call to each webhook that wants the event, in one statement. The caller commits.

    `facts` (JSON-safe, about the message `subject_id`) are frozen here: what is told later is what
    was true now. All the calls carry the same event id.
    """
    event_id = str(uuid.uuid4())
    payload = payload_of(event_id, event, facts, now)
    rows = select(
        Webhook.id,
        _value(WebhookCall.event_id, event_id),
        _value(WebhookCall.event, event.value),
        _value(WebhookCall.subject_id, subject_id),
        _value(WebhookCall.payload, payload),
        _value(WebhookCall.state, CallState.QUEUED),
        _value(WebhookCall.attempts, 0),
        _value(WebhookCall.next_attempt_at, now),
        _value(WebhookCall.error, ""),
        _value(WebhookCall.created_at, now),
    ).where(_listening(event))
    db.session.execute(insert(WebhookCall).from_select(_COLUMNS, rows, include_defaults=False))


def payload_of(
    event_id: str, event: str, facts: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """The body that the receiver gets."""
    return {"id": event_id, "event": str(event), "at": now.isoformat(), "data": dict(facts)}


def _listening(event: Event) -> ColumnElement[bool]:
    # A JSON list of fixed words: the quoted word occurs in its text, or it does not.
    subscribed = cast(Webhook.events, Text).contains(f'"{event.value}"', autoescape=True)
    return _LISTENS & subscribed


def _value(column: Any, value: Any) -> ColumnElement[Any]:
    """The value as a parameter of the column's own type."""
    return literal(value, column.type)
