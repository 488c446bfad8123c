"""What comes from outside: refusals that are logged, names that change, archives that explode."""

import json
import zipfile

import pytest

from portal.core.config import ConfigError, Settings
from portal.core.crypto import new_key
from portal.operations import backup_archive
from portal.operations.backup_archive import BadBackup, opened
from portal.webhooks import calling, destinations
from tests import factories
from tests.api.conftest import System, make_token
from tests.factories import NOON
from tests.support import company

PRODUCTION = {"PORTAL_HOSTS": "portal.example.com", "DEMO": "0"}
CLIENT = {"code": "C1", "name": "Ana", "cpf_cnpj": "529.982.247-25"}


def test_what_a_role_may_not_do_is_refused_and_logged(reader, caplog):
    assert reader.get("/sistema/usuarios").status_code == 403
    (line,) = [item.getMessage() for item in caplog.records if "lacks" in item.getMessage()]
    assert "manage_users" in line


@pytest.mark.parametrize("secret", [{}, {"SECRET_KEY": "dev"}, {"SECRET_KEY": ""}])
def test_production_does_not_start_without_a_secret(tmp_path, secret):
    environment = {**PRODUCTION, "PORTAL_HOME": str(tmp_path), "PORTAL_ENCRYPTION_KEYS": new_key()}
    with pytest.raises(ConfigError, match="SECRET_KEY"):
        Settings.from_env(environment | secret)
    assert list(tmp_path.iterdir()) == []


def test_production_does_not_start_without_encryption_keys(tmp_path):
    environment = {**PRODUCTION, "PORTAL_HOME": str(tmp_path), "SECRET_KEY": "a long enough secret"}
    with pytest.raises(ConfigError, match="PORTAL_ENCRYPTION_KEYS"):
        Settings.from_env(environment)


def test_a_stranger_learns_of_no_client(app, web):
    with app.app_context():
        company.fill(2)
    for url in ("/health/live", "/health/ready", "/metrics", "/entrar", "/api/v1/openapi.json"):
        answer = web.get(url)
        assert answer.status_code == 200, url
        for word in ("Maria", "maria", "52998224725", "Rua das Fibras", "Rede Exemplo LTDA"):
            assert word not in answer.text, (url, word)


# --- names that change their address between two questions ----------------------------------------
def test_a_name_is_asked_for_once_and_that_address_is_called(monkeypatch):
    answers = iter([["93.184.216.34"], ["10.0.0.1"], ["127.0.0.1"]])
    monkeypatch.setattr(destinations, "look_up", lambda *_args: next(answers))
    called = []

    def connect(place, _timeout):
        called.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(calling.socket, "create_connection", connect)
    calling.call("https://sistema.exemplo.com/", b"{}", {}, production=True)
    assert called == [("93.184.216.34", 443)]


# --- archives -------------------------------------------------------------------------------------
def archive(path, parts, manifest=None):
    """A backup with these parts (name → content, rows) that says of itself what it likes."""
    listed = [{"name": n, "sha256": "0" * 64, "rows": rows} for n, (_, rows) in parts.items()]
    facts = {"format": 1, "made_at": NOON.isoformat(), "revision": "0001", "parts": listed}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("manifest.json", json.dumps(facts) if manifest is None else manifest)
        for name, (content, _) in parts.items():
            file.writestr(name, content)
    return path


def test_a_part_that_unpacks_without_end_is_not_read_into_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(backup_archive, "MAX_ROW", 1 << 16)
    bomb = archive(tmp_path / "b.zip", {"tables/users.jsonl": (b" " * (1 << 20), 1)})
    with pytest.raises(BadBackup, match="linha sem fim"), opened(bomb):
        pass


def test_a_manifest_that_unpacks_without_end_is_not_read(tmp_path):
    bomb = archive(tmp_path / "b.zip", {}, manifest=b" " * (backup_archive.MAX_MANIFEST + 1))
    assert bomb.stat().st_size < 20_000
    with pytest.raises(BadBackup, match="manifesto"), opened(bomb):
        pass


@pytest.mark.parametrize("name", ["../../fora.jsonl", "/etc/cron.d/x", "tables/../../fora.jsonl"])
def test_names_in_an_archive_never_become_files(tmp_path, name):
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    path = archive(inside / "c.zip", {name: (b"[]\n", 1)})
    with pytest.raises(BadBackup), opened(path):
        pass
    assert [item.name for item in tmp_path.rglob("*") if item.is_file()] == ["c.zip"]


# --- the API --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"code": "C1", "name": "\\u0000", "cpf_cnpj": "52998224725"}',
        b'{"code": "C1", "name": "\\ud800", "cpf_cnpj": "52998224725"}',
        b'{"code": NaN}',
        b'{"code": 1e309}',
        b'{"code": ' + b"9" * 5000 + b"}",
        b"\xff\xfe{\0}\0",
        b'{"name": "Ana", "name": "Bia"}',
        json.dumps(CLIENT | {"anonymised_at": "2026-01-01", "id": 7}).encode(),
        json.dumps(CLIENT | {"version": 9}).encode(),
        b"x" * 300_000,
    ],
)
def test_a_body_that_is_no_client_is_refused_and_makes_none(app, body):
    with app.app_context():
        erp = System(app.test_client(), make_token())
    answer = erp.post("/clients", data=body, content_type="application/json")
    assert 400 <= answer.status_code < 500
    assert answer.mimetype == "application/problem+json"
    assert erp.get("/clients").json["data"] == []


@pytest.mark.parametrize(
    "header", ["", "Basic YTpi", "Bearer", "Bearer x y", f"Bearer {'x' * 500}"]
)
def test_what_is_no_token_opens_nothing(web, header):
    assert web.get("/api/v1/clients", headers={"Authorization": header}).status_code == 401


# --- files with names of people -------------------------------------------------------------------
def test_the_name_of_a_file_holds_nothing_of_a_header(app, admin):
    with app.app_context():
        person = factories.create_client(code='a"; x=\r\nB: ../c;é').id
    for kind in ("dados/exportar.json", "emails-enviados.csv"):
        answer = admin.get(f"/clientes/{person}/{kind}")
        assert answer.status_code == 200, kind
        said = answer.headers["Content-Disposition"]
        assert said.isascii()
        assert said.count('"') in (0, 2), said
        assert "/" not in said
        assert "B" not in answer.headers
