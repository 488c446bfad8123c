"""RQ entry points: an id in, one service call, nothing else."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from typing import ParamSpec

from flask import Flask, g
from rq import get_current_job

from portal.operations import job_times

P = ParamSpec("P")


@lru_cache(maxsize=1)
def worker_app() -> Flask:
    """The application of this process; made once, before the first job is forked."""
    from portal import create_app

    return create_app(web=False)


def job(function: Callable[P, None]) -> Callable[P, None]:
    """Run inside the application's context, with a session of its own; tell how long it took."""
    name = f"{function.__module__}.{function.__name__}"

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> None:
        with worker_app().app_context(), _timed(name):
            function(*args, **kwargs)

    return inside


@contextmanager
def _timed(name: str) -> Iterator[None]:
    current = get_current_job()
    g.request_id = f"job-{current.id[:8]}" if current else "-"  # the log tells jobs apart by it
    began, failed = time.monotonic(), True
    try:
        yield
        failed = False
    finally:
        url = worker_app().config["REDIS_URL"]
        job_times.note(url, name, time.monotonic() - began, failed=failed)
