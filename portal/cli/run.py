"""The long-running commands: up, web, worker, cron."""

import os
import signal
import sys
import time

import click
from redis.exceptions import RedisError

from portal.cli import cli
from portal.core import clock
from portal.core.config import Settings
from portal.core.queue import HEARTBEAT_KEY, connect, enqueue

RECONCILE_EVERY = 60  # seconds
NIGHT = 3  # the hour from which, once a day, what is too old is erased


@cli.command()
def up() -> None:
    """Set up and start everything on this machine, until Ctrl+C."""
    from portal.cli.up import up as start

    start(Settings.from_env())


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def web(host: str) -> None:
    """Start the web server alone (gunicorn)."""
    from portal.cli.prepare import prepare
    from portal.cli.up import check_web_port, web_argv

    settings = Settings.from_env()
    check_web_port(settings)
    for line in prepare(settings):
        click.echo(line)
    argv = web_argv(settings, host)
    os.execv(argv[0], argv)  # noqa: S606 - our own argv


@cli.command()
@click.option("-n", "count", default=1, show_default=True, type=click.IntRange(1, 64))
def worker(count: int) -> None:
    """Start workers, which send e-mails and run everything long."""
    from portal.cli.worker import work_in_many

    work_in_many(count)


@cli.command()
def cron() -> None:
    """Start the clock: a pass every minute, a sweep every night. Enough after Redis was lost."""
    settings = Settings.from_env()
    url, swept = settings.redis_url, None
    stop = _StopFlag()
    stop.install()
    while not stop.asked:
        started = time.monotonic()
        try:
            connection = connect(url)
            try:
                enqueue(connection, "jobs.reconcile.run")
                local = clock.local(clock.now(), settings.timezone)
                if local.hour >= NIGHT and local.date() != swept:
                    enqueue(connection, "jobs.privacy.sweep")  # again after a restart: no harm
                    swept = local.date()
                connection.set(HEARTBEAT_KEY, int(time.time()), ex=600)
            finally:
                connection.close()
            pause = RECONCILE_EVERY - (time.monotonic() - started)
        except (RedisError, OSError) as error:
            click.echo(f"fila fora do ar, tentando de novo: {error}", err=True)
            pause = 2
        stop.sleep(max(pause, 0))
    sys.exit(0)


class _StopFlag:
    """Notes SIGTERM and SIGINT instead of dying in the middle of something."""

    def __init__(self) -> None:
        self.asked = False

    def install(self) -> None:
        """Take the signals from here on."""
        signal.signal(signal.SIGTERM, self._note)
        signal.signal(signal.SIGINT, self._note)

    def _note(self, _signal: int, _frame: object) -> None:
        self.asked = True

    def sleep(self, seconds: float) -> None:
        """Sleep, but wake up within a quarter of a second when asked to stop."""
        deadline = time.monotonic() + seconds
        while not self.asked and time.monotonic() < deadline:
            time.sleep(min(0.25, max(0.0, deadline - time.monotonic())))
