"""A mailbox without a password of its own is read by the OAuth grant of its account."""

from collections.abc import Iterator

import pytest

from portal.deliveries.bounces import service
from portal.deliveries.bounces.words import MICROSOFT_SCOPE
from portal.smtp import accounts
from portal.smtp.models import AuthMethod, SmtpAccount
from tests.bounces.conftest import PASSWORD, USER, sample
from tests.support.imap_server import NOON, ImapServer
from tests.support.pages import words
from tests.support.token_endpoint import REFRESH_TOKEN, TokenEndpoint, refusal


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    with TokenEndpoint(user=USER) as server:
        yield server


@pytest.fixture
def imap(endpoint) -> Iterator[ImapServer]:
    """A mailbox as Microsoft 365 has it: only tokens are of use."""
    with ImapServer(users={}, tokens=endpoint.tokens) as server:
        yield server


@pytest.fixture
def account_id(reading_account, session, settings, endpoint) -> int:
    """An account that signs in by token, its mailbox without a password."""
    account_id = reading_account(
        auth_method=AuthMethod.XOAUTH2,
        oauth_token_url=endpoint.url,
        oauth_client_id="portal",
        oauth_scope=f"https://outlook.office.com/SMTP.Send {MICROSOFT_SCOPE}",
    )
    account = session.get_one(SmtpAccount, account_id)
    place = accounts.place_of(account_id, "oauth_refresh_token")
    account.oauth_refresh_token = settings.keys.encrypt(REFRESH_TOKEN, bound_to=place)
    account.imap_password = ""
    session.commit()
    return account_id


def test_the_mailbox_is_read_with_a_token_of_the_account_s_grant(account_id, imap, endpoint):
    imap.deliver(sample("postfix"))
    reading = service.read_account(account_id, NOON)
    assert (reading.mails, reading.error) == (1, "")
    assert imap.said("AUTHENTICATE") == ["AUTHENTICATE XOAUTH2"]
    assert MICROSOFT_SCOPE in endpoint.asked[0]["scope"]
    assert service.read_account(account_id, NOON).error == ""
    assert len(endpoint.asked) == 1  # the token was still good


def test_a_token_revoked_before_its_time_is_had_anew(account_id, endpoint):
    service.read_account(account_id, NOON)
    endpoint.tokens.clear()
    assert service.read_account(account_id, NOON).error == ""
    assert len(endpoint.asked) == 2


def test_a_refused_token_names_the_scope_and_never_shows_the_token(account_id, endpoint, session):
    endpoint.user = "outra@example.com"
    error = service.read_account(account_id, NOON).error
    assert "recusou o token de acesso da conta" in error
    assert MICROSOFT_SCOPE in error
    assert "AUTHENTICATE failed: •••" in error
    assert "at-1" not in error
    assert session.get_one(SmtpAccount, account_id).imap_error == error


def test_a_refused_grant_says_where_to_put_the_new_one(account_id, endpoint):
    endpoint.odd.append(refusal("invalid_grant", "AADSTS65001: consent required"))
    error = service.read_account(account_id, NOON).error
    assert "a autorização foi recusada" in error
    assert "aba Conta" in error
    assert "AADSTS65001" in error


def test_a_server_that_takes_no_tokens_is_told_before_one_is_asked_for(account_id, imap, endpoint):
    imap.tokens = None
    assert "não aceita login por token (XOAUTH2)" in service.read_account(account_id, NOON).error
    assert endpoint.asked == []


def test_a_password_of_the_mailbox_goes_first(account_id, imap, endpoint, session, settings):
    place = service.settings.secret_place(account_id)
    account = session.get_one(SmtpAccount, account_id)
    account.imap_password = settings.keys.encrypt(PASSWORD, bound_to=place)
    session.commit()
    imap.users = {USER: PASSWORD}
    assert service.read_account(account_id, NOON).error == ""
    assert endpoint.asked == []


def test_the_tab_says_when_the_token_is_used_and_which_scope_it_needs(app, admin, account_id):
    page = words(admin.get(f"/configuracoes/smtp/{account_id}/devolucoes"))
    assert "a caixa não tem senha: ela é lida com o mesmo token de acesso" in page
    assert MICROSOFT_SCOPE in page
