"""Keeps a handful of processes running together: starts in order, restarts, stops, leaves nothing.

One thread and one loop: output, deaths and signals all wake the same `select`.
"""

import selectors
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import IO

from portal.cli import processes

LONGEST_LINE = 8192  # bytes; a longer one is shown in pieces
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Child:
    """One program to keep running. The next one starts once `ready` says so, or it took too long.

    `stops_last`: others need it to end well, so it is stopped after them.
    """

    name: str
    argv: Sequence[str]
    ready: Callable[[], bool] = lambda: True
    stops_last: bool = False


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. A restart waits `first_wait`, then twice as long each time, up to `longest_wait`."""

    grace: float = 20.0
    ready: float = 30.0
    first_wait: float = 1.0
    longest_wait: float = 30.0
    stable: float = 60.0  # having lived this long, a child's next death counts as its first
    tick: float = 0.2
    same_wish: float = 2.0  # a signal this soon after another is the same wish, passed on by make


@dataclass(slots=True)
class _Running:
    child: Child
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    wait: float = 0.0
    due: float | None = None  # when to start it again
    unfinished: bytes = b""
    sessions: set[int] = field(default_factory=set)  # those of ours that may have members left


class Supervisor:
    """Runs `children` until a signal comes. `say(name, line)` prints; `on_ready` is called once."""

    def __init__(
        self,
        children: Sequence[Child],
        env: Mapping[str, str],
        say: Callable[[str, str], None],
        on_ready: Callable[[], None] = lambda: None,
        timing: Timing | None = None,
    ) -> None:
        self._running = [_Running(child) for child in children]
        self._env, self._say, self._on_ready = env, say, on_ready
        self._timing = timing or Timing()
        self._selector = selectors.DefaultSelector()
        self._signals, self._last_signal = 0, 0.0

    def run(self) -> None:
        """Start everything, keep it running, and return after a stop signal, all of it ended."""
        with self._listening():
            try:
                self._keep_running()
            finally:
                self._stop_all()
                self._selector.close()

    # --- running --------------------------------------------------------------------------------
    def _keep_running(self) -> None:
        waiting = deque(self._running)
        since = self._start(waiting[0])
        while not self._signals:
            self._turn()
            self._restart_due()
            if waiting and self._may_go_on(waiting, since):
                waiting.popleft()
                if waiting:
                    since = self._start(waiting[0])
                else:
                    self._on_ready()

    def _may_go_on(self, waiting: Sequence[_Running], since: float) -> bool:
        """Whether the first of `waiting` is ready, or has kept the others waiting for too long."""
        first = waiting[0]
        if first.process is not None and first.child.ready():
            return True
        if len(waiting) == 1 or time.monotonic() - since < self._timing.ready:
            return False
        self._say(first.child.name, "ainda não respondeu; seguindo sem esperar")
        return True

    def _start(self, running: _Running) -> float:
        """Start one child; returns when that was."""
        running.began, running.due = time.monotonic(), None
        try:
            process = processes.start(running.child.argv, self._env)
        except OSError as error:
            self._plan_restart(running, f"não iniciou ({error.strerror})")
            return running.began
        running.process = process
        running.sessions.add(process.pid)
        self._selector.register(_output(process), selectors.EVENT_READ, running)
        return running.began

    def _restart_due(self) -> None:
        for running in self._running:
            if running.due is not None and time.monotonic() >= running.due:
                self._start(running)

    def _plan_restart(self, running: _Running, what: str) -> None:
        timing, now = self._timing, time.monotonic()
        if now - running.began >= timing.stable:
            running.wait = 0.0
        running.wait = min(running.wait * 2 or timing.first_wait, timing.longest_wait)
        running.due = now + running.wait
        self._say(running.child.name, f"{what}; nova tentativa em {running.wait:g} s")

    # --- one turn of the loop -------------------------------------------------------------------
    def _turn(self) -> None:
        """Wait a moment for output, a death or a signal, and take in what came."""
        for key, _ in self._selector.select(self._timing.tick):
            if isinstance(key.data, _Running):
                self._read(key.data)
            elif isinstance(key.fileobj, socket.socket):
                key.fileobj.recv(4096)  # only woke us up
        for running in self._running:
            if running.process is not None and running.process.poll() is not None:
                self._bury(running, running.process)
            self._forget_empty_sessions(running)

    def _read(self, running: _Running) -> bool:
        """Show the lines that came; False once there is nothing (more) to read."""
        if running.process is None:
            return False
        output = _output(running.process)
        data = output.read(65_536)
        if data == b"":  # every process that could write has closed it
            self._unwatch(output)
        if not data:
            return False
        *lines, rest = (running.unfinished + data).split(b"\n")
        if len(rest) > LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        running.unfinished = rest
        for line in lines:
            self._show(running, line)
        return True

    def _unwatch(self, output: IO[bytes]) -> None:
        if output in self._selector.get_map():
            self._selector.unregister(output)

    def _show(self, running: _Running, line: bytes) -> None:
        self._say(running.child.name, line.decode(errors="replace").rstrip())

    def _bury(self, running: _Running, process: subprocess.Popen[bytes]) -> None:
        """Take leave of a child that ended: its last words, and when to start it again."""
        while self._read(running):
            pass
        if running.unfinished:
            self._show(running, running.unfinished)
            running.unfinished = b""
        output = _output(process)
        self._unwatch(output)
        output.close()
        running.process = None
        if not self._signals:
            self._plan_restart(running, f"terminou ({_ending(process.returncode)})")

    def _forget_empty_sessions(self, running: _Running) -> None:
        """A session without members is not ours any more: its number may be given to another."""
        alive = running.process.pid if running.process is not None else None
        for leader in running.sessions - {alive}:
            if not processes.session_members(leader):
                running.sessions.discard(leader)

    # --- stopping -------------------------------------------------------------------------------
    def _stop_all(self) -> None:
        """Ask all to end, those that others need after the others; kill what outlives its grace."""
        self._signals = max(self._signals, 1)
        for last in (False, True):
            group = [running for running in self._running if running.child.stops_last is last]
            self._stop(group)

    def _stop(self, group: Sequence[_Running]) -> None:
        for running in group:
            running.due = None
            if running.process is not None:
                running.process.terminate()
        deadline = time.monotonic() + self._timing.grace
        while any(running.process or running.sessions for running in group):
            if self._signals > 1 or time.monotonic() >= deadline:
                self._kill(group)
                break
            self._turn()

    def _kill(self, group: Sequence[_Running]) -> None:
        for running in group:
            for leader in running.sessions:
                processes.kill_session(leader)
            if running.process is not None:
                self._say(running.child.name, "não parou a tempo e foi encerrado à força")
                running.process.wait()
                self._bury(running, running.process)

    # --- signals --------------------------------------------------------------------------------
    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Stop signals are counted, and they and the deaths of children wake the loop."""
        ours, wake = socket.socketpair()
        ours.setblocking(False)
        wake.setblocking(False)
        self._selector.register(ours, selectors.EVENT_READ)
        before = {
            number: signal.signal(number, self._count)
            for number in STOP_SIGNALS
            if signal.getsignal(number) is not signal.SIG_IGN or number != signal.SIGHUP  # nohup
        }
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        woken = signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(woken)
            for number, handler in before.items():
                signal.signal(number, handler)
            ours.close()
            wake.close()

    def _count(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self._signals or now - self._last_signal >= self._timing.same_wish:
            self._signals += 1
        self._last_signal = now


def _output(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None  # noqa: S101 - `processes.start` asked for a pipe
    return process.stdout


def _ending(code: int) -> str:
    if code >= 0:
        return f"código {code}"
    return signal.strsignal(-code) or f"sinal {-code}"
