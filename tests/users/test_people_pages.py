import re

import pytest
from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.users.models import User
from tests.factories import create_user
from tests.support.forms import post

LIST = "/sistema/usuarios"


def people(app):
    with app.app_context():
        query = select(User.email, User.role, User.active).order_by(User.id)
        return [(email, role.value, active) for email, role, active in db.session.execute(query)]


def shown_password(page):
    return re.search(r'id="senha-gerada"[^>]*value="([a-z0-9-]{23})"', page.text)[1]


def test_the_list_shows_role_and_state_in_words(app, admin):
    with app.app_context():
        create_user(name="Zeca <i>", role="consulta", active=False)
    page = admin.get(LIST).text
    assert "Ana Souza" in page
    assert "(você)" in page
    assert "Consulta (só leitura)" in page
    assert "Desativado" in page
    assert "Zeca &lt;i&gt;" in page


def test_a_new_person_can_sign_in_with_the_password_that_is_shown_once(app, admin, web):
    fields = {"name": "Bia Reis", "email": "bia@example.com", "role": "financeiro"}
    page = post(admin, f"{LIST}/novo", fields)
    password = shown_password(page)
    assert page.status_code == 200
    assert password not in admin.get(LIST).text
    assert post(web, "/entrar", {"email": "bia@example.com", "password": password}).location == "/"


def test_the_same_form_sent_again_creates_nobody(app, admin):
    fields = {"name": "Bia Reis", "email": "bia@example.com", "role": "financeiro"}
    post(admin, f"{LIST}/novo", fields)
    again = post(admin, f"{LIST}/novo", fields)
    assert again.status_code == 422
    assert "Já existe um usuário com este e-mail." in again.text
    assert len(people(app)) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "  ", "email": "b@example.com", "role": "admin"},
        {"name": "Bia", "email": "sem arroba", "role": "admin"},
        {"name": "Bia", "email": "b@example.com", "role": "dono"},
        {"name": "B" * 121, "email": "b@example.com", "role": "admin"},
    ],
)
def test_a_bad_new_person_is_refused_with_what_was_typed(app, admin, fields):
    answer = post(admin, f"{LIST}/novo", fields)
    assert answer.status_code == 422
    assert "Não foi salvo." in answer.text
    assert len(people(app)) == 1


def test_name_and_role_change_and_the_email_does_not(app, admin):
    with app.app_context():
        user_id = create_user(email="bia@example.com", role="consulta").id
    fields = {"name": "Bia", "role": "financeiro", "email": "x@example.com", "active": ""}
    assert post(admin, f"{LIST}/{user_id}", fields).location == LIST
    assert people(app)[1] == ("bia@example.com", "financeiro", True)


def test_the_last_admin_learns_why_they_cannot_go(app, admin):
    with app.app_context():
        user_id = db.session.scalar(select(User.id))
    demoted = post(admin, f"{LIST}/{user_id}", {"name": "Ana", "role": "consulta"})
    assert demoted.status_code == 422
    assert "único administrador ativo" in demoted.text
    gone = post(admin, f"{LIST}/{user_id}/desativar")
    assert gone.status_code == 409
    assert "único administrador ativo" in gone.text
    assert people(app) == [("ana@example.com", "admin", True)]


def test_letting_go_and_taking_back(app, admin):
    with app.app_context():
        user_id = create_user(email="bia@example.com", role="consulta").id
    assert post(admin, f"{LIST}/{user_id}/desativar").location == LIST
    assert people(app)[1] == ("bia@example.com", "consulta", False)
    assert post(admin, f"{LIST}/{user_id}/reativar").location == LIST
    assert people(app)[1] == ("bia@example.com", "consulta", True)


def test_a_new_password_is_shown_once_and_the_repeated_click_changes_nothing(app, admin, web):
    with app.app_context():
        user_id = create_user(email="bia@example.com").id
    password = shown_password(post(admin, f"{LIST}/{user_id}/senha", {"version": "1"}))
    assert post(admin, f"{LIST}/{user_id}/senha", {"version": "1"}).status_code == 409
    assert post(admin, f"{LIST}/{user_id}/senha", {}).status_code == 409
    assert post(admin, f"{LIST}/{user_id}/senha", {"version": "9" * 5000}).status_code == 409
    assert post(web, "/entrar", {"email": "bia@example.com", "password": password}).location == "/"


def test_a_password_page_is_kept_nowhere(app, admin):
    fields = {"name": "Bia Reis", "email": "bia@example.com", "role": "financeiro"}
    page = post(admin, f"{LIST}/novo", fields)
    assert page.headers["Cache-Control"] == "no-store"
    with app.app_context():
        for event in db.session.scalars(select(AuditEvent)):
            assert shown_password(page) not in f"{event.summary}{event.changes}"
