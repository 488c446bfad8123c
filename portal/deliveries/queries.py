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


# What is printed of a message; never its text, which is long.
COLUMNS = (
    EmailMessage.id,
    EmailMessage.kind,
    EmailMessage.recipient,
    EmailMessage.subject,
    EmailMessage.state,
    EmailMessage.attempts,
    EmailMessage.message_id,
    EmailMessage.reason,
    EmailMessage.cause,
    EmailMessage.reply,
    EmailMessage.created_at,
    EmailMessage.accepted_at,
    EmailMessage.next_attempt_at,
)


def export(status: str = "") -> dict[str, Any]:
    """Counts per state and every message (of one state), for `portal deliveries`."""
    messages = select(*COLUMNS).order_by(EmailMessage.id)
    links = select(MessageReceivable.message_id, MessageReceivable.receivable_id).order_by(
        MessageReceivable.receivable_id
    )
    if status:
        if status not in set(State):
            known = ", ".join(State)
            raise InvalidValue("status", f"Estado “{status}” não existe. Use um destes: {known}.")
        wanted = EmailMessage.state == State(status)
        messages = messages.where(wanted)
        links = links.join(EmailMessage, EmailMessage.id == MessageReceivable.message_id).where(
            wanted
        )
    titles: dict[int, list[int]] = defaultdict(list)
    for message_id, receivable_id in db.session.execute(links):
        titles[message_id].append(receivable_id)
    rows = db.session.execute(messages).mappings()
    return {
        "counts": counts(),
        "messages": [_row(dict(row), titles[row["id"]]) for row in rows],
    }


def _row(columns: dict[str, Any], receivables: list[int]) -> dict[str, Any]:
    moments = ("created_at", "accepted_at", "next_attempt_at")
    texts = {name: columns[name].isoformat() if columns[name] else None for name in moments}
    return columns | texts | {"receivables": receivables}
