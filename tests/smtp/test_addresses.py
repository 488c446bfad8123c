import socket

import pytest

from portal.smtp.addresses import (
    DestinationPolicy,
    check_destination,
    host_problem,
    resolve,
)
from portal.smtp.failures import Failure, Kind
from portal.smtp.stages import Stage

PRODUCTION = DestinationPolicy()
PUBLIC = "8.8.8.8"


def refusal_of(host: str, port: int, policy: DestinationPolicy, *found: str) -> Failure:
    with pytest.raises(Failure) as caught:
        check_destination(host, port, policy, resolver=lambda _host, _timeout: found)
    assert caught.value.stage is Stage.DNS
    return caught.value


def reached(host: str, port: int, policy: DestinationPolicy, *found: str) -> list[str]:
    target = check_destination(host, port, policy, resolver=lambda _host, _timeout: found)
    return [str(address) for address in target.addresses]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "10.0.0.5",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "239.1.2.3",
        "255.255.255.255",
        "240.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_the_inside_of_the_network_is_refused(address: str) -> None:
    failure = refusal_of("mail.example.com", 587, PRODUCTION, address)
    assert (failure.kind, failure.cause) == (Kind.ACCOUNT, "destination_refused")


@pytest.mark.parametrize("port", [25, 465, 587, 2525])
def test_public_mail_servers_are_reached_at_the_mail_ports(port: int) -> None:
    assert reached("smtp.example.com", port, PRODUCTION, PUBLIC) == [PUBLIC]


@pytest.mark.parametrize("port", [22, 80, 443, 1025, 6379, 8080])
def test_other_ports_of_public_servers_are_refused(port: int) -> None:
    assert refusal_of("smtp.example.com", port, PRODUCTION, PUBLIC).cause == "port_refused"


def test_ipv4_hidden_in_ipv6_is_connected_to_as_what_it_is() -> None:
    assert reached("smtp.example.com", 587, PRODUCTION, f"::ffff:{PUBLIC}") == [PUBLIC]


def test_of_mixed_answers_only_the_permitted_addresses_are_used() -> None:
    assert reached("smtp.example.com", 587, PRODUCTION, "10.0.0.1", PUBLIC) == [PUBLIC]


def test_each_address_once_and_not_more_than_four() -> None:
    found = [f"8.8.8.{number}" for number in range(1, 9)]
    assert reached("smtp.example.com", 587, PRODUCTION, *found, *found) == found[:4]


@pytest.mark.parametrize(
    ("item", "host", "address", "port"),
    [
        ("127.0.0.1", "localhost", "127.0.0.1", 587),
        ("127.0.0.1", "localhost", "127.0.0.1", 1025),
        ("127.0.0.1:1025", "127.0.0.1", "127.0.0.1", 1025),
        ("10.0.0.0/8", "mail.lan", "10.1.2.3", 25),
        ("mail.lan", "MAIL.lan.", "192.168.0.7", 465),
        ("mail.lan:26", "mail.lan", "192.168.0.7", 26),
        ("[::1]:1025", "localhost", "::1", 1025),
        ("::1", "localhost", "::1", 1025),
        ("fd00::/8", "mail.lan", "fd12::1", 587),
        ("*", "anything.lan", "172.20.0.3", 2500),
        ("1", "anything.lan", "172.20.0.3", 2500),
        ("smtp.example.com:2526", "smtp.example.com", PUBLIC, 2526),
    ],
)
def test_what_an_item_allows(item: str, host: str, address: str, port: int) -> None:
    assert reached(host, port, DestinationPolicy((item,)), address) == [address]


@pytest.mark.parametrize(
    ("item", "address", "port", "cause"),
    [
        ("127.0.0.1", "127.0.0.1", 22, "port_refused"),
        ("127.0.0.1", "127.0.0.1", 80, "port_refused"),
        ("127.0.0.1", "127.0.0.1", 6379, "port_refused"),
        ("127.0.0.1", "127.0.0.1", 5432, "port_refused"),
        ("127.0.0.1", "127.0.0.1", 11211, "port_refused"),
        ("127.0.0.1", "127.0.0.1", 27017, "port_refused"),
        ("127.0.0.1:1025", "127.0.0.1", 1026, "port_refused"),
        ("127.0.0.1:1025", "127.0.0.2", 1025, "destination_refused"),
        ("10.0.0.0/8", "192.168.0.1", 587, "destination_refused"),
        ("other.lan", "192.168.0.1", 587, "destination_refused"),
        ("*", PUBLIC, 22, "port_refused"),
    ],
)
def test_what_an_item_does_not_allow(item: str, address: str, port: int, cause: str) -> None:
    assert refusal_of("mail.lan", port, DestinationPolicy((item,)), address).cause == cause


@pytest.mark.parametrize("item", ["127.0.0.1:99999", "10.0.0.0/99", "a b", "300.1.1.1"])
def test_an_item_that_cannot_be_read_is_named(item: str) -> None:
    with pytest.raises(ValueError, match=repr(item)[1:-1].replace(".", r"\.")):
        DestinationPolicy((item,))


def test_only_an_allowed_private_address_is_trusted_with_a_clear_password() -> None:
    policy = DestinationPolicy(("127.0.0.1", "8.8.8.8"))
    [loopback] = check_destination("127.0.0.1", 1025, policy).addresses
    [public] = check_destination("8.8.8.8", 587, policy).addresses
    assert policy.trusts("127.0.0.1", loopback)
    assert not policy.trusts("8.8.8.8", public)
    assert not PRODUCTION.trusts("127.0.0.1", loopback)


@pytest.mark.parametrize(
    ("host", "word"),
    [
        ("", "Informe"),
        ("   ", "Informe"),
        ("smtp.example.com:25", "porta"),
        ("127.0.0.1:25", "porta"),
        ("https://smtp.example.com", "https"),
        ("smtp.example.com/mail", "barra"),
        ("financeiro@example.com", "endereço de e-mail"),
        ("smtp.exam ple.com", "espaços"),
        (" smtp.example.com", "espaços"),
        ("smtp.example.com\r\nx", "espaços"),
        ("smtp..example.com", "inválido"),
        ("-smtp.example.com", "inválido"),
        ("smtp_é!.com", "inválido"),
        ("a" * 300, "longo"),
    ],
)
def test_a_host_that_is_none_is_refused_with_its_cure(host: str, word: str) -> None:
    assert word in (host_problem(host) or "")
    assert refusal_of(host, 587, PRODUCTION, PUBLIC).cause == "host_invalid"


@pytest.mark.parametrize(
    "host", ["smtp.example.com", "localhost", "mail.lan.", "8.8.8.8", "::1", "smtp.exâmplo.com.br"]
)
def test_a_host_that_can_be_one_is_accepted(host: str) -> None:
    assert host_problem(host) is None


def test_numbers_that_mean_loopback_are_refused_after_resolving() -> None:
    assert refusal_of("2130706433", 587, PRODUCTION, "127.0.0.1").cause == "destination_refused"


def test_a_name_that_does_not_exist_is_temporary() -> None:
    failure = refusal_of("smtp.example.com", 587, PRODUCTION)
    assert (failure.kind, failure.cause) == (Kind.TEMPORARY, "dns_not_found")


def test_the_system_resolver_knows_literals_and_reports_unknown_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert resolve("127.0.0.1", 1) == ["127.0.0.1"]

    def fails(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(Failure, match="dns_not_found"):
        resolve("nowhere.example.com", 1)


def test_a_resolver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    gate = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: gate.wait(5) and [])
    with pytest.raises(Failure, match="dns_timeout"):
        resolve("slow.example.com", 0.05)
    gate.set()
