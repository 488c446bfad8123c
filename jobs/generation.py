"""Generating financials."""

from jobs import job
from portal.core import clock
from portal.generation import service


@job
def run(generation_id: int) -> None:
    """Carry out a requested run."""
    service.run(generation_id, clock.now())
