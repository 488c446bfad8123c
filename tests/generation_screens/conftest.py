"""The clock stands at NOON: what the pages say does not depend on the day of the test."""

from collections.abc import Iterator

import pytest
import time_machine

from tests.factories import NOON


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock
