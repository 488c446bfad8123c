"""People with real passwords, and an application whose limits count."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.core.config import Settings
from portal.core.db import db
from portal.users import passwords
from portal.web.limits import limiter
from tests.factories import create_user
from tests.support.forms import post

EMAIL, PASSWORD = "ana@example.com", "grampo azul da ponte"
KEPT = passwords.hash_password(PASSWORD)


def sign_in(
    client: FlaskClient,
    email: str = EMAIL,
    password: str = PASSWORD,
    url: str = "/entrar",
    **options: Any,
) -> TestResponse:
    """Send the sign-in form."""
    return post(client, url, {"email": email, "password": password}, **options)


@pytest.fixture
def ana(app: Flask) -> int:
    """The id of Ana, an administrator with a password."""
    with app.app_context():
        return create_user(name="Ana Souza", email=EMAIL, password_hash=KEPT).id


@contextmanager
def counting(settings: Settings) -> Iterator[Flask]:
    """An application over the database of `settings` whose limits count."""
    app = create_app(settings, RATELIMIT_ENABLED=True)
    try:
        yield app
    finally:
        # The limiter is one for all applications of a process: leave it as it was.
        limiter.enabled = False
        limiter._storage_dead = False
        if limiter._fallback_storage:
            limiter._fallback_storage.reset()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def limited(app: Flask, settings: Settings) -> Iterator[Flask]:
    """An application whose limits count from zero, without Redis."""
    with counting(settings) as app_with_limits:
        yield app_with_limits
