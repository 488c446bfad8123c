import json

import pytest
from click.testing import CliRunner

from portal.cli import cli
from portal.cli import users as commands
from portal.core.errors import Conflict, InvalidValue, NotFound
from portal.users import service
from tests.factories import NOON, create_user


@pytest.fixture
def run(app, monkeypatch):
    """Runs `portal users …` over the database of the tests; returns its output."""
    from contextlib import contextmanager

    @contextmanager
    def here():
        with app.app_context():
            yield app

    monkeypatch.setattr(commands, "portal_app", here)

    def call(*words):
        result = CliRunner().invoke(cli, ["users", *words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


def test_a_created_person_can_sign_in_with_what_was_printed(app, run):
    made = json.loads(run("create", "Bia@Example.com", "--role", "consulta", "--json").stdout)
    assert (made["email"], made["name"], made["role"]) == ("bia@example.com", "Bia", "consulta")
    with app.app_context():
        assert service.sign_in("bia@example.com", made["password"], NOON)


def test_the_list_names_everybody_and_no_secret(app, run):
    with app.app_context():
        create_user(email="ana@example.com", name="Ana", active=False, password_hash="segredo")
    output = run("list").stdout
    assert "ana@example.com" in output
    assert "desativado" in output
    listed = json.loads(run("list", "--json").stdout)
    assert listed == [
        {
            "email": "ana@example.com",
            "name": "Ana",
            "role": "admin",
            "active": False,
            "last_login_at": None,
        }
    ]


def test_a_password_is_reset_from_the_command_line(app, run):
    with app.app_context():
        create_user(email="ana@example.com")
    output = run("reset-password", "ana@example.com").stdout
    password = output.split("senha")[1].split()[0]
    with app.app_context():
        assert service.sign_in("ana@example.com", password, NOON)


def test_letting_go_and_taking_back(app, run):
    with app.app_context():
        create_user(email="ana@example.com")
        create_user(email="bia@example.com")
    assert run("deactivate", "bia@example.com").stdout == "bia@example.com desativado\n"
    assert run("reactivate", "bia@example.com").stdout == "bia@example.com reativado\n"


def test_failures_are_sentences(app, run):
    with app.app_context():
        create_user(email="ana@example.com")
    with pytest.raises(Conflict):
        run("deactivate", "ana@example.com")
    with pytest.raises(NotFound, match=r"x@example\.com"):
        run("reset-password", "x@example.com")
    with pytest.raises(InvalidValue):
        run("create", "ana@example.com")
    assert run("create", "b@example.com", "--role", "dono").exit_code == 2
