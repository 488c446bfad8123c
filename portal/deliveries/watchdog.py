"""An end for what might never end: making a message may take so long, and no longer."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TookTooLong(BaseException):
    """The time is over. No `Exception`, so that no library swallows it on its way out."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise TookTooLong inside once `seconds` have passed; only a process's main thread can.

    RQ's own alarm for the whole job, if one is set, goes on afterwards.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    started = time.monotonic()
    handler = signal.signal(signal.SIGALRM, _ring)
    job_left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if job_left:
            rest = job_left - (time.monotonic() - started)
            signal.setitimer(signal.ITIMER_REAL, max(rest, 0.001))


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise TookTooLong
