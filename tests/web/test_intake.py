import io

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from portal.web.intake import is_text
from tests.support.forms import csrf_token, post

LIST = "/sistema/usuarios"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("raw", "good"),
    [
        (b"", True),
        (b"q=ana+souza&x=%C3%A7%E2%82%AC%F0%9F%92%A3", True),
        (b"100%", True),
        (b"%zz", True),
        (b"%00", False),
        (b"a\0b", False),
        (b"%E7", False),
        (b"\xe7", False),
        (b"%ED%A0%80", False),  # half of a surrogate pair
        (b"%C0%AF", False),  # an overlong slash
    ],
)
def test_text_is_utf8_without_nul(raw, good):
    assert is_text(raw) is good


@pytest.mark.parametrize(
    "url",
    [
        "/conta?q=%00",
        "/conta?q=%E7",
        "/conta?%ff=1",
        "/conta?q=" + "a" * 1_000_000,
        "/conta%00",
        "/static/%00",
        "/entrar?next=/%00",
        "/conta?_scheme=javascript&_external=1",
        "/conta?endpoint=users.login",
    ],
)
def test_broken_or_huge_addresses_are_refused(admin, url):
    assert admin.get(url).status_code == 400


@pytest.mark.parametrize("value", [b"%00", b"%E7", b"%ED%A0%80", b"Ana%00Souza"])
def test_broken_text_in_a_form_is_refused(admin, value):
    body = b"csrf_token=" + csrf_token(admin).encode() + b"&name=" + value
    assert admin.post("/conta", data=body, content_type=FORM).status_code == 400
    assert "Ana Souza" in admin.get("/conta").text


@pytest.mark.parametrize("value", [b"Ana\0", b"Ana\xe7\xff"])
def test_broken_text_in_a_form_with_files_is_refused(admin, value):
    parts = {b"csrf_token": csrf_token(admin).encode(), b"name": value}
    body = b"".join(
        b'--xx\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + text + b"\r\n"
        for name, text in parts.items()
    )
    form = "multipart/form-data; boundary=xx"
    assert admin.post("/conta", data=body + b"--xx--\r\n", content_type=form).status_code == 400
    assert "Ana Souza" in admin.get("/conta").text


def test_what_people_do_write_passes(admin):
    name = "Ana % D'Ávila + “Souza” 100% €"
    for form in (FORM, "multipart/form-data"):
        assert post(admin, "/conta", {"name": name}, content_type=form).status_code == 303
    assert "Ana % D&#39;Ávila + “Souza” 100% €" in admin.get("/conta").text


def test_huge_headers_are_refused(admin):
    assert admin.get("/conta", headers={"X-Long": "a" * 1_000_000}).status_code == 400


def test_a_huge_form_is_refused(admin):
    answer = post(admin, "/conta", {"name": "a" * 3_000_000})
    assert answer.status_code == 413
    assert "Arquivo grande demais" in answer.text


def test_a_body_without_length_is_limited_too(app):
    body = io.BytesIO(b"email=" + b"a" * 30_000_000)
    environ = create_environ("/entrar", method="POST", content_type=FORM)
    del environ["CONTENT_LENGTH"]
    environ |= {"wsgi.input": body, "wsgi.input_terminated": True}
    _, status, _ = run_wsgi_app(app, environ)
    assert status.startswith("413")
    assert body.tell() < 25_000_000


def test_a_path_that_is_not_utf8_is_refused(admin):
    raw = {"PATH_INFO": "/conta\xff\xfe"}  # as servers hand it over: bytes as Latin-1
    assert admin.get("/conta", environ_overrides=raw).status_code == 400


@pytest.mark.parametrize("number", ["2147483648", "9223372036854775808", "1" + "0" * 50])
def test_an_id_that_no_column_can_hold_is_not_found(admin, number):
    assert admin.get(f"{LIST}/{number}").status_code == 404
