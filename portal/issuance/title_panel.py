"""The e-mails of a title, and why it was not sent, on the title's own page."""

from datetime import datetime

from flask import current_app

from portal.deliveries import labels, log_queries, log_words
from portal.deliveries.why import story
from portal.receivables.models import Receivable
from portal.receivables.panels import Panel


def of(title: Receivable, now: datetime) -> Panel:
    """The panel, as things stand."""
    told = story(title, now)
    timezone = current_app.config["SETTINGS"].timezone
    values = {
        "title": title,
        "story": told,
        "rows": log_queries.rows_of(told.messages, now),
        "detail": lambda row: log_words.detail(row, now, timezone),
        "labels": labels,
        "words": log_words,
    }
    return Panel("issuance/_title_emails.html", values)
