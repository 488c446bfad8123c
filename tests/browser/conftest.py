"""Fixtures of the browser tests: one server and one browser for all, a fresh page for each."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import create_engine, make_url, text

from tests.support.browser import Complaints, LivePortal, launch, live_portal

TIMEOUT_MS = 10_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser test."""
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


# Playwright keeps its event loop marked as running for as long as it is started; it must be gone
# before tests of other folders start theirs. So: package scope, not session.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium."""
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def live(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser, browser_database: str
) -> Iterator[LivePortal]:
    """A portal that serves; its data is shared by all tests, so make your own people and rows."""
    with live_portal(tmp_path_factory.mktemp("live"), DATABASE_URL=browser_database) as portal:
        yield portal


@pytest.fixture(scope="package")
def browser_database(worker_id: str) -> Iterator[str]:
    """The address of an empty database; "" lets the portal make SQLite in its own folder."""
    base = os.environ.get("TEST_DATABASE_URL")
    if not base:
        yield ""
        return
    url = make_url(base).set(drivername="postgresql+psycopg")
    name = f"{url.database}_browser_{worker_id}_{os.getpid()}"
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    server.dispose()


@pytest.fixture
def complaints() -> Complaints:
    """What the browser complains about; `complaints.expect(part)` for what the test provokes."""
    return Complaints()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own: no cookies, pt-BR, a desk-sized window."""
    fresh = browser.new_context(
        locale="pt-BR", timezone_id="America/Sao_Paulo", viewport={"width": 1280, "height": 720}
    )
    fresh.set_default_timeout(TIMEOUT_MS)
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext, complaints: Complaints) -> Iterator[Page]:
    """A page; at the end of the test the browser must not have complained."""
    fresh = context.new_page()
    complaints.watch(fresh)
    yield fresh
    complaints.check()
