"""Signing in with OAuth 2.0: the token endpoint, the cache, SASL XOAUTH2, and every refusal."""

import base64
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.smtp import access_tokens, token_endpoint
from portal.smtp.addresses import DestinationPolicy
from portal.smtp.causes import explain
from portal.smtp.failures import Failure, Kind
from portal.smtp.probe import probe
from portal.smtp.server import OAuth
from portal.smtp.sockets import Reach
from portal.smtp.stages import Stage
from portal.smtp.token_endpoint import url_problem
from portal.smtp.transport import SmtpSession
from tests.smtp.conftest import LOOPBACK, NAME, Stages, account, files, mail, to_loopback
from tests.support.certificates import Certificates
from tests.support.smtp_server import Fault, ScriptedServer
from tests.support.token_endpoint import REFRESH_TOKEN, Odd, TokenEndpoint, refusal

MakeSession = Callable[..., SmtpSession]
USER = "financeiro@example.com"
SECRET = "segredo-do-aplicativo"
REACH = Reach(LOOPBACK, to_loopback)


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """No token of another test."""
    access_tokens._tokens.clear()
    access_tokens._replaced.clear()


def oauth(endpoint: TokenEndpoint, **changes: object) -> OAuth:
    facts = {
        "token_url": endpoint.url,
        "client_id": "app-1",
        "client_secret": SECRET,
        "refresh_token": REFRESH_TOKEN,
        "scope": "smtp",
    }
    return OAuth(**{**facts, **changes})  # type: ignore[arg-type]


def mail_server(endpoint: TokenEndpoint, *faults: Fault) -> ScriptedServer:
    return ScriptedServer(*faults, users={}, methods="PLAIN XOAUTH2", tokens=endpoint.tokens)


def by_token(endpoint: TokenEndpoint, **changes: object) -> dict[str, object]:
    return {"auth_method": "xoauth2", "password": "", "oauth": oauth(endpoint, **changes)}


def login_failure(session: SmtpSession) -> Failure:
    with pytest.raises(Failure) as caught:
        session.open()
    assert caught.value.stage is Stage.LOGIN
    return caught.value


def token_failure(facts: OAuth, reach: Reach = REACH) -> Failure:
    with pytest.raises(Failure) as caught:
        access_tokens.access_token(facts, reach)
    assert caught.value.stage is Stage.LOGIN
    return caught.value


def test_a_refresh_token_buys_an_access_token_that_signs_in(session_to: MakeSession) -> None:
    heard = Stages()
    with TokenEndpoint() as endpoint, mail_server(endpoint) as server:
        session_to(server, heard, **by_token(endpoint)).deliver(mail(), "maria@example.com")
    assert server.accepted[0].user == USER
    assert endpoint.asked == [
        {
            "grant_type": "refresh_token",
            "client_id": "app-1",
            "client_secret": SECRET,
            "refresh_token": REFRESH_TOKEN,
            "scope": "smtp",
        }
    ]
    login = dict(heard)[Stage.LOGIN]
    assert login.startswith(f"{USER}, token obtido em ")
    sent = base64.b64encode(f"user={USER}\1auth=Bearer at-1\1\1".encode()).decode()
    assert f"AUTH XOAUTH2 {sent}" in server.commands


def test_a_public_client_sends_neither_secret_nor_scope() -> None:
    with TokenEndpoint() as endpoint:
        access_tokens.access_token(oauth(endpoint, client_secret="", scope=""), REACH)
    assert endpoint.asked[0].keys() == {"grant_type", "client_id", "refresh_token"}


def test_a_token_serves_many_connections_until_a_minute_before_its_end(
    session_to: MakeSession,
) -> None:
    with TokenEndpoint() as endpoint, mail_server(endpoint) as server:
        for _ in range(3):
            session_to(server, **by_token(endpoint)).open()
        assert len(endpoint.asked) == 1
    with TokenEndpoint(expires_in=60) as endpoint, mail_server(endpoint) as server:
        for _ in range(3):
            session_to(server, **by_token(endpoint)).open()
        assert len(endpoint.asked) == 3


@pytest.mark.parametrize(("expires_in", "left"), [(3600, 3540), (None, 240), (100, 40)])
def test_the_time_that_is_left_leaves_a_minute(expires_in: int | None, left: float) -> None:
    with TokenEndpoint(expires_in=expires_in) as endpoint:
        token = access_tokens.access_token(oauth(endpoint), REACH)
    assert left - 5 < token.use_until - time.monotonic() <= left


def test_a_changed_account_does_not_live_on_the_token_of_the_old_one() -> None:
    with TokenEndpoint() as endpoint:
        for grant in ("1:monday", "1:monday", "1:tuesday"):
            access_tokens.access_token(oauth(endpoint, grant=grant), REACH)
    assert len(endpoint.asked) == 2


def test_a_token_revoked_before_its_end_is_replaced_once(session_to: MakeSession) -> None:
    with TokenEndpoint() as endpoint, mail_server(endpoint) as server:
        session_to(server, **by_token(endpoint)).open()
        endpoint.tokens.clear()
        session_to(server, **by_token(endpoint)).deliver(mail(), "maria@example.com")
    assert len(endpoint.asked) == 2
    assert len(server.accepted) == 1


def test_a_refused_token_is_told_with_an_empty_line_and_stops_the_account(
    session_to: MakeSession,
) -> None:
    with TokenEndpoint(user="other@example.com") as endpoint, mail_server(endpoint) as server:
        failure = login_failure(session_to(server, **by_token(endpoint)))
        assert "" in server.commands  # the answer to the error in JSON
        assert len(endpoint.asked) == 1  # a fresh token that is refused is not asked for again
        login_failure(session_to(server, **by_token(endpoint)))
        assert len(endpoint.asked) == 2  # and not used again
    assert (failure.kind, failure.cause) == (Kind.ACCOUNT, "oauth_login_refused")
    assert (failure.code, failure.reply) == (535, "535 5.7.3 Authentication unsuccessful")


@pytest.mark.parametrize(
    ("text", "kind", "cause"),
    [
        ("535 5.7.139 SmtpClientAuthentication is disabled", Kind.ACCOUNT, "smtp_auth_disabled"),
        ("550 5.7.1 no", Kind.ACCOUNT, "oauth_login_refused"),
        ("454 4.7.0 Temporary authentication failure", Kind.TEMPORARY, "server_trouble"),
        ("421 4.7.0 Too many login attempts", Kind.TEMPORARY, "login_throttled"),
    ],
)
def test_other_refusals_keep_their_own_cause(
    session_to: MakeSession, text: str, kind: Kind, cause: str
) -> None:
    with TokenEndpoint() as endpoint, mail_server(endpoint, Fault("auth", text=text)) as server:
        failure = login_failure(session_to(server, **by_token(endpoint)))
    assert (failure.kind, failure.cause) == (kind, cause)


def test_a_server_that_echoes_tokens_does_not_make_us_show_them(session_to: MakeSession) -> None:
    sent = base64.b64encode(f"user={USER}\1auth=Bearer at-1\1\1".encode()).decode()
    fault = Fault("auth", text=f"535 {sent} at-1 {SECRET} {REFRESH_TOKEN}")
    with TokenEndpoint() as endpoint, mail_server(endpoint, fault) as server:
        failure = login_failure(session_to(server, **by_token(endpoint)))
    assert failure.reply == "535 ••• ••• ••• •••"


def test_the_token_is_not_even_asked_for_where_it_could_not_be_used(
    session_to: MakeSession,
) -> None:
    with TokenEndpoint() as endpoint:
        with ScriptedServer(users={}, methods="PLAIN LOGIN") as server:
            failure = login_failure(session_to(server, **by_token(endpoint)))
        assert failure.cause == "auth_method_unsupported"
        with mail_server(endpoint) as server:
            missing = {"username": "", **by_token(endpoint)}
            assert login_failure(session_to(server, **missing)).cause == "credentials_missing"
    assert endpoint.asked == []


@pytest.mark.parametrize("missing", ["token_url", "client_id", "refresh_token"])
def test_an_account_without_all_that_a_token_needs_says_so(missing: str) -> None:
    with TokenEndpoint() as endpoint:
        failure = token_failure(oauth(endpoint, **{missing: ""}))
        assert endpoint.asked == []
    assert (failure.kind, failure.cause) == (Kind.ACCOUNT, "oauth_missing")


# --- the endpoint misbehaves ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("odd", "kind", "cause", "reply"),
    [
        (
            refusal("invalid_grant", "AADSTS70008: The refresh token has expired."),
            Kind.ACCOUNT,
            "oauth_refused",
            "400 invalid_grant: AADSTS70008: The refresh token has expired.",
        ),
        (refusal("invalid_client", status=401), Kind.ACCOUNT, "oauth_refused", "401 invalid_cli"),
        (Odd(404, b"<h1>Not found</h1>"), Kind.ACCOUNT, "oauth_refused", "404"),
        (
            Odd(302, headers={"Location": "http://127.0.0.1/"}),
            Kind.ACCOUNT,
            "oauth_refused",
            "302",
        ),
        (Odd(503, b""), Kind.TEMPORARY, "oauth_unreachable", "503"),
        (Odd(429, {"error": "slow_down"}), Kind.TEMPORARY, "oauth_unreachable", "429 slow_down"),
        (refusal("temporarily_unavailable"), Kind.TEMPORARY, "oauth_unreachable", "400 temp"),
        (Odd(200, b"<html>"), Kind.TEMPORARY, "oauth_unreachable", "200 sem access_token"),
        (Odd(200, {"access_token": "a\1b"}), Kind.TEMPORARY, "oauth_unreachable", "200 sem"),
        (Odd(200, {"access_token": 7}), Kind.TEMPORARY, "oauth_unreachable", "200 sem"),
        (Odd(200, b"[" * 60_000), Kind.TEMPORARY, "oauth_unreachable", "200 sem"),
        (Odd(200, b"x" * 100_000), Kind.TEMPORARY, "oauth_unreachable", "200: the answer passes"),
        (Odd(do="drop"), Kind.TEMPORARY, "oauth_unreachable", ""),
    ],
)
def test_each_answer_of_the_endpoint_has_its_class(
    odd: Odd, kind: Kind, cause: str, reply: str
) -> None:
    with TokenEndpoint(odd) as endpoint:
        failure = token_failure(oauth(endpoint))
        assert access_tokens.access_token(oauth(endpoint), REACH).text == "at-1"  # nothing is kept
    assert (failure.kind, failure.cause) == (kind, cause)
    assert failure.reply.startswith(reply)


@pytest.mark.parametrize("do", ["hang", "drip"])
def test_an_endpoint_that_never_ends_is_left_after_its_time(
    do: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_endpoint.post_form, "__defaults__", (0.4,))
    started = time.monotonic()
    with TokenEndpoint(Odd(do=do)) as endpoint:
        failure = token_failure(oauth(endpoint))
    assert (failure.kind, failure.cause) == (Kind.TEMPORARY, "oauth_unreachable")
    assert time.monotonic() - started < 3


def test_an_endpoint_that_is_down_is_temporary() -> None:
    with TokenEndpoint() as endpoint:
        facts = oauth(endpoint)
    failure = token_failure(facts)
    assert (failure.kind, failure.cause) == (Kind.TEMPORARY, "oauth_unreachable")


def test_secrets_in_the_endpoints_words_are_hidden() -> None:
    with TokenEndpoint(refusal("invalid_grant", f"{REFRESH_TOKEN} {SECRET}")) as endpoint:
        failure = token_failure(oauth(endpoint))
    assert failure.reply == "400 invalid_grant: ••• •••"


def test_nothing_secret_is_in_a_representation() -> None:
    with TokenEndpoint() as endpoint, ScriptedServer() as server:
        facts = account(server, password="", auth_method="xoauth2", oauth=oauth(endpoint))
        token = access_tokens.access_token(facts.oauth, REACH)
    shown = repr((facts, token))
    assert not any(secret in shown for secret in (SECRET, REFRESH_TOKEN, token.text))


# --- a refresh token that the provider replaces ---------------------------------------------------


def test_a_replaced_refresh_token_is_handed_over_and_used_from_then_on() -> None:
    kept: list[str] = []
    with TokenEndpoint(rotate=True, expires_in=0) as endpoint:
        facts = oauth(endpoint, keep=kept.append)
        for _ in range(3):
            access_tokens.access_token(facts, REACH)
    assert kept == ["refresh-1", "refresh-2", "refresh-3"]
    assert [asked["refresh_token"] for asked in endpoint.asked] == [
        REFRESH_TOKEN,
        "refresh-1",
        "refresh-2",
    ]


def test_a_token_that_could_not_be_stored_still_sends(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_token: str) -> None:
        raise RuntimeError("database gone")

    with TokenEndpoint(rotate=True) as endpoint:
        assert access_tokens.access_token(oauth(endpoint, keep=fails), REACH).text == "at-1"
    assert "could not be stored" in caplog.text
    assert "refresh-1" not in caplog.text


def test_a_replaced_refresh_token_is_no_reason_to_connect_again() -> None:
    with TokenEndpoint() as endpoint, ScriptedServer() as server:
        before = account(server, oauth=oauth(endpoint, grant="1"))
        after = account(server, oauth=oauth(endpoint, grant="1", refresh_token="refresh-9"))
    assert before == after


# --- where the endpoint may be --------------------------------------------------------------------


def test_tls_is_verified_against_the_endpoints_name(
    certificates: Certificates, trusted_ca: Path
) -> None:
    with TokenEndpoint(certificate=files(certificates.good)) as endpoint:
        url = f"https://{NAME}:{endpoint.port}/token"
        assert access_tokens.access_token(oauth(endpoint, token_url=url), REACH).text == "at-1"
        wrong = f"https://other.example.test:{endpoint.port}/token"
        failure = token_failure(oauth(endpoint, token_url=wrong))
    assert (failure.kind, failure.cause) == (Kind.TEMPORARY, "oauth_unreachable")
    assert len(endpoint.asked) == 1


def test_an_unknown_authority_gets_no_secret(certificates: Certificates) -> None:
    with TokenEndpoint(certificate=files(certificates.good)) as endpoint:
        failure = token_failure(oauth(endpoint, token_url=f"https://{NAME}:{endpoint.port}/token"))
    assert failure.cause == "oauth_unreachable"
    assert endpoint.asked == []


@pytest.mark.parametrize(
    ("url", "answers"),
    [
        ("https://oauth.example.com/token", ["127.0.0.1"]),
        ("https://oauth.example.com/token", ["169.254.169.254"]),
        ("https://oauth.example.com/token", ["::ffff:10.0.0.1"]),
        ("https://oauth.example.com:6379/token", ["8.8.8.8"]),
        ("https://oauth.example.com:25/token", ["8.8.8.8"]),
        ("http://oauth.example.com:443/token", ["8.8.8.8"]),
        ("ftp://oauth.example.com/token", ["8.8.8.8"]),
        ("nonsense", ["8.8.8.8"]),
    ],
)
def test_addresses_that_may_not_be_reached_are_refused_unasked(
    url: str, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_args: object) -> None:
        raise AssertionError("connected")

    monkeypatch.setattr(token_endpoint, "connect", forbidden)
    reach = Reach(DestinationPolicy(), lambda _host, _timeout: answers)
    failure = token_failure(OAuth(url, "app", refresh_token="r"), reach)
    assert (failure.kind, failure.cause) == (Kind.ACCOUNT, "oauth_address_refused")


@pytest.mark.parametrize(
    ("url", "allow", "fine"),
    [
        ("https://login.microsoftonline.com/common/oauth2/v2.0/token", (), True),
        ("http://login.microsoftonline.com/token", (), False),
        ("http://127.0.0.1:9999/token", (), False),
        ("http://127.0.0.1:9999/token", ("127.0.0.1",), True),
        ("http://sso.lan/token", ("sso.lan",), True),
        ("http://sso.lan/token", ("other.lan",), False),
        ("https://user:pass@example.com/token", (), False),
        ("https://example.com:99999/token", (), False),
        ("https://exa mple.com/token", (), False),
        ("login.microsoftonline.com", (), False),
        ("", (), False),
    ],
)
def test_which_addresses_may_be_saved(url: str, allow: tuple[str, ...], fine: bool) -> None:
    assert (url_problem(url, DestinationPolicy(allow)) is None) is fine


# --- the test e-mail ------------------------------------------------------------------------------


def test_a_test_gets_a_token_of_its_own_and_tells_how_long_it_took(
    session_to: MakeSession,
) -> None:
    with TokenEndpoint() as endpoint, mail_server(endpoint) as server:
        session_to(server, **by_token(endpoint)).open()
        result = probe(account(server, **by_token(endpoint)), None, "", LOOPBACK)
    assert result.accepted
    assert "token obtido em " in result.steps[-1].detail
    assert len(endpoint.asked) == 2


def test_a_refused_grant_is_explained_with_its_cure() -> None:
    with TokenEndpoint(refusal("invalid_grant")) as endpoint, mail_server(endpoint) as server:
        result = probe(account(server, **by_token(endpoint)), None, "", LOOPBACK)
    assert (result.outcome, result.stage, result.cause) == ("account", "login", "oauth_refused")
    assert "Autorize o aplicativo de novo" in result.cure
    assert result.reply == "400 invalid_grant"


def test_the_endpoint_is_named_where_it_cannot_be_reached() -> None:
    with ScriptedServer() as server:
        facts = account(server, oauth=OAuth("https://login.example.com/token"))
    assert "tokens de login.example.com" in explain("oauth_unreachable", facts).title
    assert "tokens do provedor" in explain("oauth_unreachable").title
