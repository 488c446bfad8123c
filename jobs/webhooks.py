"""Webhooks."""

from jobs import job
from portal.webhooks import sender


@job
def drain(webhook_id: int) -> None:
    """Make the calls that are due for the webhook."""
    sender.drain(webhook_id)
