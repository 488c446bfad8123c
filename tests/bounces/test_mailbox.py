"""Reading a mailbox over IMAP: TLS, faults, and leaving no trace."""

from datetime import timedelta

import pytest

from portal.deliveries.bounces.mailbox import (
    MailboxFacts,
    Patience,
    folder_name,
    open_mailbox,
)
from portal.deliveries.bounces.words import problem_text
from portal.smtp.addresses import DestinationPolicy
from portal.smtp.failures import Failure
from tests.bounces.conftest import PASSWORD, USER, sample
from tests.support.imap_server import NOON, Fault, ImapServer

INSIDE = DestinationPolicy(("127.0.0.1",))
IMPATIENT = Patience(dns=1, connect=1, step=0.4)
USERS = {USER: PASSWORD}


def facts(server, **changes):
    security = {"none": "none", "starttls": "starttls", "implicit": "ssl"}[server.tls]
    values = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": security,
        "username": USER,
        "password": PASSWORD,
        "patience": Patience(dns=2, connect=5, step=5),
    }
    return MailboxFacts(**{**values, **changes})


def read(server, policy=INSIDE, after=0, **changes):
    with open_mailbox(facts(server, **changes), policy) as box:
        return [box.fetch(uid, 1_000_000) for uid in box.new_uids(after, NOON, 200)]


def failure_of(server, policy=INSIDE, **changes):
    with pytest.raises(Failure) as caught:
        read(server, policy, **changes)
    return caught.value


def files(certificate):
    return certificate.cert, certificate.key


def test_mails_come_as_they_are_and_nothing_is_marked(imap):
    imap.deliver(sample("postfix"), NOON - timedelta(hours=1))
    (mail,) = read(imap)
    assert mail.data == sample("postfix").replace(b"\n", b"\r\n")
    assert mail.received_at == NOON - timedelta(hours=1)
    assert imap.marked == []
    assert imap.said("EXAMINE") == ['EXAMINE "INBOX"']
    assert imap.said("LOGOUT") == ["LOGOUT"]


def test_only_newer_mails_than_the_last_are_asked_for(imap):
    for _ in range(3):
        imap.deliver(sample("postfix"))
    assert [mail.uid for mail in read(imap, after=2)] == [3]
    assert read(imap, after=3) == []  # the server answers `4:*` with mail 3
    imap.deliver(sample("postfix"), NOON - timedelta(days=40))
    assert read(imap, after=3) == []


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_tls_is_checked_and_used(certificates, trusted_ca, tls):
    with ImapServer(users=USERS, tls=tls, certificate=files(certificates.good)) as server:
        server.deliver(sample("exim"))
        assert len(read(server)) == 1
        if tls == "starttls":
            assert server.commands.index("STARTTLS") < server.commands.index(
                server.said("LOGIN")[0]
            )


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize(
    ("which", "cause"),
    [
        ("expired", "certificate_expired"),
        ("wrong_name", "certificate_wrong_name"),
        ("self_signed", "certificate_untrusted"),
    ],
)
def test_a_bad_certificate_stops_before_the_password(certificates, trusted_ca, tls, which, cause):
    certificate = files(getattr(certificates, which))
    with ImapServer(users=USERS, tls=tls, certificate=certificate) as server:
        assert failure_of(server).cause == cause
        assert server.said("LOGIN") == []


def test_what_is_said_before_tls_is_refused(certificates, trusted_ca):
    early = Fault("STARTTLS", "reply", "TAG OK begin\r\n* PREAUTH injected")
    certificate = files(certificates.good)
    with ImapServer(early, users=USERS, tls="starttls", certificate=certificate) as server:
        assert failure_of(server).cause == "garbage"
        assert server.said("LOGIN") == []


def test_a_server_without_starttls_gets_no_password(imap):
    assert failure_of(imap, security="starttls").cause == "starttls_missing"
    assert imap.said("LOGIN") == []


def test_ssl_to_a_port_that_speaks_in_clear(imap):
    assert failure_of(imap, security="ssl").cause in ("wrong_tls_mode", "tls_failed")


def test_the_password_goes_unencrypted_only_to_an_allowed_inner_address(imap, monkeypatch):
    # Public as far as the policy knows: only the address itself is looked at.
    monkeypatch.setattr(DestinationPolicy, "trusts", lambda *_: False)
    assert failure_of(imap).cause == "password_needs_tls"
    assert imap.said("LOGIN") == []


def test_a_wrong_password_is_told_and_never_shown(imap):
    failure = failure_of(imap, password="errada-mesmo")
    assert failure.cause == "wrong_password"
    text = problem_text(failure, facts(imap))
    assert text.startswith("Usuário ou senha recusados pelo servidor IMAP.")
    assert "errada-mesmo" not in text
    assert "Invalid credentials: •••" in text


def test_a_password_beyond_ascii_is_sent_whole():
    with ImapServer(users={USER: "senhaçã"}) as server:
        server.deliver(sample("exim"))
        assert len(read(server, password="senhaçã")) == 1
        assert failure_of(server, password="senhaçé").cause == "wrong_password"


def test_a_folder_that_is_not_there(imap):
    failure = failure_of(imap, folder="Devoluções")
    assert failure.cause == "folder_not_found"
    assert "INBOX" in problem_text(failure, facts(imap))


def test_folders_are_spelled_as_imap_does():
    assert folder_name("INBOX") == '"INBOX"'
    assert folder_name("Devoluções") == '"Devolu&AOcA9Q-es"'
    assert folder_name('R&D "x"\\') == '"R&-D \\"x\\"\\\\"'
    with ImapServer(users=USERS, folder='"Devolu&AOcA9Q-es"') as server:
        assert read(server, folder="Devoluções") == []


STEPS = ["greeting", "CAPABILITY", "LOGIN", "EXAMINE", "UID SEARCH", "UID FETCH"]


@pytest.mark.parametrize("at", STEPS)
@pytest.mark.parametrize(
    ("do", "cause"), [("drop", "dropped"), ("hang", "timeout"), ("drip", "timeout")]
)
def test_every_step_has_an_end(at, do, cause):
    with ImapServer(Fault(at, do), users=USERS) as server:
        server.deliver(sample("exim"))
        assert failure_of(server, patience=IMPATIENT).cause == cause


@pytest.mark.parametrize("at", STEPS)
@pytest.mark.parametrize(
    "text",
    [
        "220 smtp.example.com ESMTP",
        "* SEARCH {99999999999}",
        "* 1 FETCH (BODY[] {4000000000}",
        "\r\n".join(["* OK still here"] * 20_000),
        "TAG BAD no",
    ],
)
def test_nonsense_is_told_as_such(at, text):
    with ImapServer(Fault(at, "reply", text), users=USERS) as server:
        server.deliver(sample("exim"))
        failure = failure_of(server, patience=IMPATIENT)
        assert failure.cause in ("garbage", "wrong_password", "timeout", "folder_not_found")


def test_no_door_no_handshake_no_answer(imap, certificates):
    closed = facts(imap, port=1)
    allowed = DestinationPolicy(("127.0.0.1:1",))
    with pytest.raises(Failure) as caught, open_mailbox(closed, allowed):
        pass
    assert caught.value.cause == "port_closed"
    hang = Fault("tls", "hang")
    with ImapServer(
        hang, users=USERS, tls="implicit", certificate=files(certificates.good)
    ) as server:
        assert failure_of(server, patience=IMPATIENT).cause == "timeout"


@pytest.mark.parametrize(
    ("host", "port", "cause"),
    [
        ("10.1.2.3", 993, "destination_refused"),
        ("169.254.169.254", 993, "destination_refused"),
        ("8.8.8.8", 587, "port_refused"),
        ("8.8.8.8", 6379, "port_refused"),
        ("127.0.0.1", 6379, "port_refused"),
        ("127.0.0.1", 587, "port_refused"),
    ],
)
def test_the_inside_of_the_network_and_other_services_are_out_of_reach(host, port, cause):
    with (
        pytest.raises(Failure) as caught,
        open_mailbox(MailboxFacts(host, port, "ssl", USER, PASSWORD), INSIDE),
    ):
        pass
    assert caught.value.cause == cause


def test_ports_of_imap_stay_closed_to_sending():
    import ipaddress

    public = ipaddress.ip_address("8.8.8.8")
    assert not DestinationPolicy().permits("8.8.8.8", public, 993)
