"""Waking workers: the urgent first, no pile of twins, and no error when Redis is away."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from rq import Queue

from portal.cli import redis_server
from portal.core.queue import DRAIN, DRAINS_WAITING, SENDING, URGENT, connect, enqueue, is_up, wake
from tests.support.waiting import wait_for


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of this test's own."""
    found = redis_server.find_redis(tmp_path, {"PATH": "/usr/bin:/bin", "REDIS_URL": ""})
    assert isinstance(found, redis_server.PrivateRedis)
    process = subprocess.Popen(found.argv, stdout=subprocess.DEVNULL)
    wait_for(lambda: redis_server.answers(found.socket), "Redis answers")
    connection = connect(found.url)
    yield connection
    connection.close()
    process.terminate()
    process.wait(10)


def count(redis: Redis, name: str) -> int:
    return Queue(name, connection=redis, serializer="json").count


def test_long_drains_have_a_queue_of_their_own(redis: Redis):
    enqueue(redis, DRAIN, 1)
    enqueue(redis, "jobs.generation.run", 7)
    assert (count(redis, URGENT), count(redis, SENDING)) == (1, 1)


def test_twins_do_not_pile_up_but_other_arguments_pass(redis: Redis):
    for _ in range(20):
        enqueue(redis, "jobs.reconcile.run")
        enqueue(redis, DRAIN, 1)
        enqueue(redis, DRAIN, 2)
        enqueue(redis, "jobs.generation.run", 7)
    assert count(redis, URGENT) == 2
    assert count(redis, SENDING) == 2 * DRAINS_WAITING


def test_without_redis_waking_says_no_and_raises_nothing(app: Flask):
    with app.app_context():
        assert wake("jobs.generation.run", 1) is False
        assert is_up(app.config["REDIS_URL"]) is False
