"""What Redis knows: workers, clock, queues and job times; in one visit, for metrics and doctor."""

from dataclasses import dataclass, field
from datetime import datetime

from redis import Redis
from redis.exceptions import RedisError

from portal.core.queue import PROBE_KEY, QUEUES, clock_passed_at, connect, living_workers
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
    for name in QUEUES:
        pipe.llen(f"rq:queue:{name}")
    depths = pipe.execute()
    return QueueFacts(
        up=True,
        writable=_writable(connection),
        workers=living_workers(connection),
        heartbeat=clock_passed_at(connection),
        waiting=dict(zip(QUEUES, depths, strict=True)),
        jobs=read(connection),
    )


def _writable(connection: Redis) -> bool:
    try:
        return bool(connection.set(PROBE_KEY, 1, ex=60))
    except RedisError:
        return False
