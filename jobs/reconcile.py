"""The pass of every minute."""

from jobs import job
from portal.core import clock
from portal.deliveries.bounces import service as bounces
from portal.deliveries.reconcile import reconcile
from portal.generation import service as generation


@job
def run() -> None:
    """Wake what is due and free what a dead process held."""
    now = clock.now()
    reconcile(now)
    generation.wake_waiting(now)
    bounces.wake_readers(now)
