"""Installations for the fault tests: real processes, a real Redis, a scripted mail server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installation import Installation


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a fault test."""
    for item in items:
        if "tests/faults/" in item.nodeid:
            item.add_marker(pytest.mark.faults)


@pytest.fixture
def portal(tmp_path: Path, fresh_database: str) -> Iterator[Installation]:
    """Configured and with a mail server; no Redis, no worker and no clock yet."""
    with Installation(tmp_path, fresh_database) as installation:
        installation.mail_server()
        installation.configure()
        yield installation


@pytest.fixture
def running(portal: Installation) -> Installation:
    """As `portal`, with its Redis."""
    portal.redis()
    return portal
