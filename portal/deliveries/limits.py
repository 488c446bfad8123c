"""The limits of an account: rolling windows, counted per recipient over all workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MINUTE = timedelta(seconds=60)
HOUR = timedelta(seconds=3600)
DAY = timedelta(seconds=86_400)


@dataclass(frozen=True, slots=True)
class Limits:
    """At most so many recipients in any window of 3600 s, of 86400 s and, where set, of 60 s."""

    hourly: int
    daily: int
    minute: int | None = None

    @property
    def windows(self) -> tuple[tuple[timedelta, int], ...]:
        """Each window's size and limit, the shortest first."""
        short = () if self.minute is None else ((MINUTE, self.minute),)
        return (*short, (HOUR, self.hourly), (DAY, self.daily))


def leave_times(
    uses: Sequence[datetime], limits: Limits, waiting: int, now: datetime
) -> list[datetime]:
    """The earliest moment of each of `waiting` messages under every window, in order. Pure."""
    times = list(uses)
    start = len(times)
    windows = limits.windows
    moment = now
    for _ in range(waiting):
        for size, limit in windows:
            if len(times) >= limit:
                moment = max(moment, times[-limit] + size)
        times.append(moment)
    return times[start:]
