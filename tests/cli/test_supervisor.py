"""The supervisor over real processes: order, restarts, stopping, and nothing left behind."""

import signal
import sys
import time
from pathlib import Path

import pytest

from tests.cli.crew import Crew, is_alive, running, wait_until_dead

FOREVER = "while :; do sleep 0.05; done"
DEAF = f"trap '' TERM; echo deaf; {FOREVER}"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and prctl")


def ends_with(words: str, seconds: float = 0) -> str:
    """A script that runs until SIGTERM, then takes its time and says its last words."""
    return f"trap 'sleep {seconds}; echo {words}; exit 0' TERM; echo up; {FOREVER}"


def pid_said_by(crew: Crew, name: str) -> int:
    return next(
        int(line.rpartition("pid ")[2])
        for line in crew.lines
        if line.startswith(f"{name} | ") and "pid " in line
    )


def test_lines_are_shown_under_their_name_the_last_unfinished_one_too(tmp_path: Path):
    flag = tmp_path / "flag"
    script = f"trap 'exit 0' TERM; echo one; echo two >&2; printf three; touch {flag}; {FOREVER}"
    with running({"name": "web", "script": script, "ready": str(flag)}) as crew:
        crew.wait_for("all | ready")
        assert crew.stop() == 0
    assert [line for line in crew.lines if line.startswith("web")] == [
        "web | one",
        "web | two",
        "web | three",
    ]


def test_the_next_child_waits_until_the_one_before_is_ready(tmp_path: Path):
    flag = tmp_path / "flag"
    with running(
        {"name": "redis", "script": f"sleep 0.4; touch {flag}; {FOREVER}", "ready": str(flag)},
        {"name": "web", "script": f"test -e {flag} && echo in order; {FOREVER}"},
    ) as crew:
        crew.wait_for("all | ready")
        crew.wait_for("web | in order")


def test_a_child_that_is_never_ready_does_not_keep_the_others_waiting_for_ever(tmp_path: Path):
    with running(
        {"name": "redis", "script": FOREVER, "ready": str(tmp_path / "never")},
        {"name": "web", "script": f"echo up; {FOREVER}"},
        ready=0.3,
    ) as crew:
        crew.wait_for("web | up")
        assert "redis | ainda não respondeu; seguindo sem esperar" in crew.lines


def test_ready_is_said_only_when_the_last_one_is(tmp_path: Path):
    flag = tmp_path / "flag"
    with running({"name": "web", "script": FOREVER, "ready": str(flag)}, ready=0.1) as crew:
        time.sleep(0.6)
        flag.touch()
        crew.wait_for("all | ready")
        assert crew.lines == ["all | ready"]


def test_a_child_that_dies_comes_back_after_longer_and_longer_waits():
    with running(
        {"name": "web", "script": "echo up; exit 3"},
        {"name": "cron", "script": f"echo up; {FOREVER}"},
        first_wait=0.1,
        longest_wait=0.4,
    ) as crew:
        crew.wait_for("web | up", times=5)
        assert crew.stop() == 0
    waits = [line for line in crew.lines if "nova tentativa" in line]
    assert waits[:4] == [
        f"web | terminou (código 3); nova tentativa em {seconds} s"
        for seconds in ("0.1", "0.2", "0.4", "0.4")
    ]
    assert crew.lines.count("cron | up") == 1


def test_a_child_that_lived_long_starts_again_with_the_short_wait():
    with running(
        {"name": "web", "script": "sleep 0.3; exit 1"}, first_wait=0.1, stable=0.2
    ) as crew:
        crew.wait_for("nova tentativa em 0.1 s", times=3)
    assert not [line for line in crew.lines if "0.2 s" in line]


def test_a_program_that_does_not_exist_is_tried_again_and_stops_nobody():
    with running(
        {"name": "web", "script": "exec /nonexistent/program"},
        {"name": "cron", "script": f"echo up; {FOREVER}"},
        first_wait=0.1,
    ) as crew:
        crew.wait_for("web | terminou (código 127)", times=2)
        crew.wait_for("cron | up")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_others_need_is_stopped_after_them(number: signal.Signals):
    with running(
        {"name": "redis", "script": ends_with("redis gone"), "stops_last": True},
        {"name": "worker", "script": ends_with("worker gone", seconds=0.4)},
        {"name": "web", "script": ends_with("web gone")},
    ) as crew:
        crew.wait_for("| up", times=3)
        assert crew.stop(number) == 0
    gone = [line.partition(" | ")[2] for line in crew.lines if "gone" in line]
    assert gone == ["web gone", "worker gone", "redis gone"]
    assert crew.lines[-1] == "all | stopped"


def test_under_nohup_a_closed_terminal_stops_nothing():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with running({"name": "web", "script": ends_with("gone")}) as crew:
            crew.wait_for("up")
            crew.process.send_signal(signal.SIGHUP)
            time.sleep(0.5)
            assert crew.process.poll() is None
            assert crew.stop() == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_child_that_waits_for_its_restart_is_not_started_again_while_stopping():
    with running(
        {"name": "web", "script": "echo up; exit 1"},
        {"name": "worker", "script": ends_with("gone", seconds=0.6)},
        first_wait=0.3,
    ) as crew:
        crew.wait_for("nova tentativa em 0.3 s")
        crew.wait_for("worker | up")
        said = len(crew.lines)
        assert crew.stop() == 0
    assert "web | up" not in crew.lines[said:]


def test_a_deaf_child_is_killed_after_its_grace():
    with running({"name": "web", "script": f"echo pid $$; {DEAF}"}, grace=0.5) as crew:
        crew.wait_for("deaf")
        began = time.monotonic()
        assert crew.stop() == 0
        assert time.monotonic() - began >= 0.5
        assert not is_alive(pid_said_by(crew, "web"))
    assert "web | não parou a tempo e foi encerrado à força" in crew.lines


def test_a_second_signal_kills_at_once():
    with running({"name": "web", "script": DEAF}, grace=60, same_wish=0.1) as crew:
        crew.wait_for("deaf")
        crew.process.send_signal(signal.SIGTERM)
        time.sleep(0.4)
        assert crew.stop() == 0


def test_a_signal_that_arrives_twice_at_once_is_one_wish():
    with running({"name": "web", "script": ends_with("finished", seconds=0.5)}) as crew:
        crew.wait_for("up")
        crew.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        assert crew.stop() == 0
    assert "web | finished" in crew.lines


@linux_only
def test_what_a_child_leaves_behind_is_ended_too_in_a_group_of_its_own():
    grandchild = (
        "import os, signal, time; os.setpgid(0, 0); signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('pid', os.getpid(), flush=True); time.sleep(600)"
    )
    script = f'{sys.executable} -c "{grandchild}" & trap "exit 0" TERM; {FOREVER}'
    with running({"name": "worker", "script": script}, grace=0.5) as crew:
        crew.wait_for("pid ")
        left_behind = pid_said_by(crew, "worker")
        assert is_alive(left_behind)
        assert crew.stop() == 0
        wait_until_dead(left_behind)


@linux_only
def test_a_supervisor_that_is_killed_leaves_no_orphan():
    children = [
        {"name": name, "script": f"echo pid $$; {ends_with('gone')}"} for name in ("web", "cron")
    ]
    with running(*children) as crew:
        crew.wait_for("pid ", times=2)
        pids = [pid_said_by(crew, name) for name in ("web", "cron")]
        assert crew.stop(signal.SIGKILL) == -signal.SIGKILL
        for pid in pids:
            wait_until_dead(pid)


def test_a_flood_of_output_comes_through_whole():
    script = f"seq 1 20000; echo end; trap 'exit 0' TERM; {FOREVER}"
    with running({"name": "web", "script": script}) as crew:
        crew.wait_for("web | end")
        assert crew.stop() == 0
    numbers = [line.partition(" | ")[2] for line in crew.lines if line.startswith("web")]
    assert numbers == [*map(str, range(1, 20_001)), "end"]
