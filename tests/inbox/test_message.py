"""What the inbox reads out of a message, well formed or not."""

from email.message import EmailMessage

import pytest

from portal.inbox.message import parse, safe_name

NAME = "20261124T153000000000-0123abcd"


def boleto_mail() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Rede Exemplo <financeiro@example.com>"
    message["To"] = "maria@example.com"
    message["Subject"] = "Seu boleto vence em 10/12/2026 — atenção"
    message["Delivered-To"] = "maria@example.com"
    message.set_content("Olá, Maria.")
    message.add_alternative("<p>Olá, <b>Maria</b>.</p>", subtype="html")
    message.add_attachment(
        b"%PDF-1.4", maintype="application", subtype="pdf", filename="boleto março.pdf"
    )
    return message


def test_a_mail_is_read_whole():
    mail = parse(NAME, boleto_mail().as_bytes())
    assert mail.subject == "Seu boleto vence em 10/12/2026 — atenção"
    assert mail.recipients == ["maria@example.com"]
    assert (mail.text or "").strip() == "Olá, Maria."
    assert (mail.html or "").strip() == "<p>Olá, <b>Maria</b>.</p>"
    assert [(a.name, a.content_type, a.content) for a in mail.attachments] == [
        ("boleto marco.pdf", "application/pdf", b"%PDF-1.4")
    ]
    assert mail.received_at.isoformat() == "2026-11-24T15:30:00+00:00"


def test_a_text_attachment_is_not_taken_for_the_message():
    message = EmailMessage()
    message.set_content("corpo")
    message.add_attachment("nota", filename="nota.txt")
    mail = parse(NAME, message.as_bytes())
    assert (mail.text or "").strip() == "corpo"
    assert [attachment.name for attachment in mail.attachments] == ["nota.txt"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: =?utf-8?b?////?=\r\n\r\nx",
        b"Content-Type: text/plain; charset=nonsense\r\n\r\nol\xc3\xa1",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--y\r\n",
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
        b"From: @@@<>>\r\nTo: \x00\r\nSubject:\r\n\r\n",
    ],
)
def test_a_broken_mail_is_shown_as_far_as_it_goes(content: bytes):
    mail = parse(NAME, content)
    assert mail.name == NAME
    assert mail.subject


def test_an_unknown_character_set_is_read_as_utf_8():
    mail = parse(NAME, b"Content-Type: text/plain; charset=nonsense\r\n\r\nol\xc3\xa1")
    assert mail.text == "olá"


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        ("Subject: ação direta", "ação direta"),
        ("Subject: =?utf-8?b?YcOnw6Nv?=", "ação"),
        ("Subject: =?iso-8859-1?q?a=E7=E3o?=\r\n =?utf-8?q?_dobrada?=", "ação dobrada"),
        ("Subject: =?nonsense?b?YQ==?=", "=?nonsense?b?YQ==?="),
        ("Subject: =?utf-8?b?A?=", "=?utf-8?b?A?="),
        ("Subject:", "(sem assunto)"),
        ("X: y", "(sem assunto)"),
    ],
)
def test_a_subject_is_decoded_or_shown_as_it_came(header: str, subject: str):
    assert parse(NAME, f"{header}\r\n\r\n".encode()).subject == subject


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("boleto-123.pdf", "boleto-123.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\fotos\\cão.png", "cao.png"),
        ('a"; x=\r\nSet-Cookie: y', "a_ x_Set-Cookie_ y"),
        ("...", "anexo-1"),
        ("", "anexo-1"),
        ("/", "anexo-1"),
    ],
)
def test_a_file_name_is_made_safe(raw: str, safe: str):
    assert safe_name(raw, "anexo-1") == safe
