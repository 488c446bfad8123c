"""Waking workers. The database is the truth: a wake-up that is lost costs time, never work."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask import current_app
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.worker_registration import get_keys

log = logging.getLogger(__name__)

# Workers take from the first queue first: whatever a person waits for, and the reconciler, come
# before the long drains.
URGENT, SENDING = QUEUES = ("pontual", "pontual-sending")
DRAIN = "jobs.deliveries.drain"
LONG = frozenset({DRAIN, "jobs.webhooks.drain"})  # they wait for servers of others
DRAINS_WAITING = 4  # so that as many workers can join in
LOOK_AT = 50  # jobs at the head of a queue among which twins are looked for
# A worker that is told to stop sends it to its running job: end after what is in your hands.
FINISH_SIGNAL = signal.SIGUSR1
HEARTBEAT_KEY = "pontual:cron:heartbeat"  # seconds since the epoch, written by `portal cron`
PROBE_KEY = "pontual:probe"
JOB_TIMEOUT = 1800  # seconds; jobs end themselves long before
TIMEOUTS: Mapping[str, Any] = {"socket_connect_timeout": 2, "socket_timeout": 5}


def connect(url: str, *, blocking: bool = False) -> Redis:
    """A Redis client; `blocking` for workers, which wait on the socket for long."""
    if blocking:
        return Redis.from_url(url, socket_connect_timeout=2)
    # No second try: whoever waits here is a person, and the reconciler will not forget.
    return Redis.from_url(url, retry=Retry(NoBackoff(), 0), **TIMEOUTS)


def wake(job: str, *args: int | str) -> bool:
    """Enqueue `job` (dotted name under `jobs`). False, with a log line, when Redis is away.

    Call it after the commit. Whatever was not enqueued is found by the reconciler.
    """
    try:
        connection = connect(current_app.config["REDIS_URL"])
        try:
            enqueue(connection, job, *args)
        finally:
            connection.close()
    except (RedisError, OSError, ValueError) as error:
        log.warning("queue unavailable, %s waits for the reconciler: %s", job, error)
        return False
    return True


def enqueue(connection: Redis, job: str, *args: int | str) -> None:
    """Put a fresh job on its queue, unless enough of the same already wait there.

    Ids are never reused, so no stuck job blocks the next one; and only jobs that no worker has
    taken count as waiting. Without this, a minute's wake-ups pile up faster than they are worked.
    """
    queue = Queue(SENDING if job in LONG else URGENT, connection=connection, serializer="json")
    waiting = queue.get_jobs(0, LOOK_AT)
    same = sum(item.func_name == job and list(item.args) == list(args) for item in waiting)
    if same >= (DRAINS_WAITING if job == DRAIN else 1):
        return
    queue.enqueue(job, args=args, job_timeout=JOB_TIMEOUT, result_ttl=60, failure_ttl=86_400)


def is_up(url: str) -> bool:
    """Whether Redis answers and takes what is written: full or read-only, it is of no use."""
    try:
        connection = connect(url)
        try:
            return bool(connection.set(PROBE_KEY, 1, ex=60))
        finally:
            connection.close()
    except (RedisError, OSError):
        return False


def living_workers(connection: Redis) -> int:
    """How many workers are alive. Raises RedisError.

    A killed one stays registered until another one cleans up; its own key expires.
    """
    keys = get_keys(connection=connection)
    found: Any = connection.exists(*keys) if keys else 0
    return int(found)


def clock_passed_at(connection: Redis) -> datetime | None:
    """When `portal cron` made its last pass; None when it left no sign. Raises RedisError."""
    raw: Any = connection.get(HEARTBEAT_KEY)
    return datetime.fromtimestamp(int(raw), UTC) if raw else None


@contextmanager
def finish_requests() -> Iterator[Callable[[], bool]]:
    """Inside, the yielded function tells whether the worker asked this job to end early."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # signals reach only the main thread
        return
    before = signal.signal(FINISH_SIGNAL, lambda number, _frame: asked.append(number))
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(FINISH_SIGNAL, before)
