"""`portal up`: everything on this machine, kept running together until Ctrl+C."""

import fcntl
import http.client
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path

import click

from portal.cli import redis_server
from portal.cli.redis_server import PrivateRedis
from portal.cli.supervisor import Child, Supervisor
from portal.core.config import Settings
from portal.core.errors import Conflict

HOST = "127.0.0.1"
WEB_PROCESSES, WEB_THREADS = 2, 4
WEB_WORKER = "portal.web.server.Worker"
WORKERS = 2
OWN_NAME = "pontual"
COLOURS = ("cyan", "magenta", "green", "yellow", "blue")


def up(settings: Settings) -> None:
    """Prepare the database, start all processes, and return after Ctrl+C or SIGTERM.

    Raises Conflict, with nothing started, when the folder or a port is in use, and ConfigError
    when there is no Redis to be had.
    """
    from portal.cli.prepare import prepare

    with _alone_in(settings.home):
        check_ports(settings)
        redis = redis_server.find_redis(settings.home)
        for line in prepare(settings):
            click.echo(line)
        crew = children(settings, redis)
        say = _Speaker([child.name for child in crew])
        Supervisor(
            crew,
            env=_environment(settings, redis.url),
            say=say,
            on_ready=lambda: _announce(settings, say),
        ).run()
        say(OWN_NAME, "tudo parado")


def children(settings: Settings, redis: redis_server.GivenRedis | PrivateRedis) -> list[Child]:
    """What runs, in the order in which it starts."""
    inbox = [str(settings.home), str(settings.inbox_smtp_port), str(settings.inbox_http_port)]
    crew = [
        Child("inbox", _python("portal.inbox", *inbox), stops_last=True),
        Child("worker", _python("portal.cli", "worker", "-n", str(WORKERS))),
        Child("cron", _python("portal.cli", "cron")),
        Child("web", web_argv(settings), ready=lambda: web_answers(settings)),
    ]
    if isinstance(redis, PrivateRedis):
        answers = redis_server.answers
        server = Child("redis", redis.argv, lambda: answers(redis.socket), stops_last=True)
        return [server, *crew]
    return crew


def web_argv(settings: Settings, host: str = HOST) -> list[str]:
    """The command of the web server, for `portal web` too; GUNICORN_CMD_ARGS adds options."""
    return _python(
        "gunicorn",
        f"--bind={host}:{settings.port}",
        f"--worker-class={WEB_WORKER}",
        f"--workers={WEB_PROCESSES}",
        f"--threads={WEB_THREADS}",
        "--graceful-timeout=15",
        "--no-control-socket",  # its default place is shared by all of this user's portals
        "wsgi:app",
    )


def web_answers(settings: Settings) -> bool:
    """Whether the web server answers, whatever it says."""
    connection = http.client.HTTPConnection(HOST, settings.port, timeout=1)
    host = settings.hosts[0] if settings.hosts else f"{HOST}:{settings.port}"
    try:
        connection.request("GET", "/health/live", headers={"Host": host})
        return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def check_ports(settings: Settings) -> None:
    """Raises Conflict when a port that `up` needs is taken."""
    check_web_port(settings)
    for port in (settings.inbox_smtp_port, settings.inbox_http_port):
        _check_port(port, settings)


def check_web_port(settings: Settings) -> None:
    """Raises Conflict when the port of the web server is taken."""
    _check_port(settings.port, settings)


def _check_port(port: int, settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Conflict(
                f"a porta {port} já está em uso neste computador. "
                f"Escolha outra, por exemplo: PORT={settings.port + 100} make run"
            ) from error


def _python(module: str, *words: str) -> list[str]:
    return [sys.executable, "-m", module, *words]


def _environment(settings: Settings, redis_url: str) -> dict[str, str]:
    """What the children read: this environment, with every address and folder spelt out."""
    return {
        **os.environ,
        "PORTAL_HOME": str(settings.home),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": redis_url,
        "PORT": str(settings.port),
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def _alone_in(home: Path) -> Iterator[None]:
    """Hold this PORTAL_HOME: two Redis over one folder would spoil each other's log."""
    with (home / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                f"o Pontual já está no ar com a pasta {home}. "
                "Pare-o, ou use outra pasta: PORTAL_HOME=outra PORT=8100 make run"
            ) from error
        yield


def _announce(settings: Settings, say: "_Speaker") -> None:
    say(OWN_NAME, f"no ar em http://{HOST}:{settings.port}")
    say(
        OWN_NAME,
        f"e-mails que saem: http://{HOST}:{settings.inbox_http_port} "
        f"(caixa de entrada local, SMTP em {HOST}:{settings.inbox_smtp_port}, sem TLS)",
    )
    say(OWN_NAME, "Ctrl+C para tudo")


class _Speaker:
    """Prints `name | line`, each name in its own colour when a person is watching."""

    def __init__(self, names: Sequence[str]) -> None:
        self._width = max(len(name) for name in [*names, OWN_NAME])
        self._colours = dict(zip(names, cycle(COLOURS), strict=False))
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def __call__(self, name: str, line: str) -> None:
        prefix = f"{name:{self._width}} | "
        if self._coloured:
            prefix = click.style(prefix, fg=self._colours.get(name), bold=name == OWN_NAME)
        with suppress(OSError):  # whoever read us is gone; the work goes on
            click.echo(prefix + line)
