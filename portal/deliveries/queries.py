"""Reads of the outbox and log."""

from collections import defaultdict
from typing import Any

from sqlalchemy import func, select

from portal.core.db import db
from portal.core.errors import InvalidValue
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.states import State


def counts() -> dict[str, int]:
    """Messages per state; every state is named, in the order of its life."""
    found: dict[State, int] = dict(
        db.session.execute(
            select(EmailMessage.state, func.count()).group_by(EmailMessage.state)
        ).all()
    )
    return {state.value: found.get(state, 0) for state in State}


def export(status: str = "") -> dict[str, Any]:
    """Counts per state and every message (of one state), for `portal deliveries`."""
    query = select(EmailMessage).order_by(EmailMessage.id)
    if status:
        if status not in set(State):
            known = ", ".join(State)
            raise InvalidValue("status", f"Estado “{status}” não existe. Use um destes: {known}.")
        query = query.where(EmailMessage.state == State(status))
    messages = db.session.scalars(query).all()
    titles: dict[int, list[int]] = defaultdict(list)
    for message_id, receivable_id in db.session.execute(
        select(MessageReceivable.message_id, MessageReceivable.receivable_id).order_by(
            MessageReceivable.receivable_id
        )
    ):
        titles[message_id].append(receivable_id)
    return {
        "counts": counts(),
        "messages": [_row(message, titles[message.id]) for message in messages],
    }


def _row(message: EmailMessage, receivables: list[int]) -> dict[str, Any]:
    return {
        "id": message.id,
        "kind": message.kind.value,
        "recipient": message.recipient,
        "subject": message.subject,
        "state": message.state.value,
        "attempts": message.attempts,
        "message_id": message.message_id,
        "receivables": receivables,
        "reason": message.reason,
        "cause": message.cause,
        "reply": message.reply,
        "created_at": message.created_at.isoformat(),
        "accepted_at": message.accepted_at.isoformat() if message.accepted_at else None,
        "next_attempt_at": message.next_attempt_at.isoformat() if message.next_attempt_at else None,
    }
