"""What the webhooks are told of a message, put into their outbox with the change itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.clients.models import Client
from portal.core.db import db
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.states import Kind, State
from portal.receivables.models import Receivable
from portal.webhooks import outbox
from portal.webhooks.models import Event

EVENTS = {
    State.SENT: Event.SENT,
    State.FAILED: Event.FAILED,
    State.UNCERTAIN: Event.UNCERTAIN,
    State.BOUNCED: Event.BOUNCED,
}


def tell(message_id: int, now: datetime) -> None:
    """Queue what the message's state, just written, means to who listens. The caller commits.

    Nothing for a state that is no event, nor for a test e-mail, which carries no boleto.
    """
    if not outbox.anyone_listens():
        return
    db.session.flush()
    facts = _facts(message_id)
    event = EVENTS.get(State(facts["state"]))
    if event is not None and facts["kind"] != Kind.TEST:
        outbox.add(event, message_id, facts, now)


def _facts(message_id: int) -> dict[str, Any]:
    """The message in short; never its text."""
    row = db.session.execute(
        select(
            EmailMessage.id,
            EmailMessage.kind,
            EmailMessage.state,
            EmailMessage.message_id,
            EmailMessage.recipient,
            EmailMessage.generation_id,
            EmailMessage.reason,
            EmailMessage.cause,
            EmailMessage.reply,
            EmailMessage.attempts,
            Client.code.label("client_code"),
        )
        .outerjoin(Client, Client.id == EmailMessage.client_id)
        .where(EmailMessage.id == message_id)
    ).one()
    titles = db.session.execute(
        select(Receivable.id, Receivable.nosso_numero)
        .join(MessageReceivable, MessageReceivable.receivable_id == Receivable.id)
        .where(MessageReceivable.message_id == message_id)
        .order_by(Receivable.id)
    )
    return {
        **row._asdict(),
        "kind": row.kind.value,
        "state": row.state.value,
        "receivables": [{"id": id_, "nosso_numero": number} for id_, number in titles],
    }
