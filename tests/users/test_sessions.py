"""Sessions: seen where and when, and ended at once; the link that sets a new password."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select, update

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import Conflict, NotFound
from portal.users import reset_links, service, sessions
from portal.users.models import EndedSession, User, UserSession
from tests.conftest import signed_in
from tests.factories import NOON, create_user
from tests.support.counting import statements
from tests.support.forms import post
from tests.support.pages import words
from tests.users.conftest import EMAIL, KEPT, PASSWORD, sign_in

OWN = "/conta/sessoes"
NEW = "outra frase longa"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def rows(app):
    with app.app_context():
        return db.session.execute(
            select(UserSession.id, UserSession.seen_at, UserSession.address, UserSession.agent)
        ).all()


def look(client, url="/conta"):
    """Open a page and let its answer leave, as a server does."""
    client.get(url, headers={"User-Agent": FIREFOX}).close()


@pytest.fixture
def bia(app):
    with app.app_context():
        return create_user(email="bia@example.com", password_hash=KEPT, role="consulta").id


def link_of(admin, user_id):
    page = post(admin, f"/sistema/usuarios/{user_id}/link").text
    return "/senha-nova?chave=" + page.split("chave=")[1].split('"')[0]


# --- sessions -------------------------------------------------------------------------------------
def test_a_session_is_kept_with_its_origin_and_seen_once_a_minute(app, web, ana):
    with time_machine.travel(NOON, tick=False) as clock:
        sign_in(web, headers={"User-Agent": FIREFOX, "X-Forwarded-For": "203.0.113.9"})
        ((sid, seen, address, agent),) = rows(app)
        assert (seen, address, agent) == (NOON, "127.0.0.1", FIREFOX)
        clock.shift(timedelta(seconds=59))
        look(web)
        assert rows(app)[0].seen_at == NOON
        clock.shift(timedelta(seconds=2))
        look(web)
        assert [(row.id, row.seen_at) for row in rows(app)] == [(sid, NOON + timedelta(seconds=61))]
        assert "Firefox em Windows" in words(web.get(OWN))


def test_the_page_itself_writes_nothing_and_does_not_fail_with_the_note(
    app, web, ana, monkeypatch, caplog
):
    sign_in(web)
    with app.app_context():
        db.session.execute(update(UserSession).values(seen_at=NOON - timedelta(days=1)))
        db.session.commit()
    with statements(app) as found:
        answer = web.get("/conta")
    assert answer.status_code == 200
    assert all(statement.startswith("SELECT") for statement in found)
    monkeypatch.setattr(sessions, "saw", lambda *_: 1 / 0)
    answer.close()
    look(web)
    assert "not recorded after the page" in caplog.text


def test_a_session_from_before_the_table_gets_its_row(app, web, ana):
    sign_in(web)
    with app.app_context():
        db.session.query(UserSession).delete()
        db.session.commit()
    look(web)
    assert len(rows(app)) == 1


def test_one_ends_one_session_and_its_copied_cookie(app, web, ana):
    other = app.test_client()
    sign_in(web)
    first = rows(app)[0].id
    sign_in(other)
    assert other.get(OWN).text.count("Encerrar</button>") == 1
    assert post(other, f"{OWN}/encerrar", {"sessao": first}).status_code == 303
    assert web.get("/conta").status_code == 302
    assert other.get("/conta").status_code == 200
    assert first not in [row.id for row in rows(app)]
    assert post(other, f"{OWN}/encerrar", {"sessao": first}).status_code == 404


def test_a_late_note_does_not_revive_a_session_that_ended(app, web, ana):
    sign_in(web)
    ((sid, *_),) = rows(app)
    origin = sessions.Origin("", "")
    with app.app_context():
        user = db.session.get(User, ana)
        sessions.end(ana, sid, user, NOON)
        sessions.saw(sid, ana, 1, origin, NOON)
        sessions.end_all(ana, user, NOON)
        sessions.saw("a" * 32, ana, 1, origin, NOON)
    assert rows(app) == []


def test_one_ends_all_the_others_and_stays(app, web, ana):
    others = [app.test_client(), app.test_client()]
    for client in (web, *others):
        sign_in(client)
    assert post(web, f"{OWN}/encerrar-outras").status_code == 303
    assert [client.get("/conta").status_code for client in (web, *others)] == [200, 302, 302]
    assert len(rows(app)) == 1


def test_nobody_ends_the_session_of_another_by_its_id(app, web, ana, reader):
    sign_in(web)
    ((sid, *_),) = rows(app)
    assert post(reader, f"{OWN}/encerrar", {"sessao": sid}).status_code == 404
    assert web.get("/conta").status_code == 200


def test_an_administrator_sees_and_ends_the_sessions_of_a_person(app, web, ana):
    boss = signed_in(app, role="admin")
    sign_in(web)
    ((sid, *_),) = rows(app)
    page = f"/sistema/usuarios/{ana}/sessoes"
    assert sid in boss.get(page).text
    post(boss, f"{page}/encerrar", {"sessao": sid})
    assert web.get("/conta").status_code == 302
    sign_in(web)
    post(boss, f"{page}/encerrar-todas")
    assert web.get("/conta").status_code == 302
    with app.app_context():
        actions = list(db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))
    assert actions[-1:] == ["users.end_sessions"]
    assert "users.end_session" in actions


@pytest.mark.parametrize("change", ["password", "deactivate"])
def test_what_ends_all_sessions_forgets_their_rows(app, web, ana, change):
    with app.app_context():
        create_user()
    sign_in(web)
    with app.app_context():
        if change == "password":
            service.reset_password(ana, None, NOON)
        else:
            service.set_active(ana, False, None, NOON)
    assert rows(app) == []


# --- the link -------------------------------------------------------------------------------------
def test_the_link_sets_a_password_once_and_ends_every_session(app, admin, web, bia):
    old = app.test_client()
    sign_in(old, "bia@example.com")
    link = link_of(admin, bia)
    assert "bia@example.com" in web.get(link).text
    assert post(web, link, {"password": "curta", "repeated": "curta"}).status_code == 422
    answer = post(web, link, {"password": NEW, "repeated": NEW})
    assert (answer.status_code, answer.location) == (303, "/entrar")
    assert old.get("/conta").status_code == 302
    assert web.get(link).status_code == 404
    assert post(web, link, {"password": NEW, "repeated": NEW}).status_code == 404
    assert sign_in(web, "bia@example.com", PASSWORD).status_code == 422
    assert sign_in(web, "bia@example.com", NEW).status_code == 303


def test_the_link_dies_with_the_day_a_new_password_and_the_person(app, web, bia):
    with app.app_context():
        token = reset_links.make(bia, None, NOON)[1]
        reset_links.person_of(token, NOON + timedelta(hours=24))
        with pytest.raises(NotFound, match="passou de 24 horas"):
            reset_links.person_of(token, NOON + timedelta(hours=24, seconds=1))
        for kill in (
            lambda: service.change_own_password(bia, PASSWORD, NEW, NOON),
            lambda: service.set_active(bia, False, None, NOON),
        ):
            token = reset_links.make(bia, None, NOON)[1]
            kill()
            with pytest.raises(NotFound):
                reset_links.person_of(token, NOON)
        with pytest.raises(Conflict, match="desativado"):
            reset_links.make(bia, None, NOON)


@pytest.mark.parametrize("key", ["", "x", "a.b", "é" * 500, "WzEsMSwieCIsOTk5OTk5OTk5OV0.x"])
def test_what_is_no_link_of_ours_is_not_found(web, ana, key):
    assert web.get("/senha-nova", query_string={"chave": key}).status_code == 404
    assert post(web, f"/senha-nova?chave={key}", {"password": NEW}).status_code == 404


def test_the_link_is_neither_stored_nor_in_the_trail(app, admin, bia):
    token = link_of(admin, bia).partition("chave=")[2]
    with app.app_context():
        (event,) = db.session.scalars(
            select(AuditEvent).where(AuditEvent.action == "users.make_link")
        )
        assert (event.entity_id, event.changes) == (bia, {})
        assert token[:20] not in event.summary
        assert db.session.scalar(select(func.count(EndedSession.id))) == 0


def test_of_two_who_use_the_link_at_once_the_second_finds_it_dead(app, ana, monkeypatch):
    from portal.users import passwords

    with app.app_context():
        _, token = reset_links.make(ana, None, NOON)
        slow = passwords.hash_password

        def hashed_meanwhile(password):
            monkeypatch.setattr(passwords, "hash_password", slow)
            with app.app_context():
                reset_links.use(token, NEW, NOON)
            return "late"

        monkeypatch.setattr(passwords, "hash_password", hashed_meanwhile)
        with pytest.raises(NotFound, match="não vale mais"):
            reset_links.use(token, "terceira frase longa", NOON)
        db.session.rollback()
        assert db.session.get(User, ana, populate_existing=True).password_hash != "late"


def test_the_sign_in_page_does_not_say_who_exists(web):
    assert EMAIL not in web.get("/entrar").text
    assert "Peça a um administrador um link" in words(web.get("/entrar"))
