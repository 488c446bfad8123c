"""What each try of a message came to: one row each, append-only."""

from datetime import datetime
from typing import cast

from sqlalchemy import Table, func, insert, select

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


def count(message_id: int, outcome: str) -> int:
    """How many tries of the message ended so. Those that reached no server are not its own."""
    return (
        db.session.scalar(
            select(func.count()).where(
                DeliveryAttempt.message_id == message_id,
                DeliveryAttempt.outcome == outcome,
                DeliveryAttempt.stage.not_in(BEFORE_SENDING),
            )
        )
        or 0
    )
