"""Messages that a person holds back: they stay in the queue, and no sender takes them.

A held message has no next attempt, so that no claim and no forecast counts it, and a cause of
its own, by which it is found again.
"""

from sqlalchemy import select, update
from sqlalchemy.orm import aliased

from portal.core.db import db
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import State

HELD = "held"


def is_held(message: EmailMessage) -> bool:
    """Whether a person holds the message back."""
    return message.state == State.QUEUED and message.cause == HELD


def keep_held(message_id: int) -> None:
    """Hold back a message that came back to the queue while its run is held. Caller commits.

    What was being sent when a person held the run ends its try; only its next one has to wait.
    """
    other = aliased(EmailMessage)
    run = select(EmailMessage.generation_id).where(EmailMessage.id == message_id).scalar_subquery()
    held = select(other.reason).where(
        other.generation_id == run, other.state == State.QUEUED, other.cause == HELD
    )
    reason = db.session.scalar(held.limit(1))
    if reason is None:
        return
    db.session.execute(
        update(EmailMessage)
        .where(EmailMessage.id == message_id, EmailMessage.state == State.QUEUED)
        .values(next_attempt_at=None, cause=HELD, reason=reason),
        execution_options={"synchronize_session": False},
    )
