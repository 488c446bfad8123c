"""Saving accounts: what goes in, what is refused, and where the password is never seen."""

import json

import pytest
from sqlalchemy import text

from portal.core.audit import AuditEvent
from portal.core.crypto import KeyRing, SecretUnreadable, new_key
from portal.core.db import db
from portal.core.errors import Conflict, InvalidValue
from portal.smtp import accounts, service
from portal.smtp.account_rules import account_problems, account_warnings
from portal.smtp.addresses import DestinationPolicy
from portal.smtp.models import AccountState, Security, SmtpAccount
from tests.factories import NOON, create_account
from tests.smtp_screens.fields import PASSWORD

VALUES = {
    "name": "Financeiro",
    "host": "smtp.example.com",
    "port": 587,
    "security": "starttls",
    "username": "financeiro@example.com",
    "password": PASSWORD,
    "sender_address": "financeiro@example.com",
}
PUBLIC_ONLY = DestinationPolicy()
LATER = NOON.replace(hour=16)


def whole(**changes):
    return {**accounts.DEFAULTS, **VALUES, **changes}


def refused_fields(policy=PUBLIC_ONLY, **changes):
    return {problem.field for problem in account_problems(whole(**changes), policy)}


def test_an_account_as_in_the_manual_is_accepted(session):
    account = service.create(VALUES, None, NOON)
    assert (account.security, account.state) == (Security.STARTTLS, AccountState.ACTIVE)
    assert (account.hourly_limit, account.daily_limit, account.utf8) == (200, 2000, True)


def test_the_password_is_kept_as_ciphertext_bound_to_its_row(session):
    first, second = (
        service.create(VALUES, None, NOON),
        service.create({**VALUES, "name": "Outra"}, None, NOON),
    )
    keys = service.settings().keys
    stored = session.execute(text("SELECT password FROM smtp_accounts")).scalars().all()
    assert all(PASSWORD not in value for value in stored)
    assert accounts.server_of(first, keys).password == PASSWORD
    first.password = second.password
    with pytest.raises(SecretUnreadable):
        accounts.password_of(first, keys)
    session.rollback()
    with pytest.raises(SecretUnreadable):
        accounts.server_of(first, KeyRing.parse(new_key()))


def test_the_server_of_an_account_has_all_that_sending_needs(session):
    account = create_account(host="smtp.example.com", port=465, security=Security.SSL, reply_to="")
    server = accounts.server_of(account, service.settings().keys)
    assert (server.host, server.port, server.security) == ("smtp.example.com", 465, "ssl")
    assert (server.requires_auth, server.password) == (False, "")


def test_no_password_in_audit_or_its_representation(session):
    account = service.create(VALUES, None, NOON)
    service.change(account.id, {"password": "nova-" + PASSWORD}, account.version, None, LATER)
    events = session.query(AuditEvent).all()
    written = json.dumps([[event.summary, event.changes] for event in events])
    assert PASSWORD not in written
    assert "v1." not in written  # nor its ciphertext
    assert events[-1].changes["password"] == ["•••", "•••"]
    assert PASSWORD not in repr(accounts.server_of(account, service.settings().keys))


def test_an_unchanged_save_changes_neither_version_nor_stamps(session):
    account = service.create(VALUES, None, NOON)
    service.change(account.id, VALUES, account.version, None, LATER)
    assert (account.version, account.connection_changed_at) == (1, NOON)
    assert session.query(AuditEvent).count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"host": "smtp2.example.com"},
        {"port": 2525},
        {"security": "ssl"},
        {"username": "outro@example.com"},
        {"password": "outra"},
        {"password": ""},
        {"requires_auth": False},
        {"sender_address": "outro@example.com"},
    ],
)
def test_a_change_of_the_connection_makes_the_last_test_worthless(session, change):
    account = service.create(VALUES, None, NOON)
    account.tested_at, account.test_accepted = NOON, True
    session.commit()
    assert account.test_is_current
    service.change(account.id, change, account.version, None, LATER)
    assert account.connection_changed_at == LATER
    assert not account.test_is_current


@pytest.mark.parametrize(
    "change", [{"name": "Boletos"}, {"hourly_limit": 50}, {"sender_name": "X"}]
)
def test_other_changes_leave_the_test_current(session, change):
    account = service.create(VALUES, None, NOON)
    service.change(account.id, change, account.version, None, LATER)
    assert account.connection_changed_at == NOON


def test_a_changed_message_is_stamped_apart_from_the_connection(session):
    account = service.create(VALUES, None, NOON)
    service.change_message(account.id, "Assunto", "Olá #cliente_nome#", 1, None, LATER)
    assert (account.message_changed_at, account.connection_changed_at) == (LATER, NOON)


def test_empty_password_keeps_and_removal_removes(session):
    account = service.create(VALUES, None, NOON)
    keys = service.settings().keys
    service.change(account.id, {"password": None, "port": 465}, 1, None, LATER)
    assert accounts.password_of(account, keys) == PASSWORD
    service.change(account.id, {"password": ""}, 2, None, LATER)
    assert account.password == ""


def test_the_second_of_two_editors_is_told(session):
    account = service.create(VALUES, None, NOON)
    service.change(account.id, {"port": 465}, 1, None, LATER)
    with pytest.raises(Conflict, match="Outra pessoa salvou"):
        service.change(account.id, {"port": 2525}, 1, None, LATER)
    assert account.port == 465


def test_names_are_unique(session):
    service.create(VALUES, None, NOON)
    with pytest.raises(InvalidValue, match="Já existe") as error:
        service.create(VALUES, None, NOON)
    assert error.value.field == "name"
    other = service.create({**VALUES, "name": "Outra"}, None, NOON)
    with pytest.raises(InvalidValue, match="Já existe"):
        service.change(other.id, {"name": "Financeiro"}, 1, None, LATER)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 81),
        ("host", ""),
        ("host", "smtp.example.com:25"),
        ("host", "https://smtp.example.com"),
        ("host", "a b"),
        ("port", 22),
        ("port", 80),
        ("port", 6379),
        ("port", 70000),
        ("username", ""),
        ("password", "x" * 501),
        ("password", "a\r\nb"),
        ("sender_address", ""),
        ("sender_address", "a@example.com\nRCPT TO:<x@example.com>"),
        ("sender_address", "a@example.com,b@example.com"),
        ("sender_name", "Rede\r\nBcc: x@example.com"),
        ("reply_to", "sem arroba"),
        ("test_recipient", '"a b"@example.com'),
        ("hourly_limit", 0),
        ("daily_limit", 10**9),
        ("max_connections", 0),
    ],
)
def test_what_cannot_work_is_refused_beside_its_field(field, value):
    assert field in refused_fields(**{field: value})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "100.64.0.1"]
)
def test_private_addresses_need_the_permission_of_the_installation(host):
    assert "host" in refused_fields(host=host)
    allowed = DestinationPolicy(allow=("127.0.0.0/8", "10.0.0.0/8", "::1"))
    expected = host not in ("127.0.0.1", "10.1.2.3", "::1")
    assert ("host" in refused_fields(policy=allowed, host=host)) is expected


def test_a_user_is_only_asked_for_where_login_is():
    assert not refused_fields(username="", requires_auth=False)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"port": 587, "security": Security.SSL}, "587"),
        ({"port": 465, "security": Security.STARTTLS}, "465"),
        ({"password": ""}, "senha"),
        ({"requires_auth": False}, "autenticação"),
        ({"security": Security.NONE}, "criptografia"),
        ({"hourly_limit": 500, "daily_limit": 100}, "dia"),
    ],
)
def test_what_is_seldom_right_is_a_warning(changes, word):
    assert any(word in warning for warning in account_warnings(whole(**changes)))


def test_an_account_as_in_the_manual_has_no_warning():
    assert list(account_warnings(whole())) == []


def test_pausing_asks_for_a_reason_and_is_audited(session):
    account = create_account()
    with pytest.raises(InvalidValue):
        service.pause(account.id, "  ", None, NOON)
    service.pause(account.id, "Provedor em manutenção", None, NOON)
    assert (account.state, account.pause_reason, account.paused_at) == (
        AccountState.PAUSED,
        "Provedor em manutenção",
        NOON,
    )
    with pytest.raises(Conflict):
        service.pause(account.id, "de novo", None, NOON)
    service.resume(account.id, None, LATER)
    assert (account.state, account.pause_reason, account.paused_at) == (
        AccountState.ACTIVE,
        "",
        None,
    )
    with pytest.raises(Conflict):
        service.resume(account.id, None, LATER)
    actions = [event.action for event in session.query(AuditEvent).order_by(AuditEvent.id)]
    assert actions == ["smtp.pause", "smtp.resume"]


def test_resuming_wakes_the_queue_of_the_account(session, monkeypatch):
    woken = []
    monkeypatch.setattr(service, "wake", lambda *job: woken.append(job))
    account = create_account(state=AccountState.PAUSED)
    service.resume(account.id, None, NOON)
    assert woken == [("jobs.deliveries.drain", account.id)]


def test_a_name_taken_meanwhile_by_another_process_is_refused_not_a_crash(session, monkeypatch):
    service.create(VALUES, None, NOON)
    monkeypatch.setattr(accounts, "by_name", lambda name: None)  # as it was a moment ago
    with pytest.raises(InvalidValue, match="Já existe"):
        service.create(VALUES, None, NOON)
    assert db.session.query(SmtpAccount).count() == 1
