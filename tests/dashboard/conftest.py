"""The clock stands at NOON: what the pages say does not depend on the day of the test."""

from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask

from tests.factories import NOON, create_account, create_contract, create_settings


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def account(app: Flask) -> int:
    """The id of an account that sends, in a portal with one contract."""
    with app.app_context():
        account = create_account(name="Financeiro")
        create_settings(account)
        create_contract()
        return account.id
