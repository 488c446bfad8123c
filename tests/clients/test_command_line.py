"""`portal import clients|contracts`, as a shell runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from portal import ROOT

DIRT = ROOT / "tests" / "data" / "import"


def _portal(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": os.environ["PATH"],
        "PORTAL_HOME": str(home),
        "REDIS_URL": "redis://127.0.0.1:1/0",  # nothing listens there
        "DEMO": "0",
    }
    return subprocess.run(
        [sys.executable, "-m", "portal.cli", *args],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_file_with_bad_rows_is_imported_and_reported_as_json(tmp_path: Path) -> None:
    clients = _portal(tmp_path, "import", "clients", str(DIRT / "clientes.csv"), "--json")
    assert clients.returncode == 0, clients.stderr
    report = json.loads(clients.stdout)
    assert (report["accepted"], report["rejected"], report["warnings"]) == (8, 9, 6)
    assert (report["created"], report["updated"], report["unchanged"]) == (8, 0, 0)
    assert report["errors"][0] == {
        "line": 8,
        "column": "cpf_cnpj",
        "code": "invalid_document",
        "message": "CPF “529.982.247-24” tem dígito verificador errado: confira-o.",
    }
    assert len(report["warning_details"]) == 6

    contracts = _portal(tmp_path, "import", "contracts", str(DIRT / "contratos.csv"))
    assert contracts.returncode == 0, contracts.stderr
    assert "0 linhas importadas" in contracts.stdout  # there is no wallet yet
    assert "linha 2, carteira: Não há carteira" in contracts.stdout


def test_a_refused_file_fails_with_one_clear_line(tmp_path: Path) -> None:
    file = tmp_path / "base.xlsx"
    file.write_bytes(b"PK\x03\x04" + bytes(100))
    failed = _portal(tmp_path / "home", "import", "clients", str(file), "--json")
    assert failed.returncode == 1
    assert len(failed.stderr.splitlines()) == 1
    assert "Excel" in failed.stderr
    report = json.loads(failed.stdout)
    assert (report["accepted"], report["rejected"]) == (0, 0)
    assert report["errors"][0]["code"] == "not_text"


def test_a_wrong_call_exits_2(tmp_path: Path) -> None:
    assert _portal(tmp_path, "import", "clients", str(tmp_path / "nada.csv")).returncode == 2
