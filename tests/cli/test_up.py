"""`portal up`: what it starts and where, whom it makes way for, and one whole run for real."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import pytest

from portal.cli import up
from portal.cli.redis_server import GivenRedis, PrivateRedis
from portal.core.config import Settings
from portal.core.errors import Conflict
from tests.cli.crew import Crew

HERE = "127.0.0.1"


def three_free_ports() -> int:
    """A PORT whose neighbours for the inbox are free, too."""
    while True:
        with socket.create_server((HERE, 0)) as probe:
            port = int(probe.getsockname()[1])
        if port <= 65_500 and all(is_free(port + offset) for offset in (0, 25, 26)):
            return port


def is_free(port: int) -> bool:
    try:
        socket.create_server((HERE, port)).close()
    except OSError:
        return False
    return True


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with a folder and ports of this test alone."""
    return replace(settings, home=tmp_path, port=three_free_ports())


def test_a_private_redis_starts_first_and_the_web_server_last(own: Settings):
    redis = PrivateRedis(("redis-server",), "unix:///x/redis.sock", Path("/x/redis.sock"))
    names = [child.name for child in up.children(own, redis)]
    assert names == ["redis", "inbox", "worker", "cron", "web"]


def test_no_redis_is_started_where_one_is_given(own: Settings):
    names = [child.name for child in up.children(own, GivenRedis("redis://10.0.0.5/0"))]
    assert names == ["inbox", "worker", "cron", "web"]


def test_what_workers_need_to_end_well_is_stopped_after_them(own: Settings):
    redis = PrivateRedis(("redis-server",), "unix:///x/redis.sock", Path("/x/redis.sock"))
    last = {child.name for child in up.children(own, redis) if child.stops_last}
    assert last == {"redis", "inbox"}


def test_the_web_server_listens_on_this_machine_only(own: Settings):
    assert f"--bind=127.0.0.1:{own.port}" in up.web_argv(own)


@pytest.mark.parametrize("offset", [0, 25, 26])
def test_a_port_that_is_taken_is_named_with_the_way_out(own: Settings, offset: int):
    taken = own.port + offset
    with (
        socket.create_server((HERE, taken)),
        pytest.raises(Conflict, match=f"a porta {taken} já está em uso.*PORT={own.port + 100}"),
    ):
        up.check_ports(own)
    up.check_ports(own)


def test_a_port_taken_on_all_addresses_is_noticed_too(own: Settings):
    with socket.create_server(("0.0.0.0", own.port)), pytest.raises(Conflict):
        up.check_web_port(own)


@pytest.fixture
def status() -> list[int]:
    """The status that the server of `served` answers with; change it in place."""
    return [200]


@pytest.fixture
def served(own: Settings, status: list[int]) -> Iterator[Settings]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer((HERE, own.port), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield own
        server.shutdown()
        thread.join()


def test_the_web_server_answers_once_it_says_anything_but_an_error(
    served: Settings, status: list[int]
):
    assert up.web_answers(served)
    status[0] = 404
    assert up.web_answers(served)
    status[0] = 500
    assert not up.web_answers(served)


def test_no_web_server_is_no_answer(own: Settings):
    assert not up.web_answers(own)


# --- the whole, for real --------------------------------------------------------------------------
@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pontual-test-", dir="/tmp") as folder:
        yield Path(folder)


def command_up(home: Path, port: int) -> "subprocess.Popen[bytes]":
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PORTAL_", "DATABASE_", "REDIS_"))
    }
    env = {**inherited, "PORTAL_HOME": str(home), "PORT": str(port), "DEMO": "0"}
    return subprocess.Popen(
        [sys.executable, "-m", "portal.cli", "up"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def processes_of(home: Path) -> list[int]:
    """Every living process that was started with this PORTAL_HOME."""
    mark, found = f"PORTAL_HOME={home}\0".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def get(port: int, path: str = "/") -> str:
    with urlopen(f"http://{HERE}:{port}{path}", timeout=10) as answer:
        return answer.read().decode()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_up_serves_and_ends_without_a_trace(home: Path):
    port = three_free_ports()
    crew = Crew(command_up(home, port))
    try:
        crew.wait_for(f"no ar em http://127.0.0.1:{port}")
        assert any("senha" in line for line in crew.lines)
        assert get(port, "/health/live")
        assert "Nenhuma mensagem ainda" in get(port + 26)
        assert (home / "redis" / "appendonly.aof").exists() or (
            home / "redis" / "appendonlydir"
        ).is_dir()

        same_home = Crew(command_up(home, port + 100))
        assert same_home.wait() == 1
        assert same_home.lines == [
            f"portal: o Pontual já está no ar com a pasta {home}. "
            "Pare-o, ou use outra pasta: PORTAL_HOME=outra PORT=8100 make run"
        ]
        with tempfile.TemporaryDirectory(dir="/tmp") as other:
            same_port = Crew(command_up(Path(other), port))
            assert same_port.wait() == 1
            assert f"a porta {port} já está em uso" in same_port.lines[0]

        assert get(port, "/health/live")
        assert crew.stop(signal.SIGINT) == 0
    finally:
        crew.process.kill()
        crew.process.wait()
    assert crew.lines[-1].endswith("tudo parado")
    assert not [line for line in crew.lines if "terminou" in line or "à força" in line]
    deadline = time.monotonic() + 10
    while processes_of(home):
        assert time.monotonic() < deadline, f"left behind: {processes_of(home)}"
        time.sleep(0.1)
