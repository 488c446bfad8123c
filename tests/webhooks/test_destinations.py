"""Where a webhook may point, and that the address that was checked is the one that is called."""

import socket

import pytest

from portal.webhooks import calling, destinations
from portal.webhooks.destinations import Refused, find, url_problem


@pytest.mark.parametrize(
    "url",
    [
        "", "exemplo.com", "ftp://exemplo.com/", "https://", "https:///x", "https://a b.com/",
        "https://exemplo.com:0/", "https://exemplo.com:99999/", "https://exemplo.com/#x",
        "https://ana:senha@exemplo.com/", "https://exemplo.com\\@10.0.0.1/", "https://exem\nplo.com/",
        "https://é.com/", "https://[::1/", "javascript:alert(1)", "https://x.com/" + "a" * 500,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_before_anything_is_asked(url):
    assert url_problem(url, production=False)


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "[fe80::1]", "[fd00::1]", "[fec0::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]", "224.0.0.1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("production", [True, False])
def test_the_inside_of_a_network_is_never_called(host, production):
    assert url_problem(f"https://{host}/x", production=production)


def test_in_production_this_machine_and_clear_text_are_refused_too():
    for url in ("https://127.0.0.1/", "https://[::1]/", "http://exemplo.com/"):
        assert url_problem(url, production=True), url
    assert url_problem("http://127.0.0.1:8000/x", production=False) is None
    assert url_problem("https://sistema.exemplo.com:8443/x?y=1", production=True) is None


def test_a_name_that_leads_inside_is_refused_when_it_is_called(monkeypatch):
    monkeypatch.setattr(destinations, "look_up", lambda *_args: ["10.1.2.3", "fd00::1"])
    with pytest.raises(Refused):
        find("https://sistema.exemplo.com/", production=True)
    answer = calling.call("https://sistema.exemplo.com/", b"{}", {}, production=True)
    assert "dentro de uma rede" in answer.error


def test_of_mixed_addresses_only_the_public_ones_are_called(monkeypatch):
    monkeypatch.setattr(destinations, "look_up", lambda *_args: ["10.1.2.3", "93.184.216.34"])
    asked = []

    def connect(place, _timeout):
        asked.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    calling.call("https://sistema.exemplo.com/", b"{}", {}, production=True)
    assert asked == [("93.184.216.34", 443)]


def test_a_number_that_means_loopback_is_looked_at_after_resolving(monkeypatch):
    monkeypatch.setattr(destinations, "look_up", lambda *_args: ["127.0.0.1"])
    with pytest.raises(Refused):
        find("https://2130706433/", production=True)
