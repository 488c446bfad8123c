"""Sending."""

from jobs import job
from portal.deliveries import sender


@job
def drain(account_id: int) -> None:
    """Send what is due for the account."""
    sender.drain(account_id)
