import pytest
from flask import Flask

from tests.support import company as company_of

FEW = 3
MANY = 40  # enough that one query per row shows


@pytest.fixture
def company(app: Flask) -> None:
    """A few of everything: rows of every table that pages show."""
    with app.app_context():
        company_of.fill(FEW)


@pytest.fixture
def crowd(app: Flask) -> None:
    """Forty of everything."""
    with app.app_context():
        company_of.fill(MANY)
