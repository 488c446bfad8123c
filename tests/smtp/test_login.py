"""Signing in: the ways that servers offer, and what each refusal means."""

import base64
from collections.abc import Callable

import pytest

from portal.smtp.failures import Failure, Kind
from portal.smtp.stages import Stage
from portal.smtp.transport import SmtpSession
from tests.smtp.conftest import IMPATIENT, PASSWORD, USERS, mail
from tests.support.smtp_server import Fault, ScriptedServer

MakeSession = Callable[..., SmtpSession]


def failure_of(session: SmtpSession) -> Failure:
    with pytest.raises(Failure) as caught:
        session.open()
    assert caught.value.stage is Stage.LOGIN
    return caught.value


@pytest.mark.parametrize("methods", ["PLAIN", "LOGIN", "PLAIN LOGIN", "login plain", "X LOGIN"])
def test_any_offered_way_signs_in_with_any_characters(
    session_to: MakeSession, methods: str
) -> None:
    with ScriptedServer(users=USERS, methods=methods) as server:
        session_to(server).deliver(mail(), "a@example.com")
    assert server.accepted[0].user == "financeiro@example.com"


def test_a_listed_but_unknown_way_is_passed_over(session_to: MakeSession) -> None:
    with ScriptedServer(Fault("auth", text="504 5.5.4 no", times=1), users=USERS) as server:
        session_to(server).open()
    tried = [line.split()[1] for line in server.commands if line.startswith("AUTH")]
    assert tried == ["PLAIN", "LOGIN"]


def test_a_refused_password_is_not_tried_a_second_time(session_to: MakeSession) -> None:
    with ScriptedServer(users={"other": "x"}) as server:
        assert failure_of(session_to(server)).cause == "wrong_password"
    assert len([line for line in server.commands if line.startswith("AUTH")]) == 1


@pytest.mark.parametrize(
    ("text", "kind", "cause"),
    [
        ("535 5.7.8 bad", Kind.ACCOUNT, "wrong_password"),
        ("534 5.7.9 Application-specific password required", Kind.ACCOUNT, "app_password_required"),
        ("535 5.7.139 SmtpClientAuthentication is disabled", Kind.ACCOUNT, "smtp_auth_disabled"),
        ("550 5.7.1 no", Kind.ACCOUNT, "login_refused"),
        ("454 4.7.0 Temporary authentication failure", Kind.TEMPORARY, "server_trouble"),
        ("421 4.7.0 Too many login attempts", Kind.TEMPORARY, "login_throttled"),
        ("250 what", Kind.TEMPORARY, "garbage"),
    ],
)
def test_refused_logins(session_to: MakeSession, text: str, kind: Kind, cause: str) -> None:
    with ScriptedServer(Fault("auth", text=text), users=USERS) as server:
        failure = failure_of(session_to(server))
    assert (failure.kind, failure.cause, failure.reply) == (kind, cause, text)


@pytest.mark.parametrize(("do", "cause"), [("drop", "dropped"), ("hang", "timeout")])
def test_a_login_that_breaks_is_temporary(session_to: MakeSession, do: str, cause: str) -> None:
    with ScriptedServer(Fault("auth", do), users=USERS) as server:
        failure = failure_of(session_to(server, timeouts=IMPATIENT))
    assert (failure.kind, failure.cause) == (Kind.TEMPORARY, cause)


def test_a_server_that_echoes_the_password_does_not_make_us_show_it(
    session_to: MakeSession,
) -> None:
    sent = base64.b64encode(f"\0financeiro@example.com\0{PASSWORD}".encode()).decode()
    with ScriptedServer(Fault("auth", text=f"535 {PASSWORD} {sent}"), users=USERS) as server:
        failure = failure_of(session_to(server))
    assert failure.reply == "535 ••• •••"
    assert PASSWORD not in str(failure)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"password": ""}, "credentials_missing"),
        ({"username": ""}, "credentials_missing"),
        ({"auth_method": "kerberos"}, "auth_method_unsupported"),
    ],
)
def test_an_account_that_cannot_sign_in_does_not_try(
    session_to: MakeSession, changes: dict[str, str], cause: str
) -> None:
    with ScriptedServer(users=USERS) as server:
        failure = failure_of(session_to(server, **changes))
    assert (failure.kind, failure.cause) == (Kind.ACCOUNT, cause)
    assert not any(line.startswith("AUTH") for line in server.commands)


def test_a_server_without_any_way_that_we_know(session_to: MakeSession) -> None:
    with ScriptedServer(users=USERS, methods="GSSAPI NTLM") as server:
        assert failure_of(session_to(server)).cause == "auth_method_unsupported"


def test_a_server_without_login_says_so(session_to: MakeSession) -> None:
    with ScriptedServer() as server:
        failure = failure_of(session_to(server, requires_auth=True))
    assert (failure.kind, failure.cause) == (Kind.ACCOUNT, "auth_missing")


def test_a_login_hidden_until_tls_says_that_tls_is_needed(session_to: MakeSession) -> None:
    with ScriptedServer(extensions=("STARTTLS",)) as server:
        failure = failure_of(session_to(server, requires_auth=True))
    assert (failure.kind, failure.cause) == (Kind.ACCOUNT, "tls_required")


def test_an_account_without_login_on_a_server_that_asks_for_one(session_to: MakeSession) -> None:
    with ScriptedServer(users=USERS) as server, pytest.raises(Failure) as caught:
        session_to(server, requires_auth=False).deliver(mail(), "a@example.com")
    assert (caught.value.kind, caught.value.cause) == (Kind.ACCOUNT, "auth_required")
