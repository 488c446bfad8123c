import re

import pytest

from portal.smtp.causes import CAUSES, Provider, explain, provider_of
from portal.smtp.server import SmtpServer


def server(
    host: str = "smtp.example.com", port: int = 587, security: str = "starttls"
) -> SmtpServer:
    return SmtpServer(host, port, security, "financeiro@example.com")


@pytest.mark.parametrize("cause", sorted(CAUSES))
@pytest.mark.parametrize("given", [None, server()])
def test_every_cause_reads_as_two_whole_sentences(cause: str, given: SmtpServer | None) -> None:
    told = explain(cause, given)
    for text in (told.title, told.cure):
        assert text.endswith(".")
        assert text[0].isupper() or text[0].isdigit() or text.startswith("smtp")
        assert not re.search(r"[{}]", text)
    assert told.title != told.cure


def test_the_three_classic_mistakes_are_told_apart() -> None:
    titles = {
        explain("wrong_password", server()).title,
        explain("port_closed", server()).title,
        explain("wrong_tls_mode", server(port=587, security="ssl")).title,
        explain("wrong_tls_mode", server(port=465, security="starttls")).title,
        explain("wrong_tls_mode", server(port=465, security="none")).title,
    }
    assert len(titles) == 5


def test_wrong_tls_mode_tells_the_way_out_of_both_sides() -> None:
    too_early = explain("wrong_tls_mode", server(port=587, security="ssl"))
    too_late = explain("wrong_tls_mode", server(port=465, security="starttls"))
    assert "587" in too_early.title
    assert "para TLS" in too_early.cure
    assert "465" in too_late.title
    assert "para SSL" in too_late.cure


@pytest.mark.parametrize(
    ("host", "provider", "hint"),
    [
        ("smtp.gmail.com", Provider.GOOGLE, "senha de app"),
        ("smtp.office365.com", Provider.MICROSOFT, "OAuth"),
        ("smtp-mail.outlook.com", Provider.MICROSOFT, "OAuth"),
        ("email-smtp.sa-east-1.amazonaws.com", Provider.AMAZON, "credenciais SMTP"),
        ("smtp.example.com", Provider.OTHER, "senha de app"),
        ("notgmail.com", Provider.OTHER, "webmail"),
    ],
)
def test_a_refused_password_names_the_providers_peculiarity(
    host: str, provider: Provider, hint: str
) -> None:
    assert provider_of(host) is provider
    assert hint in explain("wrong_password", server(host)).cure


def test_an_unknown_code_is_still_explained() -> None:
    assert explain("from_an_older_release").title == "O servidor recusou a mensagem."


def test_braces_in_a_host_are_shown_and_not_read() -> None:
    assert "{0.__class__}" in explain("dns_not_found", server("{0.__class__}")).title
