"""How long jobs take, summed in Redis by whoever ran them, so that every web process can tell.

Numbers for graphs only: they may be lost with Redis, and a job never fails because of them.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from redis import Redis
from redis.exceptions import RedisError

from portal.core.queue import connect

KEY = "pontual:metrics:jobs"
BUCKETS = (0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, float("inf"))  # seconds, upper bounds


@dataclass(frozen=True, slots=True)
class JobTimes:
    """Of one job: how many ended within each of BUCKETS (each counts once), and the seconds."""

    name: str
    counts: tuple[int, ...]
    seconds: float
    failed: int

    @property
    def cumulative(self) -> list[tuple[str, float]]:
        """As Prometheus wants them: each bucket holds the ones before it, too."""
        total, found = 0, []
        for bound, count in zip(BUCKETS, self.counts, strict=True):
            total += count
            found.append(("+Inf" if bound == float("inf") else f"{bound:g}", float(total)))
        return found


def note(redis_url: str, job: str, seconds: float, *, failed: bool) -> None:
    """Add one run of `job`. Does nothing while Redis is away."""
    bucket = next(place for place, bound in enumerate(BUCKETS) if seconds <= bound)
    with suppress(RedisError, OSError):
        connection = connect(redis_url)
        try:
            pipe = connection.pipeline()
            pipe.hincrby(KEY, f"{job} {bucket}", 1)
            pipe.hincrbyfloat(KEY, f"{job} seconds", round(seconds, 3))
            if failed:
                pipe.hincrby(KEY, f"{job} failed", 1)
            pipe.execute()
        finally:
            connection.close()


def read(connection: Redis) -> list[JobTimes]:
    """What was noted, by the job's name. Raises RedisError."""
    raw: Mapping[bytes, bytes] = connection.hgetall(KEY)  # type: ignore[assignment]
    values = {key.decode(): float(value) for key, value in raw.items()}
    return [
        JobTimes(
            name=name,
            counts=tuple(int(values.get(f"{name} {place}", 0)) for place in range(len(BUCKETS))),
            seconds=values.get(f"{name} seconds", 0.0),
            failed=int(values.get(f"{name} failed", 0)),
        )
        for name in sorted({key.rpartition(" ")[0] for key in values})
    ]
