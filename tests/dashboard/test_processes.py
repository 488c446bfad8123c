"""Whether queue, workers and clock are there."""

import subprocess
import time
from datetime import timedelta

import pytest
from redis import Redis
from rq import Worker

from portal.cli import redis_server
from portal.core.queue import URGENT
from portal.dashboard import processes
from tests.factories import NOON


@pytest.fixture
def private_redis(tmp_path):
    """A real Redis of this test."""
    server = redis_server.find_redis(tmp_path, {})
    assert isinstance(server, redis_server.PrivateRedis)
    process = subprocess.Popen(server.argv)
    deadline = time.monotonic() + 15
    while not redis_server.answers(server.socket):
        assert time.monotonic() < deadline
    yield server
    process.terminate()
    process.wait(timeout=15)


def test_all_processes_there_is_no_problem(private_redis):
    connection = Redis.from_url(private_redis.url)
    connection.set("pontual:cron:heartbeat", int(NOON.timestamp()))
    worker = Worker([URGENT], connection=connection)
    worker.register_birth()
    assert processes.look(private_redis.url, NOON).problem == ""
    later = NOON + timedelta(minutes=4)
    assert "O relógio (portal cron) parou" in processes.look(private_redis.url, later).problem
    worker.register_death()
    assert "Nenhum processo de envio" in processes.look(private_redis.url, NOON).problem
    connection.close()


def test_a_worker_that_was_killed_does_not_count_for_ever(private_redis):
    connection = Redis.from_url(private_redis.url)
    worker = Worker([URGENT], connection=connection)
    worker.register_birth()
    assert processes.look(private_redis.url, NOON).workers
    connection.delete(worker.key)  # what Redis does by itself once no heartbeat came
    assert not processes.look(private_redis.url, NOON).workers
    connection.close()


def test_without_redis_nothing_is_known():
    assert processes.look("redis://127.0.0.1:1/0", NOON) == processes.Processes(False, False, False)
