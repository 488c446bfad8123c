"""Reads for aba Devoluções."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.clients.models import Client
from portal.core.db import db
from portal.deliveries.bounces.plain_notice import DELAYED
from portal.deliveries.bounces.reasons import LATE, reason
from portal.deliveries.models import Bounce, EmailMessage
from portal.smtp.models import SmtpAccount

SHOWN = 100
PATIENCE = timedelta(minutes=5)  # a reading takes one, or two with a slow server


@dataclass(frozen=True, slots=True)
class Row:
    """One notification's recipient; `client` and `message_id` where the mail is ours."""

    bounce: Bounce
    client: Client | None
    why: str


def newest(account_id: int) -> Sequence[Row]:
    """The newest notifications that the account's mailbox received."""
    rows = db.session.execute(
        select(Bounce, Client)
        .outerjoin(EmailMessage, EmailMessage.id == Bounce.message_id)
        .outerjoin(Client, Client.id == EmailMessage.client_id)
        .where(Bounce.smtp_account_id == account_id)
        .order_by(Bounce.id.desc())
        .limit(SHOWN)
    )
    return [Row(bounce, client, _why(bounce)) for bounce, client in rows]


def is_being_read(account: SmtpAccount, asked_at: datetime | None, now: datetime) -> bool:
    """Whether a reading asked for at `asked_at` is still worth waiting for."""
    if asked_at is None or not timedelta(0) <= now - asked_at < PATIENCE:
        return False
    return account.imap_checked_at is None or account.imap_checked_at < asked_at


def _why(bounce: Bounce) -> str:
    if bounce.action == DELAYED:
        return LATE
    return reason(bounce.status, bounce.diagnostic)
