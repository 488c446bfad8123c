"""What is too old."""

from jobs import job
from portal.core import clock
from portal.privacy import retention


@job
def sweep() -> None:
    """Erase what the retention no longer keeps."""
    retention.sweep(clock.now())
