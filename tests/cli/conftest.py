"""Commands over the application of the tests."""

from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from portal.cli import cli, commands, config_file  # noqa: F401 - registers the commands
from portal.cli import smtp as smtp_command
from portal.core.db import db


@pytest.fixture
def run(app, monkeypatch):
    """Runs a command over the application of the tests; output as text."""

    @contextmanager
    def portal_app():
        with app.app_context():
            yield app
            db.session.remove()

    monkeypatch.setattr(config_file, "portal_app", portal_app)
    monkeypatch.setattr(smtp_command, "portal_app", portal_app)

    def invoke(*words, **env):
        return CliRunner(env=env).invoke(cli, [str(word) for word in words])

    return invoke


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="setup.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file
