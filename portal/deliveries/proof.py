"""Proof of what was sent: the attachments made again from the frozen slips, and compared."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.deliveries import content
from portal.deliveries.models import EmailMessage
from portal.receivables.models import Receivable
from portal.receivables.slips import slips_of

Attachment = tuple[str, bytes]


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
    open_then = [title for title in every if _was_open(title, message)]
    return [titles for titles in ([every] if open_then == every else [every, open_then]) if titles]


def _was_open(title: Receivable, message: EmailMessage) -> bool:
    tries = message.tries
    left = message.accepted_at or (tries[-1].started_at if tries else None)
    ended = [at for at in (title.settled_at, title.cancelled_at) if at is not None]
    return left is None or not ended or min(ended) > left
