"""Behind a proxy of ours the visitor's address counts; nobody else can choose theirs."""

import pytest
from flask import Flask, request

from portal.core.config import Settings
from portal.core.errors import ConfigError
from portal.web import proxies

CLAIM = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Forwarded-Proto": "https"}


def seen(peer: str, *trusted: str, tmp_path, headers=CLAIM) -> str:
    """Address and scheme as a view sees them."""
    env = {"PORTAL_HOME": str(tmp_path), "PORTAL_TRUSTED_PROXIES": ",".join(trusted)}
    app = Flask(__name__)
    app.config["SETTINGS"] = Settings.from_env(env)
    app.add_url_rule("/", view_func=lambda: f"{request.remote_addr} {request.scheme}")
    proxies.install(app)
    return app.test_client().get("/", headers=headers, environ_base={"REMOTE_ADDR": peer}).text


def test_by_default_nobody_is_believed(tmp_path):
    assert seen("127.0.0.1", tmp_path=tmp_path) == "127.0.0.1 http"


def test_a_trusted_proxy_names_the_last_hop(tmp_path):
    trusted = ("127.0.0.1", "10.0.0.0/8")
    assert seen("10.2.3.4", *trusted, tmp_path=tmp_path) == "198.51.100.7 https"
    assert seen("127.0.0.1", *trusted, tmp_path=tmp_path, headers={}) == "127.0.0.1 http"


def test_a_stranger_beside_the_proxy_is_not_believed(tmp_path):
    assert seen("192.0.2.1", "10.0.0.0/8", tmp_path=tmp_path) == "192.0.2.1 http"


def test_a_wrong_network_stops_the_start(tmp_path):
    with pytest.raises(ConfigError, match=r"PORTAL_TRUSTED_PROXIES=10\.0\.0\.1/8"):
        seen("127.0.0.1", "10.0.0.1/8", tmp_path=tmp_path)
