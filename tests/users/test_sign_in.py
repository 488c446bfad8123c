import time
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.users import service
from portal.users.models import User
from tests.factories import NOON, create_user
from tests.support.forms import post
from tests.users.conftest import EMAIL, KEPT, PASSWORD, sign_in

WRONG = "E-mail ou senha incorretos."


def cookie(client):
    return client.get_cookie("pontual").value


# --- the page -------------------------------------------------------------------------------------
def test_the_right_password_leads_to_the_start_page(web, ana):
    answer = sign_in(web)
    assert (answer.status_code, answer.location) == (303, "/")
    assert "Ana Souza" in web.get("/conta").text


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "errada errada"),
        ("ninguem@example.com", PASSWORD),
        (EMAIL, "x" * 1_000_000),
        (EMAIL, PASSWORD + "\N{ZERO WIDTH SPACE}"),
    ],
)
def test_every_wrong_pair_gets_the_same_answer(web, ana, email, password):
    answer = sign_in(web, email, password)
    assert answer.status_code == 422
    assert WRONG in answer.text
    assert password not in answer.text
    assert web.get("/conta").status_code == 302


def test_known_and_unknown_people_take_the_same_time(app, web, ana):
    def seconds(email):
        start = time.thread_time()  # of the processor: others use it, too
        sign_in(web, email, "errada errada")
        return time.thread_time() - start

    pairs = [(seconds(EMAIL), seconds("ninguem@example.com")) for _ in range(5)]
    known, unknown = (min(times) for times in zip(*pairs, strict=True))
    assert 0.5 < known / unknown < 2


def test_an_empty_form_says_what_is_missing(web):
    answer = post(web, "/entrar", {"email": "", "password": ""})
    assert answer.status_code == 422
    assert "Preencha o e-mail e a senha." in answer.text


def test_who_is_signed_in_does_not_see_the_sign_in_page(admin):
    assert admin.get("/entrar?next=/conta").location == "/conta"


def test_fields_that_the_form_does_not_have_are_ignored(app, web, ana):
    post(web, "/entrar", {"email": EMAIL, "password": PASSWORD, "role": "consulta", "active": "0"})
    with app.app_context():
        user = db.session.get(User, ana)
        assert (user.role.value, user.active) == ("admin", True)


# --- where it leads -------------------------------------------------------------------------------
@pytest.mark.parametrize("target", ["/conta", "/sistema/usuarios?q=a%20b", "/clientes/7"])
def test_sign_in_leads_back_to_the_page_that_was_asked_for(web, ana, target):
    assert sign_in(web, url="/entrar", query_string={"next": target}).location == target


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "https://evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        " //evil.example",
        "conta",
        "/" + "a" * 3000,
    ],
)
def test_sign_in_never_leads_to_another_site(web, ana, target):
    page = web.get("/entrar", query_string={"next": target})
    assert "evil" not in page.text
    assert "javascript:" not in page.text
    assert sign_in(web, query_string={"next": target}).location == "/"


# --- sessions -------------------------------------------------------------------------------------
def test_the_session_starts_anew_at_sign_in(web, ana):
    web.get("/entrar")
    with web.session_transaction() as session:
        session["csrf_token"] = "known to somebody else"
        session["planted"] = "x"
    before = cookie(web)
    sign_in(web)
    assert cookie(web) != before
    with web.session_transaction() as session:
        assert "planted" not in session
        assert session.get("csrf_token") != "known to somebody else"


def test_two_sign_ins_are_two_sessions(app, ana):
    one, other = app.test_client(), app.test_client()
    sign_in(one)
    sign_in(other)
    post(one, "/sair")
    assert one.get("/conta").status_code == 302
    assert other.get("/conta").status_code == 200


def test_a_copied_cookie_dies_with_the_sign_out(app, web, ana):
    sign_in(web)
    stolen = cookie(web)
    thief = app.test_client()
    thief.set_cookie("pontual", stolen)
    assert thief.get("/conta").status_code == 200
    assert post(web, "/sair").location == "/entrar"
    thief.set_cookie("pontual", stolen)
    assert thief.get("/conta").status_code == 302


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(app, web, ana):
    other = app.test_client()
    sign_in(web)
    sign_in(other)
    before = cookie(web)
    fields = {"current": PASSWORD, "password": "outra frase longa", "repeated": "outra frase longa"}
    assert post(web, "/conta/senha", fields).status_code == 303
    assert cookie(web) != before
    assert "Senha trocada" in web.get("/conta").text
    assert other.get("/conta").status_code == 302


def test_a_person_let_go_is_out_at_the_next_click(app, reader):
    assert reader.get("/conta").status_code == 200
    with app.app_context():
        user_id = db.session.scalar(select(User.id).where(User.email == "carla@example.com"))
        service.set_active(user_id, False, None, NOON)
    assert reader.get("/conta").status_code == 302


@pytest.mark.parametrize(
    "identity", ["1", "1.", ".1", "1.2", "x.1", "1.1.1", "².1", "9" * 30 + ".1"]
)
def test_a_session_that_names_nobody_is_no_session(web, ana, identity):
    with web.session_transaction() as session:
        session["_user_id"] = identity
    assert web.get("/conta").status_code == 302


def test_a_session_ends_twelve_hours_after_the_last_page(web, ana):
    with time_machine.travel(NOON, tick=False) as clock:
        sign_in(web)
        clock.shift(timedelta(hours=11))
        assert web.get("/conta").status_code == 200
        clock.shift(timedelta(hours=11))
        assert web.get("/conta").status_code == 200
        clock.shift(timedelta(hours=12, minutes=1))
        assert web.get("/conta").status_code == 302


def test_the_cookie_is_hidden_from_scripts_and_from_other_sites(web, ana):
    header = sign_in(web).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in header.split(";")}
    assert "Expires=" in header


def test_an_asset_carries_no_session(admin):
    answer = admin.get("/static/css/portal.css?v=1")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_signing_in_and_out_is_in_the_audit_trail(app, web, ana):
    sign_in(web)
    post(web, "/sair")
    with app.app_context():
        events = select(AuditEvent.action, AuditEvent.actor_name).order_by(AuditEvent.id)
        assert db.session.execute(events).all() == [
            ("users.sign_in", "Ana Souza"),
            ("users.sign_out", "Ana Souza"),
        ]


# --- one's own account ----------------------------------------------------------------------------
def test_a_wrong_current_password_is_named_and_changes_nothing(app, web, ana):
    sign_in(web)
    fields = {"current": "errada", "password": "outra frase longa", "repeated": "outra frase longa"}
    answer = post(web, "/conta/senha", fields)
    assert answer.status_code == 422
    assert "A senha atual não confere." in answer.text
    with app.app_context():
        assert db.session.get(User, ana).password_hash == KEPT


def test_two_different_new_passwords_are_refused(web, ana):
    sign_in(web)
    fields = {"current": PASSWORD, "password": "outra frase longa", "repeated": "outra frase"}
    answer = post(web, "/conta/senha", fields)
    assert answer.status_code == 422
    assert "são diferentes" in answer.text


def test_ones_own_name_changes_and_nothing_else(app, reader):
    fields = {"name": "Carla <b>Dias</b>", "role": "admin", "email": "x@example.com"}
    assert post(reader, "/conta", fields).status_code == 303
    page = reader.get("/conta").text
    assert "Carla &lt;b&gt;Dias&lt;/b&gt;" in page
    with app.app_context():
        user = db.session.scalars(select(User)).one()
        assert (user.role.value, user.email) == ("consulta", "carla@example.com")


def test_the_theme_is_kept_in_the_browser(reader):
    assert "data-bs-theme" not in reader.get("/conta").text.split("<head>")[0]
    answer = post(reader, "/conta/tema", {"tema": "dark", "next": "/conta?x=1"})
    assert (answer.status_code, answer.location) == (303, "/conta?x=1")
    assert '<html lang="pt-BR" data-bs-theme="dark">' in reader.get("/conta").text
    post(reader, "/conta/tema", {"tema": "", "next": "//evil.example"})
    assert "data-bs-theme" not in reader.get("/conta").text.split("<head>")[0]


def test_a_theme_that_does_not_exist_is_not_written_into_the_page(reader):
    reader.set_cookie("tema", '"><script>')
    assert "<script>" not in reader.get("/conta").text


# --- writing and waiting --------------------------------------------------------------------------
def test_nobody_waits_for_the_hash_of_a_sign_in(app: Flask, web, ana, monkeypatch):
    """While a password is hashed, others can write."""
    from portal.users import passwords

    def slow(kept, password):
        with app.app_context():
            create_user(email="enquanto.isso@example.com")
        return True

    monkeypatch.setattr(passwords, "matches", slow)
    assert sign_in(web).status_code == 303
    with app.app_context():
        assert db.session.scalar(select(func.count(User.id))) == 2
