"""Messages that a person holds back: they stay in the queue, and no sender takes them.

A held message has no next attempt, so that no claim and no forecast counts it, and a cause of
its own, by which it is found again.
"""

from collections.abc import Iterable

from sqlalchemy import exists, select, update

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.upsert import batches
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
    run = select(EmailMessage.generation_id).where(EmailMessage.id == message_id)
    generation_id = db.session.scalar(run)
    reason = reason_of(generation_id) if generation_id else None
    if reason is None:
        return
    db.session.execute(
        update(EmailMessage)
        .where(EmailMessage.id == message_id, EmailMessage.state == State.QUEUED)
        .values(next_attempt_at=None, cause=HELD, reason=reason),
        execution_options={"synchronize_session": False},
    )


def reason_of(generation_id: int) -> str | None:
    """Why the run is held: as a whole, and not released since. None when it is not."""
    last = (
        select(AuditEvent.action, AuditEvent.actor_name)
        .where(
            AuditEvent.entity == RUN,
            AuditEvent.entity_id == generation_id,
            AuditEvent.action.in_((HOLD, RELEASE)),
        )
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    found = db.session.execute(last).one_or_none()
    return f"Pausado por {found.actor_name}." if found and found.action == HOLD else None


def released_whole(message_ids: Iterable[int]) -> list[int]:
    """The runs, held as a whole, of which nothing is held any more once these were released."""
    runs: set[int] = set()
    for some in batches(message_ids):
        query = select(EmailMessage.generation_id).where(EmailMessage.id.in_(some)).distinct()
        runs.update(run for run in db.session.scalars(query) if run is not None)
    return [run for run in sorted(runs) if reason_of(run) and not _any_held(run)]


def _any_held(generation_id: int) -> bool:
    held = exists().where(
        EmailMessage.generation_id == generation_id,
        EmailMessage.state == State.QUEUED,
        EmailMessage.cause == HELD,
    )
    return bool(db.session.scalar(select(held)))
