"""The limits of an account: rolling windows, counted per recipient over all workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(seconds=3600)
DAY = timedelta(seconds=86_400)


@dataclass(frozen=True, slots=True)
class Limits:
    """At most so many recipients in any window of 3600 s and of 86400 s."""

    hourly: int
    daily: int


def next_slot(uses: Sequence[datetime], limits: Limits, now: datetime) -> datetime:
    """When the next message may leave: `now`, or the moment the fuller window opens.

    `uses` are the moments of the last day's uses, oldest first. Pure.
    """
    opens = now
    for size, limit in ((HOUR, limits.hourly), (DAY, limits.daily)):
        inside = [used for used in uses if used > now - size]
        if len(inside) >= limit:
            # A use leaves the window exactly `size` after it entered.
            opens = max(opens, inside[len(inside) - limit] + size)
    return opens


def finish_time(uses: Sequence[datetime], limits: Limits, waiting: int, now: datetime) -> datetime:
    """When the last of `waiting` messages may leave, if nothing else uses the account. Pure."""
    return leave_times(uses, limits, waiting, now)[-1] if waiting else now


def leave_times(
    uses: Sequence[datetime], limits: Limits, waiting: int, now: datetime
) -> list[datetime]:
    """The earliest moment of each of `waiting` messages under both windows, in order. Pure."""
    times = list(uses)
    start = len(times)
    moment = now
    for _ in range(waiting):
        if len(times) >= limits.hourly:
            moment = max(moment, times[-limits.hourly] + HOUR)
        if len(times) >= limits.daily:
            moment = max(moment, times[-limits.daily] + DAY)
        times.append(moment)
    return times[start:]
