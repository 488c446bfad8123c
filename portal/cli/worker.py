"""The worker process: RQ's, waiting for Redis as long as it takes, and gentle when told to stop."""

import os
import signal
import time
from contextlib import suppress
from importlib import import_module
from types import FrameType

import click
from flask import Flask
from redis.exceptions import RedisError
from rq import Queue, Worker
from sqlalchemy.exc import OperationalError

from portal.cli import processes
from portal.core.db import db
from portal.core.migrations import ensure_migrated
from portal.core.queue import FINISH_SIGNAL, QUEUES, connect

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
    _prepare_tables(app)
    asked: list[int] = []
    while not asked:
        connection = connect(app.config["REDIS_URL"], blocking=True)
        try:
            connection.ping()
            queues = [Queue(name, connection=connection, serializer="json") for name in QUEUES]
            GentleWorker(
                queues, connection=connection, serializer="json", maintenance_interval=60
            ).work(logging_level="WARNING")
            return
        except (RedisError, OSError) as error:
            click.echo(f"fila fora do ar, tentando de novo: {error}", err=True)
            signal.signal(signal.SIGTERM, lambda number, _frame: asked.append(number))
            signal.signal(signal.SIGINT, lambda number, _frame: asked.append(number))
            time.sleep(RETRY_SECONDS)
        finally:
            connection.close()


def _prepare_tables(app: Flask) -> None:
    """Bring the tables to this version, however long the database takes to be there.

    A worker of a new version may start before its web server does.
    """
    while True:
        try:
            with app.app_context():
                ensure_migrated()
                db.session.remove()
                db.engine.dispose()  # nothing of it may be shared with the jobs to be forked
            return
        except OperationalError as error:
            click.echo(f"banco de dados fora do ar, tentando de novo: {error}", err=True)
            time.sleep(RETRY_SECONDS)


def work_in_many(count: int) -> None:
    """`count` workers; with more than one, this process only minds them.

    One that dies is replaced; SIGTERM and SIGINT are passed on, each time that they come.
    """
    if count == 1:
        return work()
    children = {_fork() for _ in range(count)}
    asked: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, number)

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, pass_on)
    while children:
        try:
            dead, _status = os.wait()
        except ChildProcessError:
            return
        children.discard(dead)
        if not asked:
            click.echo("um processo de envio terminou; outro toma o lugar", err=True)
            time.sleep(RETRY_SECONDS)
            children.add(_fork())
            if asked:  # in the meantime: the new one has not heard of it
                pass_on(asked[-1], None)


def _fork() -> int:
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            processes.end_with_parent()
            if os.getppid() == parent:  # else it died before we could ask to be told
                work()
        finally:
            os._exit(0)
    return child
