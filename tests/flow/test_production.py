"""The set-up of deploy/, without containers: a whole month of a real-looking base.

PostgreSQL, Redis with append-only, gunicorn, four workers, the clock; then the sums, the metrics
and the doctor.
"""

import re
import secrets
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from portal.core.crypto import new_key
from tests.support.installation import Installation
from tests.support.ports import free_port

HOST = "boletos.exemplo.com.br"


@pytest.fixture
def production(tmp_path: Path, fresh_database: str) -> Iterator[Installation]:
    """Everything that deploy/compose.yml starts, as processes of this machine."""
    if not fresh_database:
        pytest.skip("production is proved on PostgreSQL (TEST_DATABASE_URL)")
    with Installation(tmp_path, fresh_database) as installation:
        installation.env |= {
            "PORTAL_HOSTS": HOST,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "PORTAL_ENCRYPTION_KEYS": new_key(),
            "PORTAL_TRUSTED_PROXIES": "127.0.0.1",
            "PORT": str(free_port()),
        }
        installation.mail_server()
        installation.redis()
        installation.portal_process("web", log="web")
        installation.wait_for(lambda: _get(installation, "/health/ready"), "the web is ready", 60)
        installation.portal_process("worker", "-n", "4", log="worker")
        installation.cron()
        yield installation


@pytest.mark.postgres
def test_a_month_of_the_base_on_the_production_set_up(production: Installation, shared_data: Path):
    production.configure(connections=8)
    base = shared_data / "base_5000"
    for what, name in (("clients", "clientes.csv"), ("contracts", "contratos.csv")):
        assert production.json("import", what, str(base / name))["accepted"] > 4000
    generated = production.json("generate", "--competence", "2026-12", "--today", "2026-11-24")
    waits = ("queued", "sending")
    production.wait_for(
        lambda: not any(production.counts()[state] for state in waits), "the queue is empty", 240
    )
    counts = production.counts()
    assert counts["sent"] == sum(counts.values()) == generated["messages"] > 3000
    accepted = Counter(item["message_id"] for item in production.accepted())
    assert accepted.total() == len(accepted) == counts["sent"]  # each once
    assert generated["receivables"] == production.receivables()
    metrics = _get(production, "/metrics")
    assert re.search(rf'^pontual_messages\{{.*state="sent".*\}} {counts["sent"]}\b', metrics, re.M)
    doctor = production.json("doctor")
    assert [item for item in doctor["findings"] if item["verdict"] == "falha"] == []


def _get(installation: Installation, path: str) -> str:
    """The page as a proxy of ours would ask for it; "" while nobody answers."""
    headers = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    connection = HTTPConnection("127.0.0.1", int(installation.env["PORT"]), timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.read().decode() if answer.status == 200 else ""
    except (OSError, HTTPException):
        return ""
    finally:
        connection.close()
