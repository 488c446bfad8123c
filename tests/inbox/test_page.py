"""The page: shows what came, and lets nothing of it act."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from portal.inbox.page import PAGE_SIZE, create_page
from portal.inbox.store import Store

NOON = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # noon in São Paulo
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def browser(store: Store) -> FlaskClient:
    return create_page(store).test_client()


def keep(store: Store, subject: str = "Seu boleto", minutes: int = 0, html: str = "<b>oi</b>"):
    message = EmailMessage()
    message["To"] = "maria@example.com"
    message["Subject"] = subject
    message.set_content(f"texto {EVIL}")
    message.add_alternative(html, subtype="html")
    message.add_attachment(
        b"%PDF-1.4", maintype="application", subtype="pdf", filename="boleto.pdf"
    )
    message.add_attachment(b"<svg>", maintype="image", subtype="svg+xml", filename="../x.svg")
    return store.save(
        message.as_bytes(), "a@b.com", ["maria@example.com"], NOON + timedelta(minutes=minutes)
    )


def test_an_empty_inbox_says_what_to_do(browser: FlaskClient):
    assert "Nenhuma mensagem ainda" in browser.get("/").text


def test_the_list_shows_newest_first_in_local_time(store: Store, browser: FlaskClient):
    keep(store, "primeira")
    keep(store, "segunda", minutes=5)
    page = browser.get("/").text
    assert page.index("segunda") < page.index("primeira")
    assert "24/11/2026 12:05:00" in page
    assert "maria@example.com" in page
    assert "boleto.pdf, x.svg" in page
    assert "2 mensagens" in page


def test_a_long_list_is_paged(store: Store, browser: FlaskClient):
    for minute in range(PAGE_SIZE + 1):
        keep(store, f"mensagem-{minute:03}", minute)
    first, second = browser.get("/").text, browser.get("/?pagina=2").text
    assert "mensagem-050" in first
    assert "mensagem-000" not in first
    assert "mensagem-000" in second
    assert "Página 2 de 2" in second
    assert browser.get("/?pagina=999").text == second
    assert browser.get("/?pagina=x").text == first


def test_a_message_shows_its_parts_and_escapes_them(store: Store, browser: FlaskClient):
    page = browser.get(f"/mensagem/{keep(store, EVIL)}").text
    assert EVIL not in page
    assert page.count("&lt;script&gt;alert(1)") == 4  # title, heading, headers, text
    assert "boleto.pdf" in page


def test_the_html_part_stands_in_a_sandbox_of_its_own(store: Store, browser: FlaskClient):
    name = keep(store, html=f"<p style='color:red'>oi</p>{EVIL}")
    assert (
        f'<iframe class="card" sandbox title="Mensagem em HTML" src="/mensagem/{name}/html">'
        in (browser.get(f"/mensagem/{name}").text)
    )
    response = browser.get(f"/mensagem/{name}/html")
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith(
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    )
    assert "script-src" not in policy
    assert "allow-" not in policy


def test_attachments_download_under_safe_names_and_types(store: Store, browser: FlaskClient):
    name = keep(store)
    pdf = browser.get(f"/mensagem/{name}/anexo/1")
    assert (pdf.data, pdf.mimetype) == (b"%PDF-1.4", "application/pdf")
    assert pdf.headers["Content-Disposition"] == "attachment; filename=boleto.pdf"
    svg = browser.get(f"/mensagem/{name}/anexo/2")
    assert svg.mimetype == "application/octet-stream"
    assert svg.headers["Content-Disposition"] == "attachment; filename=x.svg"
    assert browser.get(f"/mensagem/{name}/anexo/3").status_code == 404
    assert browser.get(f"/mensagem/{name}/anexo/0").status_code == 404


def test_the_original_can_be_downloaded(store: Store, browser: FlaskClient):
    name = keep(store)
    response = browser.get(f"/mensagem/{name}/original")
    assert response.data == store.read(name)
    assert response.mimetype == "message/rfc822"


@pytest.mark.parametrize("tail", ["", "/html", "/anexo/1", "/original"])
@pytest.mark.parametrize("name", ["20261124T120000000000-0123abcd", "..", "%2e%2e%2fsecret"])
def test_a_message_that_does_not_exist_is_not_found(browser: FlaskClient, name: str, tail: str):
    assert browser.get(f"/mensagem/{name}{tail}").status_code == 404


def test_every_answer_is_guarded(store: Store, browser: FlaskClient):
    name = keep(store)
    for path in ("/", "/nada", f"/mensagem/{name}", f"/mensagem/{name}/anexo/1"):
        headers = browser.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_another_name_for_this_machine_is_refused(browser: FlaskClient):
    assert browser.get("/", headers={"Host": "evil.example:8026"}).status_code == 400
    assert browser.get("/", headers={"Host": "127.0.0.1:8026"}).status_code == 200


def test_nothing_can_be_changed(browser: FlaskClient):
    for method in ("POST", "PUT", "DELETE"):
        assert browser.open("/", method=method).status_code == 405
