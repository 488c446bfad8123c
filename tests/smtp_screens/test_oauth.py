"""Accounts that sign in with OAuth 2.0: their secrets, their form, their e-mails."""

import json

import pytest
from sqlalchemy import text

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.deliveries import sender, testing
from portal.deliveries.states import State
from portal.smtp import access_tokens, accounts, service
from portal.smtp.account_rules import account_problems, account_warnings
from portal.smtp.addresses import DestinationPolicy
from portal.smtp.models import AccountState, AuthMethod, SmtpAccount, SmtpTestState
from portal.smtp.token_keeping import TokenKeeper
from tests.deliveries.test_sender import messages, queue
from tests.factories import NOON, create_account
from tests.smtp_screens.fields import account_fields
from tests.support.forms import post
from tests.support.smtp_server import ScriptedServer
from tests.support.token_endpoint import REFRESH_TOKEN, TokenEndpoint, refusal

USER = "financeiro@example.com"
CLIENT_SECRET = "segredo-do-aplicativo-xyz"
TOKEN_URL = "https://login.microsoftonline.com/common/oauth2/v2.0/token"
VALUES = {
    "name": "Microsoft",
    "host": "smtp.office365.com",
    "username": USER,
    "sender_address": USER,
    "auth_method": "xoauth2",
    "oauth_token_url": TOKEN_URL,
    "oauth_client_id": "app-1",
    "oauth_client_secret": CLIENT_SECRET,
    "oauth_refresh_token": REFRESH_TOKEN,
}
LATER = NOON.replace(hour=16)
URL = "/configuracoes/smtp"


@pytest.fixture(autouse=True)
def no_tokens(monkeypatch):
    monkeypatch.setattr(service, "wake", lambda *job: None)
    access_tokens._tokens.clear()
    access_tokens._replaced.clear()


def whole(**changes):
    return {**accounts.DEFAULTS, **VALUES, "port": 587, "password": "", **changes}


def fields(**changes):
    posted = {name: value for name, value in VALUES.items() if name != "sender_address"}
    return account_fields(**{**posted, "password": "", "minute_limit": "30", **changes})


# --- secrets --------------------------------------------------------------------------------------


def test_both_secrets_are_kept_as_ciphertext_bound_to_row_and_column(session):
    account = service.create(VALUES, None, NOON)
    keys = service.settings().keys
    stored = session.execute(
        text("SELECT oauth_client_secret, oauth_refresh_token FROM smtp_accounts")
    ).one()
    assert all(value.startswith("v1.") for value in stored)
    facts = accounts.server_of(account, keys).oauth
    assert (facts.client_secret, facts.refresh_token) == (CLIENT_SECRET, REFRESH_TOKEN)
    assert (facts.token_url, facts.client_id) == (TOKEN_URL, "app-1")
    assert CLIENT_SECRET not in repr(facts)


def test_secrets_are_not_in_the_audit_and_changing_one_outdates_the_test(session):
    account = service.create(VALUES, None, NOON)
    service.change(account.id, {"oauth_refresh_token": "novo-token"}, 1, None, LATER)
    events = session.query(AuditEvent).order_by(AuditEvent.id).all()
    assert events[-1].changes == {"oauth_refresh_token": ["•••", "•••"]}
    assert account.connection_changed_at == LATER
    assert "v1." not in json.dumps([event.changes for event in events])


def test_secrets_are_kept_when_nothing_is_typed_and_removed_when_asked(session):
    account = service.create(VALUES, None, NOON)
    keys = service.settings().keys
    values = {"oauth_client_secret": None, "oauth_refresh_token": None, "sender_name": "Rede"}
    service.change(account.id, values, 1, None, LATER)
    assert accounts.secret_of(account, "oauth_client_secret", keys) == CLIENT_SECRET
    service.change(account.id, {"oauth_client_secret": ""}, 2, None, LATER)
    assert (account.oauth_client_secret, account.oauth_refresh_token != "") == ("", True)


def test_an_account_with_a_password_needs_no_oauth_and_hands_none_over(session):
    account = service.create({**VALUES, "auth_method": "password"}, None, NOON)
    assert accounts.server_of(account, service.settings().keys).oauth.refresh_token == ""


def test_a_replaced_token_is_stored_unless_a_person_was_faster(session):
    account = service.create(VALUES, None, NOON)
    keys, place = service.settings().keys, accounts.place_of(account.id, "oauth_refresh_token")
    keeper = TokenKeeper(account.id, account.oauth_refresh_token, place, keys)
    session.commit()
    keeper("refresh-1")
    keeper("refresh-2")  # the same process goes on from what it stored
    session.refresh(account)
    assert accounts.secret_of(account, "oauth_refresh_token", keys) == "refresh-2"
    assert (account.version, account.connection_changed_at) == (1, NOON)
    service.change(account.id, {"oauth_refresh_token": "de-uma-pessoa"}, 1, None, LATER)
    keeper("refresh-3")
    session.refresh(account)
    assert accounts.secret_of(account, "oauth_refresh_token", keys) == "de-uma-pessoa"


def test_a_replaced_token_is_stored_although_the_old_one_was_written_with_a_new_key(session):
    account = service.create(VALUES, None, NOON)
    keys, place = service.settings().keys, accounts.place_of(account.id, "oauth_refresh_token")
    keeper = TokenKeeper(account.id, account.oauth_refresh_token, place, keys)
    old = accounts.secret_of(account, "oauth_refresh_token", keys)
    account.oauth_refresh_token = keys.encrypt(old, bound_to=place)  # `portal keys rotate`
    session.commit()
    keeper("refresh-1")
    session.refresh(account)
    assert accounts.secret_of(account, "oauth_refresh_token", keys) == "refresh-1"


# --- rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("oauth_token_url", ""),
        ("oauth_token_url", "http://login.microsoftonline.com/token"),
        ("oauth_token_url", "https://x" + "x" * 300),
        ("oauth_client_id", ""),
        ("oauth_refresh_token", "a\r\nb"),
        ("oauth_scope", "ç"),
        ("minute_limit", 0),
        ("minute_limit", 10**9),
    ],
)
def test_what_cannot_work_is_refused_beside_its_field(field, value):
    problems = account_problems(whole(**{field: value}), DestinationPolicy())
    assert {problem.field for problem in problems} == {field}


@pytest.mark.parametrize(
    ("missing", "usable"),
    [
        ({}, True),
        ({"oauth_refresh_token": ""}, False),
        ({"oauth_client_id": ""}, False),
        ({"username": ""}, False),
        ({"oauth_refresh_token": "", "requires_auth": False}, True),
    ],
)
def test_an_account_is_usable_once_all_for_the_token_is_there(session, missing, usable):
    assert create_account(**{**VALUES, "requires_auth": True, **missing}).has_credentials is usable


def test_an_account_as_microsoft_wants_it_is_fine_and_a_missing_token_is_a_warning():
    assert list(account_problems(whole(), DestinationPolicy())) == []
    assert list(account_warnings(whole())) == []
    (warning,) = account_warnings(whole(oauth_refresh_token=""))
    assert "refresh token" in warning


def test_an_hour_that_takes_less_than_a_minute_is_a_warning():
    (warning,) = account_warnings(whole(minute_limit=300))
    assert "por minuto" in warning


# --- pages ----------------------------------------------------------------------------------------


def test_the_form_saves_oauth_and_never_shows_a_secret_again(app, admin):
    assert post(admin, f"{URL}/nova", fields()).status_code == 303
    with app.app_context():
        account = db.session.get(SmtpAccount, 1)
        assert (account.auth_method, account.minute_limit) == (AuthMethod.XOAUTH2, 30)
        stored = (account.oauth_client_secret, account.oauth_refresh_token)
    for page in ("", "/1", "/1/limites", "/1/historico"):
        html = admin.get(URL + page).text
        assert not any(secret in html for secret in (CLIENT_SECRET, REFRESH_TOKEN, *stored))
    html = admin.get(f"{URL}/1").text
    assert "Há um token guardado" in html
    assert "Há um segredo guardado" in html


def test_empty_secrets_are_kept_and_the_box_removes_the_clients_secret(app, admin):
    post(admin, f"{URL}/nova", fields())
    kept = fields(oauth_client_secret="", oauth_refresh_token="", minute_limit="", version="1")
    post(admin, f"{URL}/1", kept)
    both = {**kept, "version": "2", "oauth_client_secret": "x", "clear_client_secret": "y"}
    assert post(admin, f"{URL}/1", both).status_code == 422
    with app.app_context():
        account = db.session.get(SmtpAccount, 1)
        assert account.minute_limit is None
        assert account.oauth_client_secret
        assert account.oauth_refresh_token
    post(admin, f"{URL}/1", {**kept, "version": "2", "clear_client_secret": "y"})
    with app.app_context():
        account = db.session.get(SmtpAccount, 1)
        assert (account.oauth_client_secret, account.oauth_refresh_token != "") == ("", True)


def test_a_refused_form_comes_back_without_the_secrets(admin):
    answer = post(admin, f"{URL}/nova", fields(oauth_client_id="", minute_limit="x"))
    assert answer.status_code == 422
    assert "Informe um número inteiro." in answer.text
    answer = post(admin, f"{URL}/nova", fields(oauth_client_id=""))
    assert "Informe o ID do aplicativo" in answer.text
    assert CLIENT_SECRET not in answer.text


def test_the_history_names_the_method_and_hides_the_secrets(admin):
    post(admin, f"{URL}/nova", fields(auth_method="password", password="senha-antiga"))
    post(admin, f"{URL}/1", fields(version="1", oauth_refresh_token="outro-token"))
    html = admin.get(f"{URL}/1/historico").text
    assert "OAuth 2.0" in html
    assert "Refresh token:</span> trocado" in html
    assert "outro-token" not in html


# --- e-mails --------------------------------------------------------------------------------------


def by_token(server, endpoint):
    """One title that waits for an account at `server`, which signs in with a token."""
    account = queue(server, test_recipient="teste@example.com")
    values = {name: value for name, value in VALUES.items() if name not in ("name", "host")}
    values |= {"requires_auth": True, "oauth_token_url": endpoint.url}
    service.change(account.id, values, account.version, None, NOON)
    return account.id


def test_boletos_leave_with_a_token_and_the_replaced_refresh_token_is_stored(session):
    with TokenEndpoint(rotate=True) as endpoint:
        with ScriptedServer(users={}, methods="XOAUTH2", tokens=endpoint.tokens) as server:
            account_id = by_token(server, endpoint)
            assert sender.drain(account_id) == 1
            assert server.accepted[0].user == USER
        account = db.session.get(SmtpAccount, account_id)
        keys = service.settings().keys
        assert accounts.secret_of(account, "oauth_refresh_token", keys) == "refresh-1"
    assert messages()[0].state == State.SENT


def test_a_refused_grant_pauses_the_account_and_keeps_the_queue(session):
    with (
        TokenEndpoint(refusal("invalid_grant")) as endpoint,
        ScriptedServer(users={}, methods="XOAUTH2", tokens=endpoint.tokens) as server,
    ):
        account_id = by_token(server, endpoint)
        sender.drain(account_id)
    account = db.session.get(SmtpAccount, account_id)
    assert account.state == AccountState.PAUSED
    assert "Autorize o aplicativo de novo" in account.pause_reason
    assert (messages()[0].state, messages()[0].cause) == (State.QUEUED, "oauth_refused")


def test_an_endpoint_that_is_down_lets_the_account_rest(session):
    with TokenEndpoint() as endpoint:
        pass
    with ScriptedServer(users={}, methods="XOAUTH2") as server:
        account_id = by_token(server, endpoint)
        sender.drain(account_id)
    account = db.session.get(SmtpAccount, account_id)
    assert account.state == AccountState.ACTIVE
    assert account.hold_until is not None
    assert messages()[0].cause == "oauth_unreachable"


def test_the_test_e_mail_tells_that_a_token_was_had(session):
    with (
        TokenEndpoint() as endpoint,
        ScriptedServer(users={}, methods="XOAUTH2", tokens=endpoint.tokens) as server,
    ):
        account_id = by_token(server, endpoint)
        queued = service.request_test(account_id, "", None, NOON, by_worker=False)
        testing.run(queued.id)
    assert queued.state == SmtpTestState.ACCEPTED
    (login,) = [step for step in queued.steps if step["stage"] == "login"]
    assert "token obtido em" in login["detail"]
