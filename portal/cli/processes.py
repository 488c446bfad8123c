"""Child processes that cannot be lost: each one leads a session of its own, on the system's word.

What a child starts belongs to its session, even in a process group of its own (RQ's work-horses),
so that nothing is left behind. On Linux a child is told to end when this process dies by itself.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def start(argv: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start `argv` in a new session; its two outputs come as one pipe that never blocks a read."""
    child = subprocess.Popen(
        argv,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=end_with_parent if _LIBC else None,  # this process has a single thread
    )
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for
    os.set_blocking(child.stdout.fileno(), False)
    return child


def session_members(leader: int) -> set[int]:
    """The living processes of the session that `leader` began; empty where /proc is missing."""
    return {pid for pid, session in _sessions() if session == leader}


def kill_session(leader: int) -> None:
    """Kill what is left of a session of ours: the leader's group, and groups made inside it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    for pid in session_members(leader):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def end_with_parent() -> None:
    """Ask the system to end this process when its parent dies; only Linux can."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _sessions() -> list[tuple[int, int]]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # pid (name) state ppid pgrp session …; the name may hold anything, ")" too
            state, _parent, _group, session = (
                (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:4]
            )
            if state != "Z":
                found.append((int(folder.name), int(session)))
    return found
