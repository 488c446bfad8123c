"""The e-mail as bytes: headers that cannot be broken out of, clean HTML, PDFs that arrive whole."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email import policy as policies
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.smtp.mailboxes import InvalidMailbox
from portal.smtp.message import (
    Message,
    compose,
    html_document,
    new_message_id,
    safe_filename,
    sanitise_html,
)
from portal.smtp.server import SmtpServer
from portal.smtp.transport import SmtpSession, for_the_wire
from portal.smtp.variables import Rendered
from tests.smtp.conftest import LOOPBACK, account
from tests.support.smtp_server import ScriptedServer

NOON = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
MESSAGE_ID = "<abc123@example.com>"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
RENDERED = Rendered(
    "Seu boleto vence amanhã", "Olá, Maria.\nSegue.", "<p>Olá, Maria.<br>Segue.</p>"
)

pytestmark = pytest.mark.usefixtures("mail_app")


def sender(**changes: object) -> SmtpServer:
    facts = {
        "host": "smtp.example.com",
        "port": 587,
        "security": "starttls",
        "sender_address": "financeiro@example.com",
        "sender_name": "Rede Exemplo",
        **changes,
    }
    return SmtpServer(**facts)  # type: ignore[arg-type]


def made(
    rendered: Rendered = RENDERED,
    recipient: str = "maria@example.com",
    attachments: list[tuple[str, bytes]] | None = None,
    **changes: object,
) -> Message:
    return compose(sender(**changes), recipient, rendered, attachments or [], MESSAGE_ID, NOON)


def read(message: Message) -> EmailMessage:
    """As the recipient's mail program reads it, after the journey over the wire."""
    raw = for_the_wire(message.as_bytes()).replace(b"\r\n..", b"\r\n.")
    parsed = message_from_bytes(raw, policy=policies.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def test_all_parts_and_headers_are_there() -> None:
    mail = read(made(attachments=[("boleto.pdf", PDF)], reply_to="sac@example.com"))
    assert mail["Subject"] == "Seu boleto vence amanhã"
    assert mail["From"] == "Rede Exemplo <financeiro@example.com>"
    assert mail["To"] == "maria@example.com"
    assert mail["Reply-To"] == "sac@example.com"
    assert mail["Message-ID"] == MESSAGE_ID
    assert mail["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(mail["Date"]) == NOON
    assert part(mail, "plain").strip() == "Olá, Maria.\nSegue."
    assert "<p>Olá, Maria.<br>Segue.</p>" in part(mail, "html")
    [pdf] = mail.iter_attachments()
    assert (pdf.get_content_type(), pdf.get_filename()) == ("application/pdf", "boleto.pdf")
    assert pdf.get_content() == PDF
    assert mail.get_content_type() == "multipart/mixed"


def test_a_person_s_mail_is_not_marked_as_automatic() -> None:
    message = compose(
        sender(), "a@example.com", RENDERED, [], MESSAGE_ID, NOON, auto_submitted=False
    )
    assert read(message)["Auto-Submitted"] is None


@pytest.mark.parametrize(
    "name",
    [
        "Rede, Exemplo",
        'Rede "Exemplo" LTDA',
        "Conexão Já <barato> @casa",
        "São João; (matriz): 100%",
        "",
        "Ação " * 19,
    ],
)
def test_any_sender_name_arrives_as_it_is(name: str) -> None:
    raw = message_from_bytes(made(sender_name=name).as_bytes())["From"]
    shown, address = parseaddr(raw.replace("\r\n", ""))
    assert address == "financeiro@example.com"
    assert str(make_header(decode_header(shown))) == name.strip()
    [modern] = read(made(sender_name=name))["From"].addresses
    assert modern.addr_spec == "financeiro@example.com"


@pytest.mark.parametrize(
    "evil",
    [
        "Ana\r\nBcc: x@evil.example",
        "Ana\nBcc: x@evil.example",
        "Ana\rBcc: x@evil.example",
        "Ana\r\n\r\n<html>corpo",
        "Ana\x00\u2028Bcc: x@evil.example",
        "Ana\u2029\x85\x0b\x0c\x1c\x1d\x1eBcc: x@evil.example",
        "Ana\ud800\udfffBcc: x",
        "Ana\r\n Bcc: x@evil.example",
    ],
)
def test_a_header_stays_one_header(evil: str) -> None:
    rendered = Rendered(evil, "x", "<p>x</p>")
    mail = read(made(rendered, sender_name=evil, attachments=[(evil, PDF)]))
    assert mail["Bcc"] is None
    assert sorted(mail.keys()) == sorted(
        [
            *("Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID"),
            "Auto-Submitted",
        ]
    )
    assert mail["Subject"].startswith("Ana")
    assert [address.addr_spec for address in mail["From"].addresses] == ["financeiro@example.com"]
    assert part(mail, "plain").strip() == "x"


@pytest.mark.parametrize("field", ["sender_address", "reply_to"])
@pytest.mark.parametrize("evil", ["a@b.com\r\nBcc: x@y.z", "a@b.com,c@d.com", "Ana <a@b.com>"])
def test_addresses_that_are_none_are_refused(field: str, evil: str) -> None:
    with pytest.raises(InvalidMailbox):
        made(**{field: evil})
    with pytest.raises(InvalidMailbox):
        made(recipient=evil)


def test_an_accent_before_the_at_sign_is_refused_and_one_after_it_is_not() -> None:
    with pytest.raises(InvalidMailbox, match="acentos"):
        made(recipient="josé@example.com")
    assert read(made(recipient="jose@exâmplo.com.br"))["To"] == "jose@xn--exmplo-xta.com.br"


@pytest.mark.parametrize("message_id", ["", "abc", "<a b@c.d>", "<a@b>\r\nBcc: x@y.z", "<a@b"])
def test_a_message_id_must_be_one(message_id: str) -> None:
    with pytest.raises(ValueError, match="Message-ID"):
        compose(sender(), "a@example.com", RENDERED, [], message_id, NOON)


def test_a_later_message_id_stands_later_in_the_index() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        ids = []
        for _ in range(20):
            ids.append(new_message_id("financeiro@example.com"))
            clock.shift(0.001)
    assert ids == sorted(ids)


def test_message_ids_are_new_each_time_and_under_the_senders_domain() -> None:
    ids = {new_message_id("financeiro@Example.com") for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch(r"<[0-9a-f]{32}@example\.com>", value) for value in ids)
    assert new_message_id("x@exâmplo.com.br").endswith("@xn--exmplo-xta.com.br>")
    for odd in ("", "a b", "x\r\nBcc:y", "a" * 300):
        assert new_message_id(odd).endswith("@localhost>")
    for value in ids:
        compose(sender(), "a@example.com", RENDERED, [], value, NOON)


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        ("boleto-2026-12.pdf", "boleto-2026-12.pdf"),
        ("Boleto de João.pdf", "Boleto-de-Joao.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\x.pdf", "x.pdf"),
        ('a"; filename="b.exe', "a-filename-b.exe"),
        ("a\r\nContent-Type: x.pdf", "a-Content-Type-x.pdf"),
        (".htaccess", "htaccess"),
        ("...", "anexo"),
        ("\u202efdp.exe", "fdp.exe"),
        ("日本.pdf", "pdf"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
    ],
)
def test_attachment_names_are_safe(given_name: str, safe: str) -> None:
    assert safe_filename(given_name) == safe
    [attachment] = read(made(attachments=[(given_name, PDF)])).iter_attachments()
    assert attachment.get_filename() == safe


def test_bodies_are_seven_bit_with_short_lines_whatever_is_in_them() -> None:
    text = "Ação " * 1000 + "\n.\n..\n" + "x" * 5000 + "\nFrom agora\n" + "fim \n"
    message = made(Rendered("é" * 200, text, f"<p>{text}</p>"), attachments=[("b.pdf", PDF)])
    raw = message.as_bytes()
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    assert b"\n" not in raw.replace(b"\r\n", b"")
    mail = read(message)
    assert part(mail, "plain").rstrip("\n") == text.rstrip("\n")
    assert mail["Subject"] == "é" * 200


@pytest.mark.parametrize(
    ("utf8", "force", "text", "charset"),
    [
        (True, True, "ola", "utf-8"),
        (True, True, "olá", "utf-8"),
        (False, True, "olá", "utf-8"),
        (True, False, "ola", "us-ascii"),
        (True, False, "olá", "utf-8"),
        (False, False, "ola", "us-ascii"),
        (False, False, "olá", "iso-8859-1"),
        (False, False, "olá ✓", "utf-8"),
    ],
)
def test_the_accounts_encoding_is_honoured_and_no_character_is_lost(
    utf8: bool, force: bool, text: str, charset: str
) -> None:
    mail = read(made(Rendered(text, text, "<p>x</p>"), utf8=utf8, force_charset=force))
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert plain.get_content_charset() == charset
    assert part(mail, "plain").strip() == text
    assert mail["Subject"] == text


def test_the_html_part_is_sanitised() -> None:
    evil = Rendered("x", "x", '<p onclick="x()">a<script>alert(1)</script><img src="//t.co/1"></p>')
    page = part(read(made(evil)), "html")
    assert "<p>a</p>" in page
    assert "script" not in page
    assert "img" not in page


@pytest.mark.parametrize(
    ("given_html", "clean"),
    [
        ("<script>alert(1)</script>ok", "ok"),
        ("<SCRIPT SRC=//x></SCRIPT>ok", "ok"),
        ('"><img src=x onerror=alert(1)>', '"&gt;'),
        ("<svg onload=alert(1)><a>x</a></svg>", ""),
        ("<iframe src='//x'>y</iframe>ok", "ok"),
        ("<form action='//x'><input></form>ok", "ok"),
        ("<style>@import url(//x)</style>ok", "ok"),
        ("<link rel=stylesheet href=//x>ok", "ok"),
        ("<meta http-equiv=refresh content='0;url=//x'>ok", "ok"),
        ("<base href='//x'>ok", "ok"),
        ("<object data=x></object><embed src=x>ok", None),
        ("<!--[if mso]><x><![endif]-->ok", "ok"),
        ("<b>ok</b><br>", "<b>ok</b><br>"),
    ],
)
def test_what_could_act_or_load_is_dropped(given_html: str, clean: str | None) -> None:
    out = sanitise_html(given_html)
    assert clean is None or out == clean
    assert not re.search(r"(?i)script|onerror|onload|<img|<svg|<iframe|//x", out)


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example/x",
        "/relative",
        "&#106;avascript:alert(1)",
    ],
)
def test_links_lead_only_where_a_person_sees(href: str) -> None:
    assert "href" not in sanitise_html(f'<a href="{href}">x</a>')


@pytest.mark.parametrize(
    "href", ["https://example.com/a?b=1", "mailto:a@example.com", "tel:+551140000000"]
)
def test_ordinary_links_stay(href: str) -> None:
    assert f'href="{href}"' in sanitise_html(f'<a href="{href}">x</a>')


@pytest.mark.parametrize(
    "style",
    [
        "background:url(//x/1.png)",
        "background-color:url(//x/1.png)",
        "color:\\75\\72\\6c(//x)",
        "width:expression(alert(1))",
        "border:image-set('//x' 1x)",
        "color:red;background-image:URL(//x)",
        "font-family:/**/url(//x)",
        "position:fixed",
        "behavior:url(#x)",
        "-moz-binding:url(//x)",
        "display:none",
    ],
)
def test_styles_load_nothing_and_cover_nothing(style: str) -> None:
    out = sanitise_html(f'<p style="{style}">x</p>')
    assert not re.search(r"(?i)url|expression|//x|position|binding|behavior|display|\\", out)


def test_plain_styles_and_tables_stay() -> None:
    html = '<table style="width:100%"><tbody><tr><td style="color:red">x</td></tr></tbody></table>'
    assert sanitise_html(html) == html


def test_the_document_frames_the_clean_html() -> None:
    page = html_document("<p>a</p><script>x</script></body><p>b</p>")
    assert page.startswith('<!DOCTYPE html><html lang="pt-BR">')
    assert page.count("<body") == page.count("</body>") == 1
    assert "<p>a</p><p>b</p>" in page


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=120))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
def test_no_text_breaks_the_message(mail_app: Flask, subject: str, text: str, name: str) -> None:
    rendered = Rendered(subject, text, f"<p>{text}</p>")
    raw = made(rendered, sender_name=name).as_bytes()
    mail = read(made(rendered, sender_name=name))
    assert raw.isascii()
    assert {key.lower() for key in mail} <= {
        *("content-type", "mime-version", "subject", "from", "to", "date", "message-id"),
        "auto-submitted",
    }
    assert [address.addr_spec for address in mail["From"].addresses] == ["financeiro@example.com"]
    assert part(mail, "plain") is not None


@pytest.fixture
def arrived() -> Iterator[EmailMessage]:
    with ScriptedServer() as server, SmtpSession(account(server), LOOPBACK) as session:
        text = "Olá\n.\n..fim\n"
        message = made(Rendered("Olá", text, "<p>.</p>"), attachments=[("b.pdf", PDF)])
        session.deliver(message, "maria@example.com")
        parsed = message_from_bytes(server.accepted[0].data, policy=policies.default)
        assert isinstance(parsed, EmailMessage)
        yield parsed


def test_text_and_pdf_survive_the_journey_to_the_server(arrived: EmailMessage) -> None:
    assert part(arrived, "plain").strip() == "Olá\n.\n..fim"
    [pdf] = arrived.iter_attachments()
    assert pdf.get_content() == PDF
    assert arrived["Message-ID"] == MESSAGE_ID
