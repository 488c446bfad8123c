"""Systems with tokens, as the API meets them."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.api import service
from portal.api.scopes import Scope
from portal.core import clock
from portal.core.config import Settings
from tests.factories import create_user
from tests.users.conftest import counting


def make_token(name: str = "ERP", scopes: Sequence[str] = tuple(Scope), **row: Any) -> str:
    """A new token; call inside the application's context."""
    expires_at, maker = row.pop("expires_at", None), row.pop("maker", None) or create_user()
    return service.create(name, scopes, expires_at, maker, clock.now())[1]


class System:
    """Another system: sends JSON with its token, and a fresh key with every POST."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(f"/api/v1{path}", headers=self.headers, **options)

    def post(self, path: str, json: Any = None, key: str = "", **options: Any) -> TestResponse:
        headers = {**self.headers, "Idempotency-Key": key or str(uuid4())}
        return self.client.post(f"/api/v1{path}", json=json, headers=headers, **options)

    def patch(self, path: str, json: Any, match: str | None) -> TestResponse:
        headers = self.headers | ({"If-Match": match} if match else {})
        return self.client.patch(f"/api/v1{path}", json=json, headers=headers)


@pytest.fixture
def erp(app: Flask) -> System:
    """A system that may do everything."""
    with app.app_context():
        token = make_token()
    return System(app.test_client(), token)


@pytest.fixture
def limited(app: Flask, settings: Settings) -> Iterator[Flask]:
    """An application whose limits count from zero, without Redis."""
    with counting(settings) as app_with_limits:
        yield app_with_limits
