"""`portal boletos compute` and `portal boletos pdf`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from pypdf import PdfReader

from portal import ROOT
from portal.boletos import compute_line
from portal.cli import boletos as command
from portal.core.errors import NotFound
from tests.factories import create_receivable
from tests.receivables.making import create_boleto

ITAU = {
    "id": "a-1",
    "banco": "341",
    "agencia": "1234",
    "conta": "12345",
    "carteira": "109",
    "numero": "1",
    "valor": "119.90",
    "vencimento": "2026-12-10",
    "campo_meu": "ação",
}


def _compute(data: bytes) -> list[dict[str, object]]:
    result = CliRunner().invoke(command.compute, input=data)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout_bytes.decode().splitlines()]


def test_a_line_gets_its_numbers_and_keeps_what_it_had() -> None:
    (answer,) = _compute(json.dumps(ITAU).encode())
    assert {key: answer[key] for key in ITAU} == ITAU
    assert str(answer["nosso_numero"]).startswith("109/00000001")
    assert len(str(answer["campo_livre"])) == 25
    assert len(str(answer["codigo_barras"])) == 44
    assert str(answer["linha_digitavel"]).startswith("34191.09")


@pytest.mark.parametrize(
    "line",
    [
        b"nope",
        b"{",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"id": ' + b"9" * 5000 + b"}",
        b"\xef\xbb\xbf",
    ],
)
def test_a_line_that_is_not_json_is_answered_and_the_others_go_on(line: bytes) -> None:
    answers = _compute(line + b"\n\n" + json.dumps(ITAU).encode() + b"\n")
    assert answers[0] == {"id": None, "erro": command.NOT_JSON}
    assert answers[1]["id"] == "a-1"
    assert "erro" not in answers[1]


def test_a_line_that_no_bank_takes_names_its_id_and_the_reason() -> None:
    answers = _compute(b'{"id": 7, "banco": "999"}\n[1]\nnull\n{"id": "x\\ud800", "banco": "1"}\n')
    assert [item["id"] for item in answers] == [7, None, None, "x\ud800"]
    assert all(item["erro"] for item in answers)


def test_every_vector_is_answered_as_the_library_answers(shared_data: Path) -> None:
    lines = (shared_data / "boletos" / "vectors.jsonl").read_bytes()
    wanted = [compute_line(json.loads(line)) for line in lines.splitlines()]
    assert _compute(lines) == wanted
    assert sum("erro" in answer for answer in wanted) <= 1


def test_compute_streams_and_needs_no_database(tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = subprocess.Popen(
        [sys.executable, "-m", "portal.cli", "boletos", "compute"],
        cwd=ROOT,
        env={**os.environ, "PORTAL_HOME": str(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for number in ("1", "2"):  # each answer comes before the next question
        process.stdin.write(json.dumps({**ITAU, "numero": number}).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["numero"] == number
    process.stdin.close()
    assert process.wait(30) == 0
    process.stdout.close()
    assert not home.exists()


@pytest.fixture
def inside(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The command runs in the application of the tests."""

    @contextmanager
    def portal_app() -> Iterator[Flask]:
        with app.app_context():
            yield app

    monkeypatch.setattr(command, "portal_app", portal_app)
    return app


def test_titles_become_one_pdf_in_the_order_asked_for(inside: Flask, tmp_path: Path) -> None:
    with inside.app_context():
        first, second = create_boleto(), create_boleto()
        ids = [second.id, first.id]
        lines = [second.linha_digitavel, first.linha_digitavel]
    target = tmp_path / "boletos.pdf"
    target.write_text("antes")
    result = CliRunner().invoke(command.pdf, [*map(str, ids), "-o", str(target)])
    assert result.exit_code == 0, result.output
    pages = [page.extract_text() for page in PdfReader(target).pages]
    assert [line in page for line, page in zip(lines, pages, strict=True)] == [True, True]
    assert [item.name for item in tmp_path.iterdir()] == ["boletos.pdf"]


def test_an_unknown_or_bare_title_writes_nothing(inside: Flask, tmp_path: Path) -> None:
    with inside.app_context():
        good, bare = create_boleto().id, create_receivable().id
    target = tmp_path / "boletos.pdf"
    target.write_text("antes")
    for other in (999, bare):
        result = CliRunner().invoke(command.pdf, [str(good), str(other), "-o", str(target)])
        assert isinstance(result.exception, NotFound)  # ends as one line and exit code 1
    assert target.read_text() == "antes"
    assert [item.name for item in tmp_path.iterdir()] == ["boletos.pdf"]


def test_wrong_words_are_a_usage_error(tmp_path: Path) -> None:
    for words in (["-o", str(tmp_path / "x.pdf")], ["1"], ["x", "-o", str(tmp_path / "x.pdf")]):
        assert CliRunner().invoke(command.pdf, words).exit_code == 2


def test_a_failed_write_leaves_no_draft(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        command.write_whole(tmp_path / "missing" / "x.pdf", b"%PDF")
    assert list(tmp_path.iterdir()) == []
