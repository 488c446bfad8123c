"""Installations of their own: a folder, keys in a file, a database."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from portal import create_app
from portal.core.config import Settings
from portal.core.db import db
from portal.core.migrations import ensure_migrated
from tests.conftest import DEAD_REDIS

MakeApp = Callable[..., Flask]


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[MakeApp]:
    """Makes `make_app(name, database_url="", migrate=True)`, with PORTAL_HOME tmp_path/name."""
    made: list[Flask] = []

    def make(name: str, database_url: str = "", *, migrate: bool = True) -> Flask:
        env = {
            "PORTAL_HOME": str(tmp_path / name),
            "DATABASE_URL": database_url,
            "REDIS_URL": DEAD_REDIS,
            "DEMO": "0",
            "PORTAL_SMTP_ALLOW_PRIVATE": "127.0.0.1",
        }
        app = create_app(Settings.from_env(env), web=False)
        with app.app_context():
            if migrate:
                ensure_migrated()
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def opener() -> Callable[[Flask], Callable[[str], Flask]]:
    """What `restore` opens its staging database with, as the command does."""

    def of(app: Flask) -> Callable[[str], Flask]:
        settings = app.config["SETTINGS"]
        return lambda url: create_app(replace(settings, database_url=url), web=False)

    return of
