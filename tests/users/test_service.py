from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import Conflict, InvalidValue, NotFound
from portal.users import passwords, service
from portal.users.models import EndedSession, Role, User
from portal.users.service import FIRST_ADMIN
from tests.factories import NOON, create_user

GOOD = "grampo azul da ponte"


def create_with_password(password=GOOD, **changes):
    return create_user(password_hash=passwords.hash_password(password), **changes)


def actions():
    return db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()


# --- signing in -----------------------------------------------------------------------------------
def test_the_right_password_signs_in_and_is_recorded(session):
    user = create_with_password(email="ana@example.com")
    assert service.sign_in(" Ana@Example.com ", GOOD, NOON).id == user.id
    assert user.last_login_at == NOON
    assert actions() == ["users.sign_in"]


@pytest.mark.parametrize(
    ("email", "password"),
    [("ana@example.com", GOOD + " "), ("bia@example.com", GOOD), ("ana@example.com", "x" * 2000)],
)
def test_a_wrong_password_and_an_unknown_person_do_not(session, email, password):
    create_with_password(email="ana@example.com")
    assert service.sign_in(email, password, NOON) is None
    assert actions() == []


def test_a_person_let_go_cannot_sign_in(session):
    create_with_password(email="ana@example.com", active=False)
    assert service.sign_in("ana@example.com", GOOD, NOON) is None


@pytest.mark.parametrize("email", ["ana@example.com", "ninguem@example.com"])
def test_known_and_unknown_people_cost_one_hash_outside_any_transaction(
    session, monkeypatch, email
):
    create_with_password(email="ana@example.com")
    db.session.remove()
    calls = []

    def matches(kept, password):
        calls.append((kept is None, db.session().in_transaction()))
        return False

    monkeypatch.setattr(passwords, "matches", matches)
    service.sign_in(email, "errada errada", NOON)
    assert calls == [(email != "ana@example.com", False)]


def test_an_old_hash_is_renewed_at_sign_in(session, monkeypatch):
    user = create_with_password(email="ana@example.com")
    old = user.password_hash
    monkeypatch.setattr(passwords, "is_outdated", lambda kept: True)
    assert service.sign_in("ana@example.com", GOOD, NOON)
    assert user.password_hash != old
    assert passwords.matches(user.password_hash, GOOD)


def test_signing_out_ends_the_session_and_forgets_old_ones(session):
    user = create_user()
    service.sign_out("a" * 32, user, NOON)
    service.sign_out("a" * 32, user, NOON)
    service.sign_out("b" * 32, user, NOON + timedelta(days=3))
    assert db.session.scalars(select(EndedSession.id)).all() == ["b" * 32]


# --- people ---------------------------------------------------------------------------------------
def test_a_new_person_gets_a_password_that_works_and_that_nothing_keeps(session):
    admin = create_user(name="Ana Souza")
    user, password = service.create(
        {"name": "Bia", "email": "Bia@Example.com", "role": "consulta"}, admin, NOON
    )
    assert (user.email, user.role) == ("bia@example.com", Role.READER)
    event = db.session.scalars(select(AuditEvent)).one()
    assert (event.actor_name, event.action, event.summary) == ("Ana Souza", "users.create", "Bia")
    assert password not in str(event.changes)
    assert service.sign_in("bia@example.com", password, NOON)


def test_an_email_is_taken_once_whatever_its_case(session):
    create_user(email="bia@example.com")
    with pytest.raises(InvalidValue) as refused:
        service.create({"name": "B", "email": "BIA@example.com", "role": "admin"}, None, NOON)
    assert refused.value.field == "email"


@pytest.mark.parametrize("email", ["", "bia", "bia@", "a b@c.d", "bia@x\ny.com", "é@x.com"])
def test_what_is_no_email_is_refused(session, email):
    with pytest.raises(InvalidValue):
        service.create({"name": "B", "email": email, "role": "admin"}, None, NOON)


@pytest.mark.parametrize("loss", ["deactivate", "demote"])
def test_the_last_active_admin_stays(session, loss):
    admin = create_user(role="admin")
    create_user(role="admin", active=False)
    create_user(role="financeiro")
    with pytest.raises(Conflict, match="único administrador"):
        lose_admin(loss, admin.id)
    db.session.rollback()
    assert (admin.active, admin.role) == (True, Role.ADMIN)


@pytest.mark.parametrize("loss", ["deactivate", "demote"])
def test_one_of_two_admins_may_go(session, loss):
    create_user(role="admin")
    admin = create_user(role="admin")
    lose_admin(loss, admin.id)
    assert (admin.active, admin.role) != (True, Role.ADMIN)


@pytest.mark.parametrize("losses", [("deactivate", "deactivate"), ("demote", "deactivate")])
def test_of_two_admins_who_lose_each_other_at_once_one_stays(app, session, losses):
    ids = [create_user(role="admin").id for _ in range(2)]
    db.session.remove()
    start, refused = Barrier(2), []

    def lose(loss, user_id):
        with app.app_context():
            start.wait()
            try:
                lose_admin(loss, user_id)
            except Conflict as error:
                refused.append(error)

    threads = [Thread(target=lose, args=pair) for pair in zip(losses, ids, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    admins = select(func.count()).where(User.role == Role.ADMIN, User.active)
    assert db.session.scalar(admins) == 1
    assert len(refused) == 1


def lose_admin(loss, user_id):
    if loss == "deactivate":
        service.set_active(user_id, False, None, NOON)
    else:
        service.change(user_id, {"role": "financeiro"}, None, NOON)


def test_letting_go_and_taking_back_end_every_session(session):
    user = create_user(role="consulta")
    service.set_active(user.id, False, None, NOON)
    service.set_active(user.id, True, None, NOON)
    assert user.session_version == 3
    assert actions() == ["users.deactivate", "users.reactivate"]


def test_a_change_that_changes_nothing_is_not_recorded(session):
    user = create_user(name="Bia", role="consulta")
    service.change(user.id, {"name": "Bia", "role": "consulta"}, None, NOON)
    service.change(user.id, {"name": "Bia Reis", "role": "financeiro"}, None, NOON)
    event = db.session.scalars(select(AuditEvent)).one()
    assert event.changes == {"name": ["Bia", "Bia Reis"], "role": ["consulta", "financeiro"]}


def test_a_new_generated_password_replaces_the_old_and_ends_sessions(session):
    user = create_with_password(email="bia@example.com")
    _, password = service.reset_password(user.id, None, NOON, version=1)
    assert user.session_version == 2
    assert service.sign_in("bia@example.com", GOOD, NOON) is None
    assert service.sign_in("bia@example.com", password, NOON)


def test_the_same_click_sent_twice_generates_one_password(session):
    user = create_user()
    service.reset_password(user.id, None, NOON, version=1)
    kept = user.password_hash
    with pytest.raises(Conflict):
        service.reset_password(user.id, None, NOON, version=1)
    db.session.rollback()
    assert user.password_hash == kept


def test_who_does_not_exist_is_not_found(session):
    with pytest.raises(NotFound):
        service.reset_password(999, None, NOON)
    with pytest.raises(NotFound):
        service.set_active(999, False, None, NOON)


# --- one's own account ----------------------------------------------------------------------------
def test_ones_own_password_needs_the_current_one(session):
    user = create_with_password()
    with pytest.raises(InvalidValue) as refused:
        service.change_own_password(user.id, "errada errada", "outra frase longa", NOON)
    assert refused.value.field == "current"
    assert passwords.matches(user.password_hash, GOOD)


@pytest.mark.parametrize("new", [GOOD, "curta", "1234567890", "y" * 1_000_000])
def test_a_bad_new_password_is_refused(session, new):
    user = create_with_password()
    with pytest.raises(InvalidValue) as refused:
        service.change_own_password(user.id, GOOD, new, NOON)
    assert refused.value.field == "password"


def test_a_changed_password_ends_the_other_sessions(session):
    user = create_with_password(email="ana@example.com")
    service.change_own_password(user.id, GOOD, "outra frase longa", NOON)
    assert user.session_version == 2
    assert service.sign_in("ana@example.com", "outra frase longa", NOON)
    event = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).first()
    assert event.changes == {"password": ["•••", "•••"]}


# --- the first administrator ----------------------------------------------------------------------
def test_the_first_admin_is_made_once_with_a_random_password(session):
    password = service.ensure_first_admin(NOON)
    assert service.sign_in(FIRST_ADMIN, password, NOON).role is Role.ADMIN
    assert service.ensure_first_admin(NOON) is None
    assert password not in ("admin", "admin123", FIRST_ADMIN)


def test_where_there_is_anybody_no_admin_is_made(session):
    create_user(role="consulta", active=False)
    assert service.ensure_first_admin(NOON) is None
    assert db.session.scalar(select(func.count(User.id))) == 1


def test_processes_that_start_together_make_one_admin(app, session):
    start, passwords_made = Barrier(4), []

    def start_up():
        with app.app_context():
            start.wait()
            passwords_made.append(service.ensure_first_admin(NOON))

    threads = [Thread(target=start_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passwords_made) == 4
    assert len([password for password in passwords_made if password]) == 1
    assert db.session.scalar(select(func.count(User.id))) == 1


# --- the audit trail ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "statement", ["UPDATE audit_events SET actor_name = 'x'", "DELETE FROM audit_events"]
)
def test_the_database_itself_refuses_to_rewrite_the_audit_trail(session, statement):
    service.create({"name": "B", "email": "b@example.com", "role": "admin"}, None, NOON)
    with pytest.raises(DBAPIError, match="append-only"):
        db.session.execute(text(statement))
    db.session.rollback()
    assert actions() == ["users.create"]


def test_an_event_cannot_be_changed_through_the_session_either(session):
    service.create({"name": "B", "email": "b@example.com", "role": "admin"}, None, NOON)
    event = db.session.scalars(select(AuditEvent)).one()
    event.actor_name = "outra pessoa"
    with pytest.raises(RuntimeError, match="append-only"):
        db.session.commit()
    db.session.rollback()
