"""Importing on screen: upload, check, one confirmation."""

import io
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from portal.clients import staging
from portal.clients.models import Client
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import NotFound
from tests.clients.browsing import post
from tests.factories import NOON

START = "/clientes/importar"
HEADER = b"codigo;razao_social;cpf_cnpj;email;ativo\n"


def _upload(browser: FlaskClient, content: bytes, name: str = "base.csv") -> TestResponse:
    return post(browser, START, file=(io.BytesIO(content), name))


def _clients(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Client)) or 0


def _files(app: Flask) -> list[Path]:
    folder = app.config["SETTINGS"].home / "imports"
    return sorted(folder.iterdir()) if folder.is_dir() else []


@pytest.fixture(autouse=True)
def _clean(app: Flask) -> None:
    for path in _files(app):
        path.unlink()


def test_a_file_is_checked_first_and_goes_in_at_the_one_confirmation(
    app: Flask, finance: FlaskClient, dirty_clients: Path
) -> None:
    done = _upload(finance, dirty_clients.read_bytes())
    assert done.status_code == 303
    url = done.headers["Location"]
    page = finance.get(url).text
    assert "Importar 8 linhas válidas" in page
    assert re.search(r'<td class="numeric">8</td>\s*<td><span class="mono">cpf_cnpj</span>', page)
    assert _clients(app) == 0

    confirmed = post(finance, url)
    assert confirmed.status_code == 303
    result = finance.get(confirmed.headers["Location"]).text
    assert "8 linhas importadas" in result
    assert "9 ficaram de fora" in result
    assert "Importar 8" not in result
    assert _clients(app) == 8
    with app.app_context():
        event = db.session.scalars(select(AuditEvent)).one()
        assert (event.actor_name, event.action) == ("Bruno Lima", "clients.import")
        assert event.summary.startswith("base.csv: criados: 8")


def test_confirming_again_changes_nothing_and_shows_the_result(
    app: Flask, finance: FlaskClient, dirty_clients: Path
) -> None:
    url = _upload(finance, dirty_clients.read_bytes()).headers["Location"]
    post(finance, url)
    again = post(finance, url)
    assert again.status_code == 303
    assert "8 linhas importadas" in finance.get(url).text
    assert _clients(app) == 8
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(AuditEvent)) == 1


def test_the_file_is_deleted_once_it_was_imported(
    app: Flask, finance: FlaskClient, dirty_clients: Path
) -> None:
    url = _upload(finance, dirty_clients.read_bytes()).headers["Location"]
    assert {path.suffix for path in _files(app)} == {".csv", ".json"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in _files(app))
    post(finance, url)
    assert {path.suffix for path in _files(app)} == {".json"}


def test_an_import_that_fails_can_be_tried_again(
    app: Flask, finance: FlaskClient, dirty_clients: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.clients import service

    url = _upload(finance, dirty_clients.read_bytes()).headers["Location"]
    with monkeypatch.context() as broken:
        broken.setattr(service, "write", lambda *_args: 1 / 0)
        assert post(finance, url).status_code == 500
    assert _clients(app) == 0
    assert "Importar 8 linhas válidas" in finance.get(url).text
    post(finance, url)
    assert _clients(app) == 8


def test_someone_elses_file_and_unknown_tokens_are_not_found(
    finance: FlaskClient, admin: FlaskClient, dirty_clients: Path
) -> None:
    url = _upload(finance, dirty_clients.read_bytes()).headers["Location"]
    token = url.rsplit("/", 1)[1]
    for stranger in (url, f"{url}/problemas.csv", f"/contratos/importar/{token}"):
        assert admin.get(stranger).status_code == 404
    assert post(admin, url).status_code == 404
    assert finance.get(f"/contratos/importar/{token}").status_code == 404
    for odd in ("x", "..%2F..%2Fsecret_key", "a" * 32):
        assert finance.get(f"{START}/{odd}").status_code == 404


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "vazio"),
        ("codigo;x\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04" + bytes(50), "compactado"),
        (b"codigo;razao_social;cpf_cnpj;ativo\n", "Falta a coluna “email”"),
        (HEADER + b'1;"Ana;52998224725;;S\n2;Bia;;;S\n', "Linha 2, coluna “razao_social”"),
    ],
)
def test_a_refused_file_says_why_and_is_not_kept(
    app: Flask, finance: FlaskClient, content: bytes, words: str
) -> None:
    page = _upload(finance, content)
    assert page.status_code == 422
    assert "Nada foi importado" in page.text
    assert words in page.text
    assert _files(app) == []


def test_no_file_at_all_asks_for_one(finance: FlaskClient) -> None:
    page = post(finance, START)
    assert page.status_code == 422
    assert "Escolha um arquivo" in page.text


def test_a_file_over_20_mb_is_refused(app: Flask, finance: FlaskClient) -> None:
    page = _upload(finance, HEADER + b"x" * (20 << 20))
    assert page.status_code == 413
    assert _files(app) == []


def test_a_file_without_a_valid_row_offers_no_confirmation(finance: FlaskClient) -> None:
    url = _upload(finance, HEADER + b"1;Ana;123;;S\n").headers["Location"]
    page = finance.get(url).text
    assert "Nenhuma linha pode ser importada" in page
    assert "linhas válidas" not in page


def test_all_problems_can_be_downloaded_without_formulas(finance: FlaskClient) -> None:
    rows = b"".join(b"%d;Ana;123;;S\n" % n for n in range(1, 251))
    url = _upload(finance, HEADER + rows + b"=1+1;;52998224725;;S\n").headers["Location"]
    page = finance.get(url).text
    assert "as primeiras 200 de 251" in page
    download = finance.get(f"{url}/problemas.csv")
    lines = download.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "situação;linha;coluna;código;mensagem"
    assert len(lines) == 252
    assert lines[1].startswith("recusada;2;cpf_cnpj;invalid_document;")
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in ";".join(lines).split(";"))


def test_names_and_cells_of_the_file_are_shown_escaped(finance: FlaskClient) -> None:
    bad = b"<img src=x onerror=alert(1)>"
    url = _upload(finance, HEADER + b"1;Ana;52998224725;" + bad + b";S\n", "<b>.csv")
    page = finance.get(url.headers["Location"]).text
    assert "<img src=x" not in page
    assert "<b>.csv" not in page


def test_the_model_is_a_file_that_the_import_takes(finance: FlaskClient) -> None:
    model = finance.get(f"{START}/modelo.csv").data
    assert model.decode("utf-8-sig").startswith("codigo;razao_social;cpf_cnpj;email;ativo;")
    assert _upload(finance, model).status_code == 303


def test_files_older_than_a_day_are_swept_away(tmp_path: Path) -> None:
    old = staging.keep(tmp_path, "clients", 1, "base.csv", NOON)
    for path in (old.path, old.note):
        os.utime(path, (NOON.timestamp(), NOON.timestamp()))
    staging.keep(tmp_path, "clients", 1, "nova.csv", NOON + timedelta(hours=23))
    assert staging.find(tmp_path, "clients", 1, old.token).facts()["name"] == "base.csv"
    staging.keep(tmp_path, "clients", 1, "nova.csv", NOON + timedelta(hours=25))
    with pytest.raises(NotFound, match="Envie-o de novo"):
        staging.find(tmp_path, "clients", 1, old.token)
