"""Which Redis is used, and a private one that really runs."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from portal.cli import redis_server
from portal.cli.redis_server import GivenRedis, PrivateRedis, find_program, find_redis
from portal.core.config import Settings
from portal.core.errors import ConfigError


@contextmanager
def running(server: PrivateRedis) -> Iterator[None]:
    process = subprocess.Popen(server.argv)
    try:
        deadline = time.monotonic() + 15
        while not redis_server.answers(server.socket):
            assert time.monotonic() < deadline, "the private Redis does not answer"
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        assert process.wait(timeout=15) == 0


def make_program(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.touch(mode=0o755)
    return program


def bundled_program() -> Path:
    program = find_program({"PATH": ""})
    assert program is not None
    return program


def test_redis_url_wins(tmp_path: Path):
    make_program(tmp_path / "bin", "redis-server")
    env = {"REDIS_URL": "redis://10.0.0.5/1", "PATH": str(tmp_path / "bin")}
    assert find_redis(tmp_path, env) == GivenRedis("redis://10.0.0.5/1")
    assert not (tmp_path / "redis").exists()


def test_a_server_on_path_comes_before_the_bundled_one_and_valkey_first(tmp_path: Path):
    env = {"PATH": str(tmp_path / "bin")}
    redis = make_program(tmp_path / "bin", "redis-server")
    assert find_program(env) == redis
    valkey = make_program(tmp_path / "bin", "valkey-server")
    assert find_program(env) == valkey


def test_without_any_server_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(redis_server.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="Instale o pacote redis ou valkey"):
        find_redis(tmp_path, {"PATH": ""})


def test_the_bundled_server_keeps_what_it_was_told_and_listens_on_no_port(tmp_path: Path):
    server = redis_server.private_redis(tmp_path, bundled_program())
    with running(server), Redis.from_url(server.url) as client:
        client.set("k", "v")
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("append*")["appendfsync"] == "everysec"
        assert server.socket.stat().st_mode & 0o077 == 0
    with running(server), Redis.from_url(server.url) as client:
        assert client.get("k") == b"v"


def test_two_folders_have_two_servers(tmp_path: Path):
    first, second = (
        redis_server.private_redis(tmp_path / name, bundled_program()) for name in "ab"
    )
    with running(first), running(second):
        with Redis.from_url(first.url) as client:
            client.set("k", "v")
        with Redis.from_url(second.url) as client:
            assert client.get("k") is None


def test_the_other_commands_find_the_private_server(tmp_path: Path):
    server = redis_server.private_redis(tmp_path, bundled_program())
    assert Settings.from_env({"PORTAL_HOME": str(tmp_path)}).redis_url == server.url


def test_a_folder_with_a_long_name_gets_a_short_socket_and_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(redis_server.tempfile, "tempdir", str(tmp_path / ("longa-" * 10)))
    home = tmp_path / ("uma pasta de nome comprido é comum " * 4).strip()
    server = redis_server.private_redis(home, bundled_program())
    try:
        assert len(os.fsencode(server.socket)) <= redis_server.SOCKET_PATH_LIMIT
        assert server.socket.parent.stat().st_mode & 0o077 == 0
        assert redis_server.private_redis(home, bundled_program()) == server
        with running(server), Redis.from_url(server.url) as client:
            assert client.ping()
    finally:
        server.socket.unlink(missing_ok=True)
        server.socket.parent.rmdir()


def test_a_short_folder_that_others_may_enter_is_not_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    short = tmp_path / "s"
    short.mkdir()
    monkeypatch.setattr(redis_server, "_short_temporary", lambda: str(short))
    monkeypatch.setattr(redis_server, "SOCKET_PATH_LIMIT", 1)
    first = redis_server.private_redis(tmp_path / "home", bundled_program())
    first.socket.parent.chmod(0o777)
    second = redis_server.private_redis(tmp_path / "home", bundled_program())
    assert second.socket.parent != first.socket.parent


def test_a_folder_with_spaces_and_signs_is_reached(tmp_path: Path):
    server = redis_server.private_redis(tmp_path / "a b%20#?", bundled_program())
    with running(server), Redis.from_url(server.url) as client:
        assert client.ping()


def test_nobody_answers_where_nothing_runs(tmp_path: Path):
    assert not redis_server.answers(tmp_path / "none.sock")
