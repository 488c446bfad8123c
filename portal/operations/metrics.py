"""`/metrics`: numbers for Prometheus, taken from the database and Redis when it asks.

No process keeps numbers of its own, so any number of them, on any number of machines, tell the
same. No name, address, document or amount is among them: accounts are told apart by id.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext
from datetime import datetime

from flask import current_app
from prometheus_client import generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from portal.core import migrations
from portal.core.queue import connect
from portal.operations import metrics_database
from portal.operations.backup import portal_version
from portal.operations.metrics_database import DatabaseFacts
from portal.operations.queue_facts import QueueFacts, look
from portal.operations.running_counts import RunningCounts
from portal.operations.snapshot import snapshot

KEPT_SECONDS = 5.0  # whoever asks more often gets the same answer: anybody may ask


class Metrics:
    """One for each process: makes the page, at most once in KEPT_SECONDS."""

    def __init__(self) -> None:
        self._counts = RunningCounts()
        self._lock = threading.Lock()
        self._page, self._made_at = b"", -KEPT_SECONDS

    def page(self, now: datetime) -> bytes:
        """The text format of Prometheus."""
        with self._lock:
            if time.monotonic() - self._made_at >= KEPT_SECONDS:
                self._page = generate_latest(_Facts(list(self._collect(now))))
                self._made_at = time.monotonic()
            return self._page

    def _collect(self, now: datetime) -> Iterator[Metric]:
        began = time.monotonic()
        url = current_app.config["REDIS_URL"]
        queue = look(url)
        yield gauge("build_info", "Version that answers.", 1, version=portal_version())
        yield from of_redis(queue, now)
        try:
            with (
                closing(connect(url)) if queue.up else nullcontext() as redis,
                snapshot() as connection,
            ):
                facts = metrics_database.read(connection, self._counts, redis, now)
            migrated = migrations.revision() == migrations.newest()
        except SQLAlchemyError:
            current_app.logger.warning("no metrics of the database", exc_info=True)
            yield gauge("database_up", "Whether the database answers.", 0)
        else:
            yield gauge("database_up", "Whether the database answers.", 1)
            yield gauge("database_migrated", "Whether its tables are this version's.", migrated)
            yield from of_database(facts)
        yield gauge("scrape_seconds", "How long this page took.", time.monotonic() - began)


class _Facts(Collector):
    """What was collected, as the library takes it."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        """The metrics."""
        return self._metrics


def of_redis(queue: QueueFacts, now: datetime) -> Iterator[Metric]:
    """Queue, workers, clock and job times; while Redis is away only that it is."""
    yield gauge("redis_up", "Whether Redis answers and takes writes.", queue.up and queue.writable)
    if not queue.up:
        return
    yield gauge("workers", "Workers that are alive.", queue.workers)
    yield by("queue_jobs", "Wake-ups that wait for a worker.", "queue", queue.waiting)
    if queue.heartbeat is not None:
        age = max((now - queue.heartbeat).total_seconds(), 0)
        yield gauge("cron_heartbeat_age_seconds", "Since the clock's last pass.", age)
    times = HistogramMetricFamily(
        "pontual_job_seconds", "How long jobs took, by job.", labels=["task"]
    )
    failures = CounterMetricFamily(
        "pontual_job_failures", "Jobs that ended with an error.", labels=["task"]
    )
    for job in queue.jobs:
        times.add_metric([job.name], job.cumulative, job.seconds)
        failures.add_metric([job.name], job.failed)
    yield from (times, failures)


def of_database(facts: DatabaseFacts) -> Iterator[Metric]:
    """Messages, attempts, accounts, webhooks and runs."""
    yield by("messages", "E-mails by state.", "state", facts.messages)
    created = CounterMetricFamily(
        "pontual_messages_created", "E-mails ever put into the outbox.", labels=["kind"]
    )
    for (kind,), count in sorted(facts.created.items()):
        created.add_metric([kind], count)
    attempts = CounterMetricFamily(
        "pontual_attempts", "Tries to deliver, by outcome and cause.", labels=["outcome", "cause"]
    )
    for (outcome, cause), count in sorted(facts.attempts.items()):
        attempts.add_metric([outcome, cause], count)
    yield from (created, attempts)
    yield from _of_accounts(facts)
    yield by("webhook_calls", "Calls of webhooks that are not done.", "state", facts.calls)
    yield by("generation_runs", "Runs of Gerar financeiro by state.", "state", facts.runs)


def _of_accounts(facts: DatabaseFacts) -> Iterator[Metric]:
    rows = {str(account.id): account for account in facts.accounts}
    left = GaugeMetricFamily(
        "pontual_quota_left",
        "Recipients that the limit leaves in the rolling window.",
        labels=["account", "window"],
    )
    for name, account in rows.items():
        for window, count in account.quota_left.items():
            left.add_metric([name, window], count)
    yield left
    due = {name: account.due for name, account in rows.items()}
    yield by("messages_due", "E-mails whose time has come.", "account", due)
    ages = {name: account.oldest_due_seconds for name, account in rows.items()}
    yield by("oldest_due_seconds", "How long the first of them waits.", "account", ages)
    paused = {name: account.paused for name, account in rows.items()}
    yield by("account_paused", "1: waits for a person.", "account", paused)
    resting = {name: account.resting for name, account in rows.items()}
    yield by("account_resting", "1: waits for the server, goes on by itself.", "account", resting)


def gauge(name: str, text: str, value: float, **labels: str) -> Metric:
    """One number, `pontual_` in front of its name."""
    family = GaugeMetricFamily(f"pontual_{name}", text, labels=list(labels))
    family.add_metric(list(labels.values()), float(value))
    return family


def by(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    """A number for each value of one label."""
    family = GaugeMetricFamily(f"pontual_{name}", text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family
