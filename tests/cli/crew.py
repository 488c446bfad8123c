"""A supervisor in a process of its own, over tiny children, for tests to watch and to hurt."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portal.cli import processes

PATIENCE = 60  # seconds that a test waits for what must come

_PROGRAM = """
import json, os, sys
from pathlib import Path
from portal.cli.supervisor import Child, Supervisor, Timing

def child(name, script, ready=None, stops_last=False):
    is_ready = Path(ready).exists if ready else lambda: True
    return Child(name, ["sh", "-c", script], is_ready, stops_last)

def say(name, line):
    print(f"{name} | {line}", flush=True)

crew = [child(**facts) for facts in json.loads(sys.argv[1])]
timing = Timing(**json.loads(sys.argv[2]))
Supervisor(crew, os.environ, say, lambda: say("all", "ready"), timing).run()
say("all", "stopped")
"""


class Crew:
    """The running supervisor: its lines as they come, and its end."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._rest = b""

    def wait_for(self, line: str, times: int = 1) -> None:
        """Return once `line` has been said `times` times (anywhere inside a line)."""
        deadline = time.monotonic() + PATIENCE
        while sum(line in said for said in self.lines) < times:
            left = deadline - time.monotonic()
            assert left > 0, f"{line!r} never came, only: {self.lines}"
            assert self._take(left), f"it ended without {line!r}, only: {self.lines}"

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        deadline = time.monotonic() + PATIENCE
        while self._take(max(0.0, deadline - time.monotonic())):
            pass
        return self.process.wait(timeout=PATIENCE)

    def _take(self, seconds: float) -> bool:
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], seconds)
        if not readable:
            return True
        data = os.read(self.process.stdout.fileno(), 65_536)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.lines += [line.decode() for line in lines]
        return bool(data)


@contextmanager
def running(*children: dict[str, Any], **timing: float) -> Iterator[Crew]:
    """Run `children` (fields of Child, `script` for sh, `ready` a file to wait for)."""
    command = [sys.executable, "-c", _PROGRAM, json.dumps(children), json.dumps(timing)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    try:
        yield Crew(process)
    finally:
        processes.kill_session(process.pid)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def is_alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until_dead(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)
