"""Fixtures of the bounces: samples, a mailbox server, an account that reads it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.deliveries.bounces.settings import secret_place
from portal.smtp.models import Security
from tests.factories import create_account
from tests.support.certificates import Certificates, make_certificates
from tests.support.imap_server import ImapServer

SAMPLES = Path(__file__).parent.parent / "data" / "bounces"
USER, PASSWORD = "devolucoes@example.com", 's3nha "da\\ caixa'


def sample(name: str) -> bytes:
    """The mail of `tests/data/bounces/<name>.eml`."""
    return (SAMPLES / f"{name}.eml").read_bytes()


@pytest.fixture
def imap() -> Iterator[ImapServer]:
    """A mailbox without TLS, empty."""
    with ImapServer(users={USER: PASSWORD}) as server:
        yield server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trusted_ca(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The throw-away authority is trusted, the way an administrator would make it trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    return certificates.ca


@pytest.fixture
def reading_account(session, settings, imap) -> Callable[..., int]:
    """Make an account whose bounces arrive at the server `imap`; returns its id."""

    def make(port: int | None = None, **changes: object) -> int:
        values = {
            "imap_host": "127.0.0.1",
            "imap_port": port or imap.port,
            "imap_security": Security.NONE,
            "imap_username": USER,
        }
        account = create_account(**{**values, **changes})
        account.imap_password = settings.keys.encrypt(PASSWORD, bound_to=secret_place(account.id))
        session.commit()
        return account.id

    return make
