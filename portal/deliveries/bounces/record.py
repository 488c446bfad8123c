"""What one notification changes: its rows, the message's state, the client's mark."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy import select, update

from portal.clients.models import Client
from portal.core.db import KEEPING_KEYS, db
from portal.deliveries import telling
from portal.deliveries.bounces import words
from portal.deliveries.bounces.parse import BounceFacts
from portal.deliveries.bounces.reasons import reason
from portal.deliveries.models import Bounce, EmailMessage
from portal.deliveries.states import MOVES, State
from portal.smtp.failures import visible
from portal.smtp.models import SmtpAccount

CAUSE = "bounced"
# Clocks of two machines differ: a bounce may seem this much older than the acceptance.
CLOCKS = timedelta(minutes=5)


class Outcome(Enum):
    """What became of one recipient of a notification."""

    KNOWN = auto()  # read before
    BOUNCED = auto()
    DELAYED = auto()
    OTHER = auto()  # recorded; no message of ours, or not in a state that it could change


def record(
    account: SmtpAccount, bounces: Sequence[BounceFacts], received_at: datetime, now: datetime
) -> list[Outcome] | None:
    """Write what a mail says; the caller, who holds the account's row, commits.

    None when the message is being sent at this moment: whether it was accepted is not written
    down yet, so the mail must be read again.
    """
    outcomes = []
    for fact in bounces:
        message = _message(fact, alone=len(bounces) == 1)
        if message is not None and message.state == State.SENDING and fact.failed:
            return None
        outcomes.append(_record(account, _impersonal(fact, message), message, received_at, now))
    return outcomes


def _message(fact: BounceFacts, *, alone: bool) -> EmailMessage | None:
    """The message that came back. Of several recipients, ours must be meant.

    A single one may be another address than ours: the recipient's server forwarded the mail.
    """
    if not fact.original_id:
        return None
    message = db.session.scalar(
        select(EmailMessage)
        .where(EmailMessage.message_id == fact.original_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if message is None or alone or message.recipient.lower() == fact.recipient.lower():
        return message
    return None


def _impersonal(fact: BounceFacts, message: EmailMessage | None) -> BounceFacts:
    """What may be kept: of a client whose data were erased meanwhile, neither address nor words."""
    client = message.client if message else None
    if message is None or client is None or client.anonymised_at is None:
        return fact
    return replace(fact, recipient=message.recipient, diagnostic="")


def _record(
    account: SmtpAccount,
    fact: BounceFacts,
    message: EmailMessage | None,
    received_at: datetime,
    now: datetime,
) -> Outcome:
    if _is_known(account.id, fact.notification_id):
        return Outcome.KNOWN
    db.session.add(
        Bounce(
            smtp_account_id=account.id,
            message_id=message.id if message else None,
            notification_id=fact.notification_id,
            recipient=fact.recipient,
            action=fact.action,
            status=fact.status[:20],
            diagnostic=visible(fact.diagnostic, 1000),
            received_at=received_at,
        )
    )
    db.session.flush()
    if not fact.failed:
        return Outcome.DELAYED
    if message is None or not _came_back(message, received_at):
        return Outcome.OTHER
    _move(message, fact)
    telling.tell(message.id, now)
    if fact.permanent:
        _mark_client(message, fact, received_at)
    return Outcome.BOUNCED


def _is_known(account_id: int, notification_id: str) -> bool:
    query = select(Bounce.id).where(
        Bounce.smtp_account_id == account_id, Bounce.notification_id == notification_id
    )
    return db.session.scalar(query) is not None


def _came_back(message: EmailMessage, received_at: datetime) -> bool:
    """Whether the state may change. A bounce from before a resend speaks of the try before."""
    if State.BOUNCED not in MOVES[message.state]:
        return False
    return message.accepted_at is None or received_at >= message.accepted_at - CLOCKS


def _move(message: EmailMessage, fact: BounceFacts) -> None:
    message.state = State.BOUNCED
    message.cause = CAUSE
    message.reason = reason(fact.status, fact.diagnostic)
    message.reply = visible(words.raw_reply(fact), 1000)
    message.next_attempt_at = None


def _mark_client(message: EmailMessage, fact: BounceFacts, received_at: datetime) -> None:
    """Mark the client, unless the address that came back is no longer theirs."""
    if message.client_id is None:
        return
    client = db.session.get_one(Client, message.client_id, with_for_update=KEEPING_KEYS)
    if message.recipient.lower() not in map(str.lower, client.email_list):
        return
    why = words.client_reason(message.recipient, reason(fact.status, fact.diagnostic))
    # Without `version`: who is editing the client now is not in anybody's way.
    db.session.execute(
        update(Client)
        .where(Client.id == client.id)
        .values(bounced_at=received_at, bounce_reason=why)
    )
