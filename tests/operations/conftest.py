"""A Redis of the test's own, with failed jobs in it, and a portal that uses it."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis

from portal.cli import redis_server
from tests.conftest import DEAD_REDIS


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = redis_server.find_redis(Path(tmp_path_factory.mktemp("redis")), {})
    assert isinstance(server, redis_server.PrivateRedis)
    process = subprocess.Popen(server.argv)
    deadline = time.monotonic() + 15
    while not redis_server.answers(server.socket):
        assert time.monotonic() < deadline
    yield server.url
    process.terminate()
    process.wait(timeout=15)


@pytest.fixture
def redis(app: Flask, redis_url: str) -> Iterator[Redis]:
    """The portal's Redis while the test runs, empty at its beginning."""
    connection = Redis.from_url(redis_url)
    connection.flushall()
    app.config["REDIS_URL"] = redis_url
    yield connection
    app.config["REDIS_URL"] = DEAD_REDIS
    connection.close()
