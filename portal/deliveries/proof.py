"""Proof of what was sent: the attachments made again from the frozen slips, and compared."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.deliveries import content
from portal.deliveries.models import EmailMessage
from portal.receivables.ending import ENTITY
from portal.receivables.models import Receivable
from portal.receivables.slips import slips_of

Attachment = tuple[str, bytes]
SETTLED, REOPENED = "receivables.settle", "receivables.reopen"  # in the audit trail


@dataclass(frozen=True, slots=True)
class Proof:
    """The attachments as they are made today; `same`: bit for bit those that were sent.

    `same` is None where nothing was sent that they could be compared with.
    """

    attachments: Sequence[Attachment]
    same: bool | None


def proof(message: EmailMessage) -> Proof:
    """Make the message's PDFs again and compare their SHA-256 with the one kept when it left."""
    made: Sequence[Attachment] = ()
    for titles in _selections(message):
        made = content.attachments_of(slips_of(titles))
        if message.pdf_sha256 and digest(made) == message.pdf_sha256:
            return Proof(made, same=True)
    return Proof(made, same=False if message.pdf_sha256 else None)


def digest(attachments: Iterable[Attachment]) -> str:
    """SHA-256 over all attachments in order, as the sender keeps it."""
    found = hashlib.sha256()
    for _, data in attachments:
        found.update(data)
    return found.hexdigest()


def _selections(message: EmailMessage) -> list[list[Receivable]]:
    """The titles that may have been attached: those open when it left, else all of them."""
    every = [title for title in message.receivables if title.has_boleto]
    tries = message.tries
    left = message.accepted_at or (tries[-1].started_at if tries else None)
    open_then = _open_at(left, every) if left else every
    return [titles for titles in ([every] if open_then == every else [every, open_then]) if titles]


def _open_at(moment: datetime, titles: Sequence[Receivable]) -> list[Receivable]:
    """The titles that were open then.

    A payment is dated by its own day, often told days later, and one that was taken back has no
    date at all: when it was written down stands in the audit trail.
    """
    told = select(AuditEvent.entity_id, AuditEvent.action).where(
        AuditEvent.entity == ENTITY,
        AuditEvent.entity_id.in_([title.id for title in titles]),
        AuditEvent.action.in_((SETTLED, REOPENED)),
        AuditEvent.at <= moment,
    )
    last = dict(db.session.execute(told.order_by(AuditEvent.id)).all())
    return [
        title
        for title in titles
        if last.get(title.id) != SETTLED
        and (title.cancelled_at is None or title.cancelled_at > moment)
    ]
