"""Sending forms as a browser does: with the CSRF token of its own session."""

from typing import Any

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

RAW = "0123456789abcdef0123456789abcdef01234567"


def csrf_token(client: FlaskClient) -> str:
    """A token that is valid in this browser's session."""
    with client.session_transaction() as session:
        raw = session.setdefault("csrf_token", RAW)
    serializer = URLSafeTimedSerializer(client.application.secret_key, salt="wtf-csrf-token")
    return str(serializer.dumps(raw))


def post(client: FlaskClient, url: str, data: Any = None, **options: Any) -> TestResponse:
    """POST `data` (a dict of fields) with a valid token."""
    fields = {"csrf_token": csrf_token(client), **(data or {})}
    return client.post(url, data=fields, **options)
