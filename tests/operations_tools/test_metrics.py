"""`/metrics`: right numbers, no client data, quick, whatever is away."""

import json
import re
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from rq import Queue, Worker
from sqlalchemy import event, insert

import jobs
from portal import ROOT, create_app
from portal.core import clock
from portal.core.config import Settings
from portal.core.db import db
from portal.core.queue import HEARTBEAT_KEY, connect
from portal.deliveries.models import DeliveryAttempt, QuotaUse
from portal.deliveries.states import Kind, State
from portal.operations import job_times, metrics_views, running_counts
from portal.operations.metrics import Metrics
from portal.smtp.models import AccountState
from tests import factories
from tests.conftest import DEAD_REDIS
from tests.support.counting import statements
from tests.support.installation import Installation

PERSON = {"name": "Maria Secreta", "emails": "maria.secreta@example.com"}


@pytest.fixture
def web(app):
    """A stranger's browser, over an application that has not been asked yet."""
    app.extensions[metrics_views.EXTENSION] = Metrics()
    return app.test_client()


@pytest.fixture
def redis(app, tmp_path):
    """A Redis of this test, known to the application."""
    with Installation(tmp_path / "inst") as portal:
        portal.home.mkdir()
        portal.redis()
        url = Settings.from_env(portal.env).redis_url
        app.config["REDIS_URL"] = url
        client = connect(url)
        yield client
        client.close()
        app.config["REDIS_URL"] = DEAD_REDIS


def scrape(web) -> dict[tuple, float]:
    """{(sample, label values…): value}, past the few seconds for which a page is kept."""
    web.application.extensions[metrics_views.EXTENSION]._made_at = -99
    answer = web.get("/metrics")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def add_attempts(count: int, **values) -> None:
    row = {"message_id": 1, "number": 1, "stage": "quit", "outcome": "accepted", "reply": ""}
    rows = [row | {"started_at": clock.now(), "cause": "", "milliseconds": 1} | values] * count
    db.session.execute(insert(DeliveryAttempt), rows)
    db.session.commit()


def test_messages_attempts_quota_and_what_is_due(app, web):
    with app.app_context():
        now = clock.now()
        account = factories.create_account(hourly_limit=10, daily_limit=100)
        paused = factories.create_account(state=AccountState.PAUSED)
        factories.create_message(smtp_account=account, next_attempt_at=now - timedelta(seconds=90))
        factories.create_message(smtp_account=account, state=State.SENT)
        factories.create_message(smtp_account=account, state=State.SENT, kind=Kind.MANUAL)
        uses = [now - timedelta(minutes=5)] * 3 + [now - timedelta(hours=2)]
        db.session.add_all(QuotaUse(smtp_account_id=account.id, used_at=when) for when in uses)
        add_attempts(2)
        add_attempts(1, outcome="temporary", cause="greylisted")
        ids = str(account.id), str(paused.id)
    found = scrape(web)
    assert found["pontual_messages", "queued"] == 1
    assert found["pontual_messages", "sent"] == 2
    assert found["pontual_messages_created_total", "automatic"] == 2
    assert found["pontual_messages_created_total", "manual"] == 1
    assert found["pontual_attempts_total", "", "accepted"] == 2
    assert found["pontual_attempts_total", "greylisted", "temporary"] == 1
    assert found["pontual_quota_left", ids[0], "hour"] == 7
    assert found["pontual_quota_left", ids[0], "day"] == 96
    assert found["pontual_messages_due", ids[0]] == 1
    assert 90 <= found["pontual_oldest_due_seconds", ids[0]] < 120
    assert [found["pontual_account_paused", one] for one in ids] == [0, 1]
    assert found["pontual_redis_up",] == 0
    assert found["pontual_database_up",] == 1
    assert ("pontual_workers",) not in found


def test_a_stranger_learns_nothing_of_clients(app, web, redis):
    with app.app_context():
        client = factories.create_client(**PERSON)
        contract = factories.create_contract(client=client)
        account = factories.create_account(name="Conta Sigilosa", host="smtp.sigilo.example")
        factories.create_message(
            receivable=factories.create_receivable(contract=contract), smtp_account=account
        )
        factories.create_user(email="ana@example.com", name="Ana Sigilo")
    text = web.get("/metrics").text.lower()
    assert "pontual_messages" in text
    for word in ("maria", "secreta", "sigil", "example.com", "52998224725", "ana", "119"):
        assert word not in text


def test_counters_only_grow_and_only_what_is_new_is_counted(app, web, monkeypatch):
    monkeypatch.setattr(
        running_counts,
        "ATTEMPTS",
        running_counts.Growing(DeliveryAttempt.__table__, ("outcome", "cause"), "started_at", 5),
    )
    monkeypatch.setattr("portal.operations.metrics_database.ATTEMPTS", running_counts.ATTEMPTS)
    with app.app_context():
        factories.create_message()
        seen, total = 0.0, 0
        for count in (3, 10, 1, 20):
            add_attempts(count)
            total += count
            value = scrape(web)["pontual_attempts_total", "", "accepted"]
            assert seen < value == total
            seen = value
        looked_at: list[object] = []

        def note(_connection, _cursor, sql, args, *_rest) -> None:
            if "GROUP BY delivery_attempts" in sql:
                looked_at.append(args)

        event.listen(db.engine, "before_cursor_execute", note)
        assert scrape(web)["pontual_attempts_total", "", "accepted"] == total
        event.remove(db.engine, "before_cursor_execute", note)
        (args,) = looked_at
        first = next(iter(args.values())) if isinstance(args, dict) else args[0]
        assert first == total - 5


def test_another_process_tells_the_same_and_a_restored_database_starts_anew(app, web, redis):
    small = running_counts.Growing(DeliveryAttempt.__table__, ("outcome",), "started_at", 0)
    with app.app_context():
        factories.create_message()
        add_attempts(7)
        counts = running_counts.RunningCounts
        with db.engine.connect() as connection:
            assert counts().count(connection, small, redis) == {("accepted",): 7}
        kept = json.loads(redis.get(running_counts.KEY + "delivery_attempts"))
        assert (kept["last_id"], kept["counts"]) == (7, [[["accepted"], 7]])
        kept["counts"] = [[["accepted"], 700]]
        redis.set(running_counts.KEY + "delivery_attempts", json.dumps(kept))
        with db.engine.connect() as connection:
            assert counts().count(connection, small, redis) == {("accepted",): 700}
        kept["mark"] = "another database's"
        redis.set(running_counts.KEY + "delivery_attempts", json.dumps(kept))
        with db.engine.connect() as connection:
            assert counts().count(connection, small, redis) == {("accepted",): 7}


def test_whoever_asks_often_costs_one_look_that_only_reads(app, web):
    with statements(app) as first:
        web.get("/metrics")
    assert first
    assert all(sql.startswith(("SELECT", "SHOW", "SET")) for sql in first), first
    with statements(app) as more:
        for _ in range(5):
            web.get("/metrics")
    assert more == []


def test_workers_queues_clock_and_jobs(app, web, redis: Redis):
    queue = Queue("pontual", connection=redis, serializer="json")
    queue.enqueue("jobs.reconcile.run")
    worker = Worker([queue], connection=redis, serializer="json")
    worker.register_birth()
    redis.set(HEARTBEAT_KEY, int(clock.now().timestamp()) - 70)
    job_times.note(app.config["REDIS_URL"], "jobs.deliveries.drain", 0.3, failed=False)
    job_times.note(app.config["REDIS_URL"], "jobs.deliveries.drain", 7000, failed=True)
    found = scrape(web)
    assert found["pontual_redis_up",] == 1
    assert found["pontual_workers",] == 1
    assert found["pontual_queue_jobs", "pontual"] == 1
    assert 70 <= found["pontual_cron_heartbeat_age_seconds",] < 100
    drain = "jobs.deliveries.drain"
    assert found["pontual_job_seconds_count", drain] == 2
    assert found["pontual_job_seconds_sum", drain] == 7000.3
    assert found["pontual_job_seconds_bucket", "0.1", drain] == 0
    assert found["pontual_job_seconds_bucket", "0.5", drain] == 1
    assert found["pontual_job_failures_total", drain] == 1


def test_every_job_is_timed_also_one_that_fails(app, redis, monkeypatch):
    monkeypatch.setattr(jobs, "worker_app", lambda: app)

    @jobs.job
    def breaks() -> None:
        raise ValueError("não")

    with pytest.raises(ValueError, match="não"):
        breaks()
    (times,) = job_times.read(redis)
    assert times.name.endswith(".breaks")
    assert (sum(times.counts), times.failed) == (1, 1)


def test_without_a_database_it_says_so(tmp_path):
    app = create_app(
        Settings.from_env(
            {
                "PORTAL_HOME": str(tmp_path),
                "DATABASE_URL": f"sqlite:///{tmp_path / 'no' / 'folder.db'}",
                "REDIS_URL": DEAD_REDIS,
            }
        )
    )
    found = scrape(app.test_client())
    assert found["pontual_database_up",] == 0
    assert ("pontual_messages", "sent") not in found


@pytest.mark.parametrize(
    "file", ["deploy/grafana/pontual.json", "deploy/alerts/pontual.rules.yml", "docs/operations.md"]
)
def test_what_dashboard_alerts_and_docs_name_exists(app, web, redis, file):
    with app.app_context():
        factories.create_message(smtp_account=factories.create_account(minute_limit=5))
        add_attempts(1)
    Worker([Queue("pontual", connection=redis)], connection=redis).register_birth()
    redis.set(HEARTBEAT_KEY, int(clock.now().timestamp()))
    job_times.note(app.config["REDIS_URL"], "jobs.deliveries.drain", 0.3, failed=True)
    there = {name for name, *_ in scrape(web)}
    text = (ROOT / file).read_text()
    named = set(re.findall(r"\bpontual_[a-z_]+", text)) - {"pontual_restore"}
    assert len(named) > 8
    assert named - there - {"pontual_job_seconds"} == set()
    if file.startswith("docs"):
        kept = {re.sub(r"_(bucket|sum|count)$", "", name) for name in there}
        assert kept - named == set()


def test_the_dashboard_is_one_that_grafana_reads():
    board = json.loads((ROOT / "deploy/grafana/pontual.json").read_text())
    assert board["title"] == "Pontual"
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids)) > 8
    for panel in board["panels"]:
        assert panel["title"]
        assert panel["type"] == "row" or all(target["expr"] for target in panel["targets"])
