"""RQ entry points: an id in, one service call, nothing else."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec

from flask import Flask

P = ParamSpec("P")


@lru_cache(maxsize=1)
def worker_app() -> Flask:
    """The application of this process; made once, before the first job is forked."""
    from portal import create_app

    return create_app(web=False)


def job(function: Callable[P, None]) -> Callable[P, None]:
    """Run inside the application's context, with a session of its own."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> None:
        with worker_app().app_context():
            function(*args, **kwargs)

    return inside
