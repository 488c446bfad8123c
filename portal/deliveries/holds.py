"""Messages that a person holds back: they stay in the queue, and no sender takes them.

A held message has no next attempt, so that no claim and no forecast counts it, and a cause of
its own, by which it is found again.
"""

from sqlalchemy import select, update
from sqlalchemy.orm import aliased

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import State

HELD = "held"
RUN = "generation"  # the audit trail's name for it: holding all that waits of a run is kept there
HOLD, RELEASE = "deliveries.pause", "deliveries.resume"


def is_held(message: EmailMessage) -> bool:
    """Whether a person holds the message back."""
    return message.state == State.QUEUED and message.cause == HELD


def keep_held(message_id: int) -> None:
    """Hold back a message that came back to the queue while its run is held. Caller commits.

    What was being sent when a person held the run ends its try; only its next one has to wait.
    Messages that a person held back by themselves hold no other.
    """
    other = aliased(EmailMessage)
    run = select(EmailMessage.generation_id).where(EmailMessage.id == message_id).scalar_subquery()
    held = select(other.reason, other.generation_id).where(
        other.generation_id == run, other.state == State.QUEUED, other.cause == HELD
    )
    found = db.session.execute(held.limit(1)).one_or_none()
    if found is None or not _is_whole(found.generation_id):
        return
    db.session.execute(
        update(EmailMessage)
        .where(EmailMessage.id == message_id, EmailMessage.state == State.QUEUED)
        .values(next_attempt_at=None, cause=HELD, reason=found.reason),
        execution_options={"synchronize_session": False},
    )


def _is_whole(generation_id: int) -> bool:
    """Whether the run was held as a whole, and not released as a whole since."""
    last = (
        select(AuditEvent.action)
        .where(
            AuditEvent.entity == RUN,
            AuditEvent.entity_id == generation_id,
            AuditEvent.action.in_((HOLD, RELEASE)),
        )
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    return db.session.scalar(last) == HOLD
