"""The pass of every minute: the clock's job, `portal reconcile` and the button do the same."""

from datetime import datetime

from portal.deliveries.bounces import service as bounces
from portal.deliveries.reconcile import Report, reconcile
from portal.generation import service as generation
from portal.webhooks import service as webhooks


def run(now: datetime) -> Report:
    """Wake what is due and free what a dead process held. Safe at any time, by any number."""
    report = reconcile(now)
    generation.wake_waiting(now)
    bounces.wake_readers(now)
    webhooks.wake_due(now)
    return report
