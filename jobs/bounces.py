"""Bounces."""

from jobs import job
from portal.core import clock
from portal.deliveries.bounces import service


@job
def read(account_id: int) -> None:
    """Read the mailbox of the account."""
    service.read_account(account_id, clock.now())
