"""The worker process: RQ's, waiting for Redis as long as it takes, and gentle when told to stop."""

import os
import signal
import time
from contextlib import suppress
from importlib import import_module
from types import FrameType

import click
from redis.exceptions import RedisError
from rq import Queue, Worker

from portal.core.queue import FINISH_SIGNAL, QUEUE, connect

RETRY_SECONDS = 2


class GentleWorker(Worker):
    """At the first SIGTERM the running job is asked to end after the message in its hands."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        if self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, FINISH_SIGNAL)
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def work() -> None:
    """Work until told to stop."""
    signal.signal(FINISH_SIGNAL, signal.SIG_IGN)  # a job that can end early listens; others may not
    # By name, as RQ does it: nothing in the portal imports the jobs. The application is made
    # before the first job is forked, so that a job starts at once.
    app = import_module("jobs").worker_app()
    asked: list[int] = []
    while not asked:
        connection = connect(app.config["REDIS_URL"], blocking=True)
        try:
            connection.ping()
            queue = Queue(QUEUE, connection=connection, serializer="json")
            GentleWorker(
                [queue], connection=connection, serializer="json", maintenance_interval=60
            ).work(logging_level="WARNING")
            return
        except (RedisError, OSError) as error:
            click.echo(f"fila fora do ar, tentando de novo: {error}", err=True)
            signal.signal(signal.SIGTERM, lambda number, _frame: asked.append(number))
            signal.signal(signal.SIGINT, lambda number, _frame: asked.append(number))
            time.sleep(RETRY_SECONDS)
        finally:
            connection.close()


def work_in_many(count: int) -> None:
    """`count` workers; this process is one of them and takes the others along when it ends."""
    children = [_fork() for _ in range(count - 1)]
    try:
        work()
    finally:
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)
        for child in children:
            with suppress(ChildProcessError):
                os.waitpid(child, 0)


def _fork() -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child
