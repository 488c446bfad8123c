"""Messages for Início, and the rows of the lists that its numbers lead to."""

import re
from typing import Any

from flask.testing import FlaskClient

from tests.factories import create_message, create_receivable


def listed(browser: FlaskClient, url: str) -> set[str]:
    """The numbers of the e-mails, or of the titles, of a list."""
    found = r'href="/(?:sistema/log-email|financeiro/titulos)/(\d+)"'
    return set(re.findall(found, browser.get(url).text))


def add_messages(count: int, account_id: int, **values: Any) -> None:
    receivable = create_receivable()
    for _ in range(count):
        create_message(receivable=receivable, smtp_account_id=account_id, **values)
