"""Sending."""

from jobs import job
from portal.core import clock
from portal.deliveries import alerts, sender


@job
def drain(account_id: int) -> None:
    """Send what is due for the account."""
    sender.drain(account_id)


@job
def alert(account_id: int) -> None:
    """Tell the administrators that the account was paused."""
    alerts.alert(account_id, clock.now())
