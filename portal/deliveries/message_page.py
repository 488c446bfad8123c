"""One message as its page shows it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app

from portal.core.crypto import SecretUnreadable
from portal.core.db import db
from portal.deliveries import cause_names, log_queries, log_words
from portal.deliveries.content import facts_for
from portal.deliveries.models import DeliveryAttempt, EmailMessage
from portal.deliveries.states import WAITING
from portal.receivables.models import ReceivableStatus
from portal.smtp import accounts, variables
from portal.smtp.models import SmtpAccount
from portal.smtp.server import SmtpServer
from portal.smtp.stages import LABELS, Stage


@dataclass(frozen=True, slots=True)
class Content:
    """Subject, text and HTML: as sent, or as they would leave now where `draft`."""

    subject: str
    text: str
    html: str
    draft: bool


def facts(message: EmailMessage, now: datetime, timezone: str) -> dict[str, Any]:
    """Everything that the page shows."""
    row = log_queries.rows_of([message], now)[0]
    return {
        "message": message,
        "row": row,
        "state_detail": log_words.detail(row, now, timezone),
        "moving": log_words.moving([row], now),
        "explanation": cause_names.explain(message, server_facts(message.smtp_account)),
        "actions": log_words.actions(message),
        "tries": [(item, stage_name(item)) for item in message.tries],
        "content": content(message, now),
        "same_cause": log_queries.failed_of_cause(message.cause) if message.cause else None,
    }


def content(message: EmailMessage, now: datetime) -> Content:
    """The message as it was handed over, or as it would leave now while it waits."""
    if message.text or message.html or message.state not in WAITING:
        return Content(message.subject, message.text, message.html, draft=False)
    account = db.session.get_one(SmtpAccount, message.smtp_account_id)
    titles = [item for item in message.receivables if item.status == ReceivableStatus.OPEN]
    try:
        rendered = variables.render(account.subject, account.body, facts_for(message, titles, now))
    except variables.MessageTooLarge as error:
        return Content("", str(error), "", draft=True)
    return Content(rendered.subject, rendered.text, rendered.html, draft=True)


def stage_name(attempt: DeliveryAttempt) -> str:
    """The last stage that a try reached, in words."""
    known = attempt.stage in set(Stage)
    return LABELS[Stage(attempt.stage)] if known else "Antes da conexão"


def server_facts(account: SmtpAccount) -> SmtpServer | None:
    """The account for the texts of causes; None where its password cannot be read."""
    try:
        return accounts.server_of(account, current_app.config["SETTINGS"].keys)
    except SecretUnreadable:
        return None
