"""Testing SMTP accounts."""

from jobs import job
from portal.deliveries import testing


@job
def run_test(test_id: int) -> None:
    """Run "Enviar e-mail de teste"."""
    testing.run(test_id)
