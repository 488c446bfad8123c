"""Posting forms as a signed-in browser does."""

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

_TOKEN = re.compile(r'"X-CSRFToken": "([^"]+)"')


def post(browser: FlaskClient, url: str, **data: Any) -> TestResponse:
    """POST a form with the CSRF token that the session's pages carry."""
    token = _TOKEN.search(browser.get("/clientes").text)
    assert token
    return browser.post(url, data={"csrf_token": token.group(1), **data})
