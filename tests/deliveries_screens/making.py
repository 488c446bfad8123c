"""Messages of the log in every state, as the sender leaves them."""

from datetime import datetime, timedelta
from typing import Any

from portal.core import clock
from portal.core.db import db
from portal.deliveries.models import DeliveryAttempt, EmailMessage
from portal.deliveries.states import State
from portal.smtp.models import SmtpAccount
from tests.factories import create_account, create_message
from tests.receivables.making import create_boleto


def create_sent(**changes: Any) -> EmailMessage:
    """A message that the server accepted, with its try and its parts."""
    now = clock.now()
    message = create_message(
        **{
            "state": State.SENT,
            "subject": "Seu boleto vence em 10/12/2026",
            "text": "Bom dia, Maria.",
            "html": "<p>Bom dia, <b>Maria</b>.</p>",
            "accepted_at": now,
            "reply": "250 2.0.0 Ok: queued as 4F1",
            "attempts": 1,
            "next_attempt_at": None,
            "created_at": now,
            "pdf_sha256": "ab" * 32,
            "receivable": changes.pop("receivable", None) or create_boleto(),
        }
        | changes
    )
    add_try(message, "accepted", "accepted", 250, message.reply, at=now)
    return message


def create_failed(cause: str = "mailbox_not_found", **changes: Any) -> EmailMessage:
    """A message that the server refused for good."""
    reply = "550 5.1.1 User unknown"
    message = create_message(
        **{
            "state": State.FAILED,
            "cause": cause,
            "reason": "O endereço do destinatário não existe.",
            "reply": reply,
            "attempts": 1,
            "next_attempt_at": None,
            "created_at": clock.now(),
        }
        | changes
    )
    add_try(message, "rcpt", "permanent", 550, reply, cause=cause)
    return message


def create_queued(account: SmtpAccount | None = None, **changes: Any) -> EmailMessage:
    """A message that is due."""
    now = clock.now() - timedelta(seconds=1)
    values = {"created_at": now, "next_attempt_at": now, "smtp_account": account}
    values["smtp_account"] = account or create_account()
    return create_message(**values | changes)


def add_try(
    message: EmailMessage,
    stage: str,
    outcome: str,
    code: int | None,
    reply: str,
    *,
    cause: str = "",
    at: datetime | None = None,
) -> None:
    """One line of the message's timeline."""
    db.session.add(
        DeliveryAttempt(
            message_id=message.id,
            number=message.attempts,
            started_at=at or clock.now(),
            stage=stage,
            outcome=outcome,
            code=code,
            reply=reply,
            cause=cause,
            milliseconds=212,
        )
    )
    db.session.commit()
