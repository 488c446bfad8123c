"""Fixtures of the SMTP tests: servers to talk to, certificates to trust, an app that composes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import flask_mail
import pytest
from flask import Flask

from portal.smtp.addresses import DestinationPolicy
from portal.smtp.server import SmtpServer, Timeouts
from portal.smtp.stages import Stage
from portal.smtp.transport import SmtpSession
from tests.support.certificates import Certificate, Certificates, make_certificates
from tests.support.smtp_server import ScriptedServer

NAME = "smtp.example.test"
LOOPBACK = DestinationPolicy(("127.0.0.1",))
PATIENT = Timeouts(dns=2, connect=5, reply=5, body=5, accept=5, before_dot=0.05)
IMPATIENT = Timeouts(dns=1, connect=1, reply=0.3, body=0.5, accept=0.3, before_dot=0.05)
PASSWORD = "segredo-da-conta-ç"
USERS = {"financeiro@example.com": PASSWORD}


def account(server: ScriptedServer, **changes: object) -> SmtpServer:
    """An account on the scripted server: no TLS, login only if the server has users."""
    plain = SmtpServer(
        host="127.0.0.1",
        port=server.port,
        security={"none": "none", "starttls": "starttls", "implicit": "ssl"}[server.tls],
        sender_address="financeiro@example.com",
        requires_auth=server.users is not None,
        username="financeiro@example.com",
        password=PASSWORD,
        timeouts=PATIENT,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def mail(number: int = 1, text: str = "Segue o boleto.\n") -> EmailMessage:
    """A small message with its own Message-ID."""
    message = EmailMessage()
    message["Subject"] = "Boleto"
    message["From"] = "financeiro@example.com"
    message["To"] = "maria@example.com"
    message["Message-ID"] = f"<m{number}@example.com>"
    message.set_content(text)
    return message


def to_loopback(host: str, _timeout: float) -> Sequence[str]:
    """A resolver: every name is this machine."""
    return ["127.0.0.1"]


class Stages(list[tuple[Stage, str]]):
    """Listens to a session and keeps what it hears."""

    def __call__(self, stage: Stage, detail: str, milliseconds: int) -> None:
        assert milliseconds >= 0
        self.append((stage, detail))

    @property
    def names(self) -> list[Stage]:
        return [stage for stage, _ in self]


@pytest.fixture
def session_to() -> Iterator[Callable[..., SmtpSession]]:
    """Make sessions that are closed at the end of the test."""
    made: list[SmtpSession] = []

    def make(
        server: ScriptedServer, on_stage: Stages | None = None, **changes: object
    ) -> SmtpSession:
        session = SmtpSession(
            account(server, **changes), LOOPBACK, on_stage=on_stage, resolver=to_loopback
        )
        made.append(session)
        return session

    yield make
    for session in made:
        session.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trusted_ca(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The throw-away authority is trusted, the way an administrator would make it trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    return certificates.ca


@pytest.fixture
def mail_app() -> Iterator[Flask]:
    """An application context in which Flask-Mail composes."""
    app = Flask("mail")
    flask_mail.Mail(app)
    with app.app_context():
        yield app


def files(certificate: Certificate) -> tuple[Path, Path]:
    return certificate.cert, certificate.key
