"""FAULTS 9-11: the queue is away, full, read-only or empty. The database is the truth."""

from urllib.parse import unquote, urlsplit

import pytest
from redis import Redis

from portal import create_app
from portal.core.config import Settings
from tests.conftest import signed_in
from tests.support.forms import post
from tests.support.installation import Installation


def client_of(portal: Installation) -> Redis:
    return Redis(unix_socket_path=unquote(urlsplit(portal.env["REDIS_URL"]).path))


def sent_all(portal: Installation, count: int, seconds: float = 90) -> None:
    portal.wait_for(lambda: portal.counts()["sent"] == count, f"{count} sent", seconds)
    assert len({row["message_id"] for row in portal.accepted()}) == len(portal.accepted()) == count


def test_redis_may_die_and_lose_everything(portal: Installation):
    redis = portal.redis()
    portal.generate(300)
    portal.kill(redis)
    for path in (portal.home / "redis").rglob("*"):
        if path.is_file() and path.name != "url":
            path.unlink()
    portal.redis()
    portal.cron()
    portal.worker(2)
    sent_all(portal, 300)


def test_redis_may_be_emptied_under_running_workers(running: Installation):
    running.worker(2)
    running.generate(30)
    client_of(running).flushall()
    running.cron()
    sent_all(running, 30)


@pytest.mark.parametrize(("name", "value"), [("maxmemory", "1"), ("min-replicas-to-write", "1")])
def test_a_redis_that_takes_nothing_loses_nothing(running: Installation, name: str, value: str):
    client = client_of(running)
    before = client.config_get(name)[name]
    client.config_set(name, value)
    running.generate(3)
    assert running.counts()["queued"] == 3
    assert ready(running)["redis"] != "ok"
    client.config_set(name, before)
    assert ready(running)["redis"] == "ok"
    running.cron()
    running.worker()
    sent_all(running, 3)


def test_a_person_generates_while_redis_is_away(portal: Installation):
    portal.import_contracts(3)
    app = create_app(Settings.from_env(portal.env), RATELIMIT_ENABLED=False)
    browser = signed_in(app, role="admin")
    assert browser.get("/financeiro/gerar").status_code == 200
    form = {"competencia": "12/2026", "parcelas": "1", "quem": "todos", "chave": "0" * 32}
    answer = post(browser, "/financeiro/gerar", form, follow_redirects=True)
    assert answer.status_code == 200
    assert "na fila" in answer.get_data(as_text=True).lower()
    assert browser.get("/").status_code == 200
    # Time passes: a run is left to the worker that was woken for it before another is.
    portal.sql("UPDATE generations SET created_at = '2020-01-01 00:00:00.000000'")
    portal.redis()
    portal.cron()
    portal.worker()
    sent_all(portal, 3)


def ready(portal: Installation) -> dict[str, str]:
    """What `/health/ready` says."""
    app = create_app(Settings.from_env(portal.env))
    found: dict[str, str] = app.test_client().get("/health/ready").get_json()
    return found
