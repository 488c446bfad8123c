"""The pass of every minute."""

from jobs import job
from portal.core import clock
from portal.operations import minute


@job
def run() -> None:
    """Wake what is due and free what a dead process held."""
    minute.run(clock.now())
