"""`portal privacy …`, without a web server."""

import json
import stat

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from portal.cli import cli
from portal.cli import privacy as privacy_cli
from portal.clients.models import Client, DataAccess
from portal.core.db import db
from portal.core.errors import NotFound
from portal.privacy.erasure import NAME as ERASED_NAME
from tests.privacy.conftest import NAME


@pytest.fixture
def portal(app, monkeypatch):
    """Run a command over the tests' database."""

    def run(*arguments):
        monkeypatch.setattr(privacy_cli, "portal_app", app.app_context)
        return CliRunner().invoke(cli, ["privacy", *map(str, arguments)])

    return run


def test_a_client_is_exported_to_a_private_file_and_that_is_noted(app, portal, past, tmp_path):
    file = tmp_path / "dados.json"
    assert portal("export", past.code, "-o", file).exit_code == 0
    assert json.loads(file.read_text())["cliente"]["nome"] == NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with app.app_context():
        row = db.session.scalars(select(DataAccess)).one()
        assert (row.client_id, row.user_name) == (past.client, "linha de comando")
    assert isinstance(portal("export", "nenhum", "-o", file).exception, NotFound)


def test_a_client_is_erased_only_with_yes(app, portal, past):
    assert portal("anonymise", past.code).exit_code == 2
    with app.app_context():
        assert db.session.get(Client, past.client).name == NAME
    assert portal("anonymise", past.code, "--yes").exit_code == 0
    with app.app_context():
        assert db.session.get(Client, past.client).name == ERASED_NAME


def test_the_sweep_says_what_it_erased(app, portal):
    assert portal("sweep").output.startswith("0 textos de e-mail")
