"""The whole job without a screen: configure, import, check, generate, send, prove."""

from collections.abc import Iterator
from decimal import Decimal
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.support.installation import Installation

COUNTERS = ("contracts", "receivables", "amount", "emails", "printed", "not_sent")


@pytest.fixture
def portal(tmp_path: Path, fresh_database: str) -> Iterator[Installation]:
    """An installation with a mail server and nothing else running."""
    with Installation(tmp_path, fresh_database) as installation:
        installation.mail_server()
        yield installation


def test_from_a_configuration_file_to_accepted_boletos(portal: Installation):
    empty = portal.json("checklist", expect=1)
    assert empty["ready"] is False
    portal.configure()
    portal.import_contracts(12)
    checklist = portal.json("checklist")
    assert checklist["ready"] is True
    assert {"code", "status", "evidence", "fix_url"} == set(checklist["requirements"][0])
    preview = portal.json("preview", "--competence", "2026-12")
    generated = portal.json("generate", "--competence", "2026-12", "--today", "2026-11-24")
    assert {name: preview[name] for name in COUNTERS} == {
        name: generated[name] for name in COUNTERS
    }
    assert generated["emails"] == 12
    portal.redis()
    portal.cron()
    portal.worker()
    portal.wait_for(lambda: portal.counts()["sent"] == 12, "12 sent")
    data = portal.json("deliveries")
    assert {item["message_id"] for item in data["messages"]} == {
        item["message_id"] for item in portal.accepted()
    }
    assert all(item["attempts"] == 1 for item in data["messages"])
    parsed = message_from_bytes((portal.spool / "1.eml").read_bytes())
    types = [part.get_content_type() for part in parsed.walk()]
    assert types[-3:] == ["text/plain", "text/html", "application/pdf"]


def test_a_test_e_mail_by_the_command_line_says_its_stages(portal: Installation):
    portal.configure()
    result = portal.json("smtp", "test", "Financeiro", "--to", "alguem@example.com")
    assert result["accepted"] is True
    assert portal.accepted()[0]["recipients"] == ["alguem@example.com"]
    assert portal.counts()["sent"] == 1
    refused = portal.run("smtp", "test", "Outra", expect=1)
    assert "Outra" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_explain_names_what_stands_in_the_way(portal: Installation):
    portal.configure(email_on_generation="false")
    portal.import_contracts(1)
    answer = portal.json("explain", "1")
    blocked = [item["code"] for item in answer["requirements"] if item["status"] == "blocked"]
    assert blocked == ["wallet_email_on_generation"]
    assert answer["ready"] is False


def test_a_usage_error_exits_2_and_a_failure_1_with_one_line(portal: Installation):
    assert portal.run("generate", expect=2).stderr
    assert portal.run("generate", "--competence", "nope", expect=2).stderr
    failed = portal.run("explain", "999", expect=1).stderr.splitlines()
    assert len(failed) == 1
    assert "999" in failed[0]


def test_the_imported_base_is_accounted_for_to_the_last_title(
    portal: Installation, shared_data: Path
):
    portal.configure()
    clients = portal.json("import", "clients", str(shared_data / "base_5000" / "clientes.csv"))
    contracts = portal.json("import", "contracts", str(shared_data / "base_5000" / "contratos.csv"))
    assert clients["accepted"] + clients["rejected"] == 5000
    assert contracts["accepted"] + contracts["rejected"] == 5700
    assert all(item["line"] and item["column"] and item["code"] for item in clients["errors"])
    preview = portal.json("preview", "--competence", "2026-12")
    result = portal.json("generate", "--competence", "2026-12")
    assert {name: preview[name] for name in COUNTERS} == {name: result[name] for name in COUNTERS}
    assert result["contracts"] == contracts["accepted"]
    assert result["contracts"] == result["receivables"] + sum(result["not_generated"].values())
    sent = result["emails"] + result["printed"] + sum(result["not_sent"].values())
    assert sent == result["receivables"]
    assert Decimal(result["amount"]) > 0
    assert portal.counts()["queued"] == result["messages"]
    again = portal.json("generate", "--competence", "2026-12")
    assert again["receivables"] == 0
    assert portal.counts()["queued"] == result["messages"]
