"""What Redis knows: workers, clock, queues and job times; in one visit, for metrics and doctor."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq.worker_registration import get_keys

from portal.core.queue import HEARTBEAT_KEY, PROBE_KEY, QUEUES, connect
from portal.operations.job_times import JobTimes, read


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """`up` and `writable` are False when nobody could be asked; the rest is then empty."""

    up: bool = False
    writable: bool = False
    problem: str = ""
    workers: int = 0
    heartbeat: datetime | None = None  # the clock's last pass
    waiting: dict[str, int] = field(default_factory=dict)  # jobs by queue
    jobs: list[JobTimes] = field(default_factory=list)


def look(redis_url: str) -> QueueFacts:
    """Ask Redis. Never raises; takes a few seconds at most."""
    try:
        connection = connect(redis_url)
        try:
            return _facts(connection)
        finally:
            connection.close()
    except (RedisError, OSError, ValueError) as error:
        return QueueFacts(problem=str(error))


def _facts(connection: Redis) -> QueueFacts:
    pipe = connection.pipeline(transaction=False)
    pipe.get(HEARTBEAT_KEY)
    for name in QUEUES:
        pipe.llen(f"rq:queue:{name}")
    beat, *depths = pipe.execute()
    return QueueFacts(
        up=True,
        writable=_writable(connection),
        workers=_living(connection),
        heartbeat=_moment(beat),
        waiting=dict(zip(QUEUES, depths, strict=True)),
        jobs=read(connection),
    )


def _writable(connection: Redis) -> bool:
    try:
        return bool(connection.set(PROBE_KEY, 1, ex=60))
    except RedisError:
        return False


def _living(connection: Redis) -> int:
    """A killed worker stays registered until another one cleans up; its own key expires."""
    keys = get_keys(connection=connection)
    found: Any = connection.exists(*keys) if keys else 0
    return int(found)


def _moment(raw: bytes | None) -> datetime | None:
    return datetime.fromtimestamp(int(raw), UTC) if raw else None
