"""Shared fixtures. The suite runs on SQLite, or on PostgreSQL when TEST_DATABASE_URL names one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import scoped_session
from werkzeug.test import TestResponse

from portal import ROOT, create_app
from portal.core.config import Settings
from portal.core.crypto import new_key
from portal.core.db import db
from portal.core.migrations import ensure_migrated
from tests import factories

SHARED = ROOT.parent / "shared" / "data"
DEAD_REDIS = "redis://127.0.0.1:1/0"  # nothing listens there: waking fails at once, as it may


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the big shared samples; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("PONTUAL_SHARED_DATA", SHARED))
    if not folder.is_dir():
        pytest.skip("shared data is not here")
    return folder


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """An empty database of this test process."""
    base = os.environ.get("TEST_DATABASE_URL")
    if not base:
        yield f"sqlite:///{tmp_path_factory.mktemp('db') / 'test.db'}"
        return
    with _postgres_database(base, worker_id) as url:
        yield url


@pytest.fixture
def fresh_database(worker_id: str) -> Iterator[str]:
    """An empty database for one test; "" lets the installation make SQLite in its own folder."""
    base = os.environ.get("TEST_DATABASE_URL")
    if not base:
        yield ""
        return
    with _postgres_database(base, f"{worker_id}_fresh") as url:
        yield url


@contextmanager
def _postgres_database(base: str, suffix: str) -> Iterator[str]:
    url = make_url(base).set(drivername="postgresql+psycopg")
    name = f"{url.database}_{suffix}_{os.getpid()}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield url.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture(scope="session")
def worker_id() -> str:
    """The pytest-xdist worker, or `main`."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Settings:
    """Settings of the tests: no Redis, no demo, any loopback SMTP port allowed."""
    return Settings.from_env(
        {
            "PORTAL_HOME": str(tmp_path_factory.mktemp("home")),
            "DATABASE_URL": database_url,
            "REDIS_URL": DEAD_REDIS,
            "DEMO": "0",
            "SECRET_KEY": "tests-only-secret-key",
            "PORTAL_ENCRYPTION_KEYS": new_key(),
            "PORTAL_SMTP_ALLOW_PRIVATE": "127.0.0.1,::1",
        }
    )


@pytest.fixture(scope="session")
def migrated(settings: Settings) -> Iterator[Flask]:
    """The application over a database brought up by the migrations."""
    app = create_app(settings, TESTING=False, RATELIMIT_ENABLED=False)
    with app.app_context():
        ensure_migrated()
        engine = db.engine
        engine.dispose()
    if engine.dialect.name == "sqlite":
        shutil.copy(str(engine.url.database), f"{engine.url.database}.empty")
    yield app
    engine.dispose()


class Browser(FlaskClient):
    """A browser that takes each answer to its end, as browsers do.

    A streamed one that nobody read keeps its request open, until the collector ends it in the
    middle of another test. Who is signed in signs in at the first request: a cookie made before a
    test stops the clock would come from the future.
    """

    session_id: str | None = None  # of who will sign in

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        self._sign_in()
        answer = super().open(*args, **kwargs)
        if answer.is_streamed:
            answer.get_data()
        return answer

    def session_transaction(self, *args: Any, **kwargs: Any) -> Any:
        self._sign_in()
        return super().session_transaction(*args, **kwargs)

    def _sign_in(self) -> None:
        session_id, self.session_id = self.session_id, None
        if session_id is not None:
            with self.session_transaction() as session:
                session["_user_id"] = session_id
                session["_fresh"] = True


@pytest.fixture
def app(migrated: Flask) -> Iterator[Flask]:
    """The application over an empty database. Outside requests use `with app.app_context()`."""
    migrated.test_client_class = Browser
    migrated.extensions.pop("checklist_missing", None)  # counted over another test's data
    yield migrated
    with migrated.app_context():
        db.session.remove()
        _empty(migrated)


def _empty(app: Flask) -> None:
    engine = db.engine
    if engine.dialect.name == "sqlite":
        engine.dispose()
        path = str(engine.url.database)
        for suffix in ("-wal", "-shm"):
            Path(path + suffix).unlink(missing_ok=True)
        shutil.copy(f"{path}.empty", path)
        return
    tables = ", ".join(f'"{table.name}"' for table in db.metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))


@pytest.fixture
def session(app: Flask) -> Iterator[scoped_session]:  # type: ignore[type-arg]
    """The database session inside an application context: for services and rules."""
    with app.app_context():
        yield db.session


@pytest.fixture
def web(app: Flask) -> FlaskClient:
    """A browser that is not signed in. Make data inside `with app.app_context()`."""
    return app.test_client()


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    """A browser signed in as an administrator (Ana)."""
    return signed_in(app, role="admin", name="Ana Souza", email="ana@example.com")


@pytest.fixture
def finance(app: Flask) -> FlaskClient:
    """A browser signed in with the role financeiro (Bruno)."""
    return signed_in(app, role="financeiro", name="Bruno Lima", email="bruno@example.com")


@pytest.fixture
def reader(app: Flask) -> FlaskClient:
    """A browser signed in with the role consulta (Carla)."""
    return signed_in(app, role="consulta", name="Carla Dias", email="carla@example.com")


def signed_in(app: Flask, **user: object) -> FlaskClient:
    """A new browser whose session belongs to a new user; CSRF tokens are added by `post`."""
    client = Browser(app, app.response_class, use_cookies=True)
    with app.app_context():
        client.session_id = factories.create_user(**user).get_id()
    return client


@pytest.fixture(autouse=True)
def patient_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page take a minute: on a busy machine five seconds of the wall are not five of work."""
    monkeypatch.setattr("portal.boletos.page.engine.SECONDS_A_PAGE", 60.0)
