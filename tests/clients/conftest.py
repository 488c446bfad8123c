"""Fixtures of the imports."""

from pathlib import Path

import pytest

DIRT = Path(__file__).parent.parent / "data" / "import"


@pytest.fixture
def dirty_clients() -> Path:
    """Clients with a defect of every kind, in CP1252."""
    return DIRT / "clientes.csv"
