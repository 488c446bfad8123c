import logging

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from portal.core.errors import Conflict, InvalidValue, NotFound
from portal.users import queries
from tests.support.forms import csrf_token, post

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
SECRET = "senha-que-vazou"


@pytest.fixture
def failing(app: Flask, monkeypatch):
    """Makes the page /conta raise what a test gives."""

    def fail(error):
        def view():
            raise error

        monkeypatch.setitem(app.view_functions, "users.own", view)

    return fail


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (Conflict("Outra pessoa salvou."), 409, "Outra pessoa salvou."),
        (NotFound("Este cliente não existe."), 404, "Este cliente não existe."),
        (InvalidValue("x", "Valor <b>ruim</b>."), 400, "Valor &lt;b&gt;ruim&lt;/b&gt;."),
        (OverflowError("too large"), 400, "Pedido inválido"),
        (RuntimeError(SECRET), 500, "Erro interno"),
    ],
)
@pytest.mark.parametrize("signed_in", [True, False])
def test_each_error_has_its_page(admin, web, failing, error, code, text, signed_in):
    failing(error)
    answer = (admin if signed_in else web).get("/conta")
    assert answer.status_code == code
    assert text in answer.text
    assert f"pedido {answer.headers['X-Request-Id']}" in answer.text
    assert ("Menu principal" in answer.text) == (signed_in and code != 500)
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("code", [400, 403, 404, 405, 409, 413, 429, 500, 501, 418])
def test_no_code_is_without_a_page(admin, app, monkeypatch, code):
    from flask import abort

    monkeypatch.setitem(app.view_functions, "users.own", lambda: abort(code))
    answer = admin.get("/conta")
    assert answer.status_code == code
    assert "<h1>" in answer.text


def test_a_405_says_what_is_allowed(admin):
    assert "POST" in admin.get("/sair").headers["Allow"]


@pytest.mark.parametrize("error", [Conflict("Já mudou."), RuntimeError(SECRET), NotFound("x")])
def test_htmx_gets_an_alert_above_the_page_and_loses_nothing_of_it(admin, failing, error):
    failing(error)
    answer = admin.get("/conta", headers=HTMX)
    assert answer.headers["HX-Retarget"] == "#alertas"
    assert answer.headers["HX-Reswap"] == "innerHTML"
    assert answer.headers["HX-Reselect"] == ".alert"
    assert answer.text.startswith('<div class="alert alert-danger" role="alert">')
    assert SECRET not in answer.text
    assert '<div id="alertas"' in admin.get("/sistema/usuarios").text


def test_the_stack_is_in_the_log_under_the_id_of_the_page(admin, failing, caplog):
    failing(RuntimeError(SECRET))
    with caplog.at_level(logging.ERROR):
        admin.get("/conta")
    record = next(record for record in caplog.records if record.levelname == "ERROR")
    assert SECRET in record.getMessage()
    assert record.exc_info


def test_the_500_page_needs_no_database(app, admin, monkeypatch):
    def away(*_args):
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    monkeypatch.setattr(queries, "of_session", away)
    for path in ("/conta", "/sistema/usuarios"):
        answer = admin.get(path)
        assert answer.status_code == 500
        assert "Erro interno" in answer.text


def test_the_404_page_stands_without_database_too(app, admin, monkeypatch):
    def away(*_args):
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    monkeypatch.setattr(queries, "of_session", away)
    answer = admin.get("/nada")
    assert answer.status_code == 404
    assert "Não encontrado" in answer.text


def test_a_frame_that_cannot_be_drawn_does_not_hide_the_error(app, admin, failing, monkeypatch):
    def broken():
        raise RuntimeError("no badge")

    failing(Conflict("Outra pessoa salvou."))
    processors = app.template_context_processors[None]
    monkeypatch.setitem(app.template_context_processors, None, [*processors, broken])
    answer = admin.get("/conta")
    assert answer.status_code == 409
    assert "Outra pessoa salvou." in answer.text
    assert "Menu principal" not in answer.text


def test_even_a_debugging_application_shows_no_stack(app, admin, failing, monkeypatch):
    monkeypatch.setattr(app, "debug", True)
    failing(RuntimeError(SECRET))
    assert SECRET not in admin.get("/conta").text


# --- sign-in and forms --------------------------------------------------------------------------
def test_a_stranger_comes_back_to_the_page_that_they_asked_for(web):
    assert web.get("/conta?x=1").location == "/entrar?next=/conta?x%3D1"


def test_an_expired_session_in_htmx_comes_back_to_the_page_around_it(web):
    headers = {**HTMX, "HX-Current-URL": "http://localhost/sistema/usuarios?q=a"}
    answer = web.get("/conta", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/entrar?next=/sistema/usuarios?q%3Da"
    headers["HX-Current-URL"] = "http://evil.example/x"
    assert web.get("/conta", headers=headers).headers["HX-Redirect"] == "/entrar"


def test_a_form_sent_after_the_session_ended_leads_to_sign_in_and_back(web):
    answer = web.post("/conta", headers={"Referer": "http://localhost/conta"})
    assert (answer.status_code, answer.location) == (302, "/entrar?next=/conta")


def test_an_old_form_says_that_it_expired(admin):
    answer = admin.post("/conta", data={"csrf_token": "velho", "name": "x"})
    assert answer.status_code == 400
    assert "O formulário expirou. Recarregue a página" in answer.text


def test_the_token_may_come_in_the_header(admin):
    headers = {"X-CSRFToken": csrf_token(admin)}
    assert admin.post("/conta", data={"name": "Ana"}, headers=headers).status_code == 303


def test_after_a_success_htmx_navigates(admin):
    answer = post(admin, "/conta", {"name": "Ana"}, headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/conta")
