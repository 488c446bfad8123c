"""The company's logo: checked, shown, printed, removed."""

import io
from dataclasses import replace
from email import message_from_bytes

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from pypdf import PdfReader

from portal.boletos import render_pdf
from portal.core.errors import InvalidValue
from portal.deliveries import sender
from portal.deliveries.proof import proof
from portal.settings.logo import logo, put_logo
from tests.boletos.samples import create_slip
from tests.factories import NOON, create_user
from tests.support.forms import post
from tests.support.sending import messages, queue
from tests.support.smtp_server import ScriptedServer


def png(width: int = 60, height: int = 20) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "#0b6e4f").save(out, "PNG")
    return out.getvalue()


def test_a_logo_is_kept_and_can_be_removed(session):
    put_logo(png(), create_user(), NOON)
    assert logo() == png()
    put_logo(b"", create_user(), NOON)
    assert logo() == b""


@pytest.mark.parametrize("content", [b"GIF89a", b"\x89PNG\r\n\x1a\nnonsense", png(3000, 10)])
def test_what_is_no_small_png_is_refused_and_changes_nothing(session, content):
    put_logo(png(), create_user(), NOON)
    with pytest.raises(InvalidValue) as refused:
        put_logo(content, create_user(), NOON)
    session.rollback()
    assert refused.value.field == "logo_png"
    assert logo() == png()


def test_the_page_uploads_shows_and_refuses(app: Flask, finance: FlaskClient):
    url = "/configuracoes/parametros/gerais/logotipo"
    saved = post(finance, url, {"logo": (io.BytesIO(png()), "logo.png")})
    assert saved.status_code == 303
    assert finance.get(f"{url}.png").data == png()
    refused = post(finance, url, {"logo": (io.BytesIO(b"no"), "logo.png")})
    assert refused.status_code == 422
    assert "não é uma imagem PNG" in refused.get_data(as_text=True)
    assert finance.get(f"{url}.png").data == png()


def test_the_logo_is_printed_on_the_boleto():
    plain, with_logo = create_slip(), replace(create_slip(), logo_png=png())
    assert images(render_pdf([plain])) == 0
    assert images(render_pdf([with_logo])) > 0


def images(pdf: bytes) -> int:
    return sum(len(page.images) for page in PdfReader(io.BytesIO(pdf)).pages)


def test_what_is_e_mailed_carries_the_logo_and_the_log_proves_it(session):
    put_logo(png(), create_user(), NOON)
    with ScriptedServer() as server:
        account = queue(server)
        put_logo(png(), create_user(), NOON)  # the helper wrote the parameters anew
        sender.drain(account.id)
        (accepted,) = server.accepted
    parts = message_from_bytes(accepted.data).walk()
    (pdf,) = [part for part in parts if part.get_content_type() == "application/pdf"]
    assert images(pdf.get_payload(decode=True)) > 0
    assert proof(messages()[0]).same is True
