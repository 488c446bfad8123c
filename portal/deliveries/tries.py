"""What each try of a message came to: one row each, append-only."""

from datetime import datetime
from typing import cast

from sqlalchemy import Table, exists, insert, select

from portal.core.db import db
from portal.deliveries.models import DeliveryAttempt
from portal.smtp.stages import BEFORE_SENDING, Stage

_NOTE = insert(cast(Table, DeliveryAttempt.__table__))


def note(
    message_id: int,
    number: int,
    started_at: datetime,
    outcome: str,
    stage: Stage | str,
    *,
    code: int | None = None,
    reply: str = "",
    cause: str = "",
    milliseconds: int = 0,
) -> None:
    """Write down the end of a try. The caller commits."""
    values = {
        "message_id": message_id,
        "number": number,
        "started_at": started_at,
        "stage": str(stage),
        "outcome": outcome,
        "code": code,
        "reply": reply,
        "cause": cause,
        "milliseconds": milliseconds,
    }
    db.session.connection().execute(_NOTE, values)


def count(message_id: int, outcome: str, number: int) -> int:
    """How many tries before try `number` of the message ended so, since a person last sent it on
    its way: numbers then begin again. Those that reached no server are not its own."""
    rows = db.session.execute(
        select(DeliveryAttempt.number, DeliveryAttempt.outcome, DeliveryAttempt.stage)
        .where(DeliveryAttempt.message_id == message_id)
        .order_by(DeliveryAttempt.id.desc())
    )
    found, following = 0, number
    for earlier, ended, stage in rows:
        if earlier > following:
            break
        following = earlier
        found += ended == outcome and stage not in BEFORE_SENDING
    return found


def is_noted(message_id: int, number: int, outcome: str) -> bool:
    """Whether try `number` of the message was already written down as ended so."""
    noted = exists().where(
        DeliveryAttempt.message_id == message_id,
        DeliveryAttempt.number == number,
        DeliveryAttempt.outcome == outcome,
    )
    return bool(db.session.scalar(select(noted)))
