"""A real browser over a real server: what the browser tests stand on."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright
from playwright.sync_api import Error as PlaywrightError

from portal import ROOT, create_app
from portal.cli.up import WEB_WORKER
from portal.core.clock import now
from portal.core.config import Settings
from portal.core.crypto import new_key
from portal.core.db import db
from portal.core.migrations import ensure_migrated
from portal.users import passwords
from tests import factories

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_SECONDS = 30
THREADS = 8
AXE = ROOT / "static" / "node_modules" / "axe-core" / "axe.min.js"


# --- the server -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class LivePortal:
    """A portal in a process of its own; `app` reaches its database from the test."""

    url: str
    app: Flask
    env: Mapping[str, str]

    def create_user(self, **changes: Any) -> tuple[str, str]:
        """A new person (default: an administrator); returns e-mail and password."""
        password = passwords.generate()
        values = {"email": f"pessoa-{secrets.token_hex(4)}@example.com", **changes}
        with self.app.app_context():
            kept = passwords.hash_password(password)
            user = factories.create_user(**values, password_hash=kept, created_at=now())
            email = user.email
            db.session.remove()
        return email, password


@contextmanager
def live_portal(home: Path, **env: str) -> Iterator[LivePortal]:
    """Serve the portal with gunicorn over an empty, migrated database under `home`.

    `env` adds to the environment or replaces a part of it, such as `DATABASE_URL`.
    """
    whole = {
        "PORTAL_HOME": str(home),
        "REDIS_URL": "redis://127.0.0.1:1/0",  # nothing listens there
        "SECRET_KEY": secrets.token_hex(16),
        "PORTAL_ENCRYPTION_KEYS": new_key(),
        "PORTAL_SMTP_ALLOW_PRIVATE": "127.0.0.1,::1",
        "DEMO": "0",
        **env,
    }
    app = create_app(Settings.from_env(whole), RATELIMIT_ENABLED=False)
    with app.app_context():
        ensure_migrated()
        db.session.remove()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", f"--bind=fd://{listener.fileno()}",
             f"--worker-class={WEB_WORKER}", f"--threads={THREADS}", "--no-control-socket",
             "--log-level=warning", "wsgi:app"],
            cwd=ROOT, env={**os.environ, **whole}, pass_fds=[listener.fileno()],
        )  # fmt: skip
    try:
        _wait_for(url, server)
        yield LivePortal(url, app, whole)
    finally:
        server.terminate()
        server.wait(timeout=START_SECONDS)
        with app.app_context():
            db.engine.dispose()


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"the web server ended with {server.returncode} before it answered")
        try:
            urlopen(f"{url}/entrar", timeout=2).close()  # noqa: S310 - a loopback address of ours
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the web server did not answer within {START_SECONDS} s")


# --- the browser ----------------------------------------------------------------------------------
def launch(playwright: Playwright) -> Browser:
    """The machine's Chromium, else Playwright's own; without one the test skips, loudly.

    With `PONTUAL_REQUIRE_BROWSER=1` in the environment it fails instead.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None)
    try:
        return playwright.chromium.launch(executable_path=found, args=list(ARGS))
    except PlaywrightError as error:
        missing(
            f"no browser: none of {', '.join(NAMES)} starts, nor Playwright's own. "
            f"Install one: apt install chromium, or playwright install chromium. ({error})"
        )
    raise AssertionError("unreachable")


def missing(reason: str) -> None:
    """Skip this test for want of `reason`, or fail where browser tests are required."""
    if os.environ.get("PONTUAL_REQUIRE_BROWSER") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@dataclass
class Complaints:
    """What the browser complained about: errors in the console, CSP violations, dead scripts."""

    found: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, part: str) -> None:
        """Complaints that contain `part` are what the test is about."""
        self.expected.append(part)

    def watch(self, page: Page) -> None:
        """Collect from `page`."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"uncaught: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        url = message.location.get("url", "")
        # A refused form (422) or a page that is not there (404) is an answer, not a fault;
        # an asset that is not there is one.
        answered = "the server responded with a status of 4" in message.text
        if not (answered and "/static/" not in url):
            self.found.append(f"{message.text} ({url})")

    def check(self) -> None:
        """Raises AssertionError unless there was nothing but what was expected."""
        bad = [text for text in self.found if not any(part in text for part in self.expected)]
        assert not bad, "the browser complained:\n" + "\n".join(bad)


# --- what tests do with a page --------------------------------------------------------------------
def sign_in(page: Page, live: LivePortal, **user: Any) -> str:
    """Sign in as a new person through the sign-in page; returns the e-mail."""
    email, password = live.create_user(**user)
    page.goto(f"{live.url}/entrar")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Senha").fill(password)
    page.get_by_role("button", name="Entrar").click()
    page.wait_for_url(lambda url: "/entrar" not in url)
    return email


WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def check_accessible(page: Page, *, within: str = "html", rule: str = "") -> None:
    """Raises AssertionError for serious and critical violations that axe finds on the page.

    `within` is a selector; `rule` narrows the check to one rule, such as `color-contrast`.
    """
    bad = violations(page, within=within, rule=rule)
    assert not bad, f"axe on {page.url}:\n" + "\n".join(bad)


def violations(page: Page, *, within: str = "html", rule: str = "") -> list[str]:
    """As `check_accessible`: what axe finds, in words; nothing for a page that is fine."""
    if not AXE.is_file():
        missing(f"no {AXE.relative_to(ROOT)}: run make setup")
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text())  # by the debugger, which the page's CSP does not hinder
    which = {"type": "rule", "values": [rule]} if rule else {"type": "tag", "values": WCAG}
    result = page.evaluate(
        "([within, runOnly]) => axe.run(within, {runOnly, resultTypes: ['violations']})",
        [within, which],
    )
    return [
        f"{found['id']} ({found['impact']}): {found['help']}: "
        + "; ".join(f"{node['target']} {node['any'][:1]}" for node in found["nodes"][:5])
        for found in result["violations"]
        if found["impact"] in ("serious", "critical")
    ]
