import pytest
from flask import Flask

from portal import create_app
from portal.core.config import Settings
from portal.core.crypto import new_key
from portal.core.db import db
from portal.web.security import HEADERS


@pytest.fixture
def production(tmp_path) -> Flask:
    """The portal as it runs under a public name, over an empty database."""
    app = create_app(
        Settings.from_env(
            {
                "PORTAL_HOME": str(tmp_path),
                "PORTAL_HOSTS": "portal.exemplo.com.br",
                "SECRET_KEY": "tests-only-secret-key",
                "PORTAL_ENCRYPTION_KEYS": new_key(),
                "REDIS_URL": "redis://127.0.0.1:1/0",
            }
        ),
        RATELIMIT_ENABLED=False,
    )
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(
    "path", ["/entrar", "/conta", "/nada", "/sair", "/static/css/portal.css", "/static/nada.css"]
)
def test_every_answer_carries_the_security_headers(admin, path):
    answer = admin.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value, name
    assert answer.headers["X-Request-Id"]


def test_the_policy_allows_no_inline_code_and_nothing_from_elsewhere():
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    for word in ("unsafe", "http:", "https:", "*", "nonce"):
        assert word not in policy


def test_pages_are_kept_by_no_cache(admin, web):
    assert admin.get("/conta").headers["Cache-Control"] == "no-store"
    assert web.get("/entrar").headers["Cache-Control"] == "no-store"


def test_assets_are_kept_for_ever_only_under_an_address_that_changes_with_them(web):
    assert "immutable" in web.get("/static/css/portal.css?v=1").headers["Cache-Control"]
    assert "immutable" not in web.get("/static/css/portal.css").headers.get("Cache-Control", "")
    assert "immutable" not in web.get("/static/nada.css?v=1").headers.get("Cache-Control", "")


def test_under_a_public_name_cookies_need_https_and_other_names_are_refused(production):
    client = production.test_client()
    answer = client.get("/entrar", base_url="https://portal.exemplo.com.br")
    assert answer.status_code == 200
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    "host", ["evil.example", "portal.exemplo.com.br.evil.example", "127.0.0.1", "a b", ""]
)
@pytest.mark.parametrize("path", ["/", "/entrar", "/nada", "/static/css/portal.css"])
def test_another_host_name_is_refused_whatever_the_page(production, host, path):
    answer = production.test_client().get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "Pedido inválido" in answer.text
    assert host not in answer.text or not host


def test_without_public_names_any_host_is_served(web):
    assert web.get("/entrar", headers={"Host": "192.168.0.10:8000"}).status_code == 200
    assert "Strict-Transport-Security" not in web.get("/entrar").headers
