"""Encryption: never skipped, always checked, and every mistake explained by name."""

import re
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.smtp.causes import explain
from portal.smtp.failures import Failure, Kind
from portal.smtp.login import Line, sign_in
from portal.smtp.sockets import Reach
from portal.smtp.stages import SENDING, Stage, order_of
from portal.smtp.transport import SmtpSession
from portal.smtp.wire import Wire
from tests.smtp.conftest import (
    IMPATIENT,
    LOOPBACK,
    NAME,
    PASSWORD,
    PATIENT,
    USERS,
    Stages,
    account,
    files,
    mail,
)
from tests.support.certificates import Certificate, Certificates
from tests.support.smtp_server import Fault, ScriptedServer

MakeSession = Callable[..., SmtpSession]
MODES = ["starttls", "implicit"]


def failure_of(session: SmtpSession) -> Failure:
    with pytest.raises(Failure) as caught:
        session.deliver(mail(), "a@example.com")
    return caught.value


@pytest.mark.parametrize("tls", MODES)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", NAME])
def test_a_trusted_server_gets_login_and_message_over_tls(
    session_to: MakeSession, certificates: Certificates, trusted_ca: Path, tls: str, host: str
) -> None:
    heard = Stages()
    with ScriptedServer(tls=tls, certificate=files(certificates.good), users=USERS) as server:
        session = session_to(server, heard, host=host)
        assert session.deliver(mail(), "maria@example.com").code == 250
    assert server.accepted[0].tls
    assert server.accepted[0].user == "financeiro@example.com"
    assert heard.names == list(order_of(session.server.security, sending=True))
    assert heard.names[-4:] == list(SENDING)


def test_the_report_names_version_and_expiry(
    session_to: MakeSession, certificates: Certificates, trusted_ca: Path
) -> None:
    heard = Stages()
    with ScriptedServer(tls="starttls", certificate=files(certificates.good)) as server:
        session_to(server, heard).open()
    match = re.fullmatch(r"TLS 1\.3, certificado válido até (.+)", dict(heard)[Stage.TLS])
    assert match
    until = datetime.strptime(match[1], "%d/%m/%Y").replace(tzinfo=UTC)
    assert abs(until - datetime.now(UTC) - timedelta(days=365)) < timedelta(days=2)


@pytest.mark.parametrize("tls", MODES)
@pytest.mark.parametrize(
    ("which", "cause"),
    [
        ("expired", "certificate_expired"),
        ("wrong_name", "certificate_wrong_name"),
        ("self_signed", "certificate_untrusted"),
    ],
)
def test_a_bad_certificate_stops_the_account_before_the_password(
    session_to: MakeSession,
    certificates: Certificates,
    trusted_ca: Path,
    tls: str,
    which: str,
    cause: str,
) -> None:
    bad: Certificate = getattr(certificates, which)
    with ScriptedServer(tls=tls, certificate=files(bad), users=USERS) as server:
        failure = failure_of(session_to(server, host=NAME))
    assert (failure.stage, failure.kind, failure.cause) == (Stage.TLS, Kind.ACCOUNT, cause)
    assert not any(line.startswith("AUTH") for line in server.commands)
    assert explain(failure.cause).cure


def test_an_authority_that_nobody_trusts_is_refused_even_on_loopback(
    session_to: MakeSession, certificates: Certificates
) -> None:
    with ScriptedServer(tls="implicit", certificate=files(certificates.good)) as server:
        assert failure_of(session_to(server)).cause == "certificate_untrusted"


def test_a_stripped_starttls_stops_the_account_and_nothing_goes_in_clear(
    session_to: MakeSession,
) -> None:
    with ScriptedServer(users=USERS) as server:
        failure = failure_of(session_to(server, security="starttls"))
    assert (failure.stage, failure.kind, failure.cause) == (
        Stage.TLS,
        Kind.ACCOUNT,
        "starttls_missing",
    )
    assert [line.split()[0] for line in server.commands] == ["ehlo"]


@pytest.mark.parametrize(
    ("fault", "kind", "cause"),
    [
        (Fault("starttls", text="454 4.7.0 TLS not available"), Kind.TEMPORARY, "try_later"),
        (Fault("starttls", text="502 5.5.1 no"), Kind.ACCOUNT, "starttls_missing"),
        (Fault("starttls", "drop"), Kind.TEMPORARY, "dropped"),
        (Fault("starttls", "hang"), Kind.TEMPORARY, "timeout"),
        (Fault("tls", "hang"), Kind.TEMPORARY, "timeout"),
    ],
)
def test_what_breaks_while_starting_tls(
    session_to: MakeSession, certificates: Certificates, fault: Fault, kind: Kind, cause: str
) -> None:
    certificate = files(certificates.good)
    with ScriptedServer(fault, tls="starttls", certificate=certificate, users=USERS) as server:
        waits = IMPATIENT if fault.do == "hang" else PATIENT
        failure = failure_of(session_to(server, timeouts=waits))
    assert (failure.stage, failure.kind, failure.cause) == (Stage.TLS, kind, cause)
    assert not any(line.startswith("AUTH") for line in server.commands)


def test_babble_instead_of_a_handshake_is_temporary(
    session_to: MakeSession, certificates: Certificates
) -> None:
    babble = Fault("tls", "garbage", text="%" * 50)
    with ScriptedServer(babble, tls="starttls", certificate=files(certificates.good)) as server:
        failure = failure_of(session_to(server))
    assert (failure.stage, failure.kind) == (Stage.TLS, Kind.TEMPORARY)


def test_a_handshake_cut_off_is_temporary(
    session_to: MakeSession, certificates: Certificates
) -> None:
    for tls in MODES:
        fault = Fault("tls", "drop")
        with ScriptedServer(fault, tls=tls, certificate=files(certificates.good)) as server:
            failure = failure_of(session_to(server))
        assert (failure.stage, failure.kind) == (Stage.TLS, Kind.TEMPORARY)


def test_replies_sent_ahead_in_clear_are_not_taken_for_encrypted_ones(
    session_to: MakeSession, certificates: Certificates, trusted_ca: Path
) -> None:
    fault = Fault("starttls", text="220 go ahead\r\n250-evil\r\n250 AUTH PLAIN")
    with ScriptedServer(fault, tls="starttls", certificate=files(certificates.good)) as server:
        failure = failure_of(session_to(server))
    assert (failure.stage, failure.cause) == (Stage.TLS, "garbage")


def test_ssl_on_a_port_that_speaks_in_clear_names_the_mistake(session_to: MakeSession) -> None:
    with ScriptedServer(users=USERS) as server:
        failure = failure_of(session_to(server, security="ssl"))
        told = explain(failure.cause, account(server, security="ssl"))
    assert (failure.stage, failure.kind, failure.cause) == (
        Stage.TLS,
        Kind.ACCOUNT,
        "wrong_tls_mode",
    )
    assert "começa sem criptografia" in told.title


@pytest.mark.parametrize("security", ["none", "starttls"])
def test_a_port_that_waits_for_ssl_names_the_mistake(
    session_to: MakeSession, certificates: Certificates, security: str
) -> None:
    certificate = files(certificates.self_signed)
    with ScriptedServer(tls="implicit", certificate=certificate, users=USERS) as server:
        failure = failure_of(session_to(server, security=security, timeouts=IMPATIENT))
        told = explain(failure.cause, account(server, security=security))
    assert (failure.stage, failure.kind, failure.cause) == (
        Stage.GREETING,
        Kind.ACCOUNT,
        "wrong_tls_mode",
    )
    assert "espera SSL desde o início" in told.title
    assert server.commands == []


def test_a_server_that_demands_tls_says_so(session_to: MakeSession) -> None:
    fault = Fault("mail", text="530 5.7.0 Must issue a STARTTLS command first")
    with ScriptedServer(fault) as server:
        failure = failure_of(session_to(server))
    assert (failure.kind, failure.cause) == (Kind.ACCOUNT, "tls_required")


def test_tls_older_than_1_2_is_refused(
    session_to: MakeSession, certificates: Certificates, trusted_ca: Path
) -> None:
    with ScriptedServer(tls="implicit", certificate=files(certificates.good)) as server:
        assert server.context is not None
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            server.context.maximum_version = ssl.TLSVersion.TLSv1_1
        server.context.set_ciphers("ALL:@SECLEVEL=0")
        failure = failure_of(session_to(server))
    assert (failure.kind, failure.cause) == (Kind.ACCOUNT, "tls_too_old")


def test_login_in_clear_is_only_for_allowed_private_networks(session_to: MakeSession) -> None:
    class InClear(Wire):
        """A connection without TLS, on which nothing may be said."""

        def __init__(self) -> None:
            self.sock = None
            self.esmtp_features = {"auth": " PLAIN"}

    with ScriptedServer(users=USERS) as server:
        facts = account(server)
        assert session_to(server).deliver(mail(), "a@example.com").code == 250  # loopback, allowed
    with pytest.raises(Failure) as caught:
        sign_in(Line(InClear(), facts, Reach(LOOPBACK), trusted=False))
    assert (caught.value.kind, caught.value.cause) == (Kind.ACCOUNT, "password_needs_tls")


def test_a_wrong_password_is_its_own_failure_and_never_shown(
    session_to: MakeSession, certificates: Certificates, trusted_ca: Path
) -> None:
    wrong = PASSWORD + "x"
    with ScriptedServer(
        tls="starttls", certificate=files(certificates.good), users=USERS
    ) as server:
        failure = failure_of(session_to(server, password=wrong))
    assert (failure.stage, failure.kind, failure.cause) == (
        Stage.LOGIN,
        Kind.ACCOUNT,
        "wrong_password",
    )
    assert failure.reply == "535 5.7.8 Authentication credentials invalid"
    assert len([line for line in server.commands if line.startswith("AUTH")]) == 1
