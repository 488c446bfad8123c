"""Days, hours and months of the charts as the portal's timezone counts them. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.core import clock

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A stretch of time: `since` belongs to it, `until` no more. `day`: where it begins there."""

    label: str
    day: date
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month by its first and its last day."""

    first: date
    last: date


def midnight(day: date, timezone: str) -> datetime:
    """The moment, in UTC, when `day` begins in `timezone` (an IANA name).

    Where clocks go forward at midnight, it is the moment of the change.
    """
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)


def days(today: date, count: int, timezone: str) -> list[Bucket]:
    """The last `count` days, `today` included, oldest first."""
    found = [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
    return [
        Bucket(
            f"{day:%d/%m}",
            day,
            midnight(day, timezone),
            midnight(day + timedelta(days=1), timezone),
        )
        for day in found
    ]


def hours(now: datetime, count: int, timezone: str) -> list[Bucket]:
    """The last `count` hours of the wall clock, the running one included, oldest first.

    Each is 60 minutes long; where clocks change, an hour's name is missing or comes twice.
    """
    running = clock.local(now, timezone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    starts = [running - HOUR * back for back in range(count - 1, -1, -1)]
    return [
        Bucket(f"{there.hour}h", there.date(), start, start + HOUR)
        for start in starts
        for there in [clock.local(start, timezone)]
    ]


def months(today: date, back: int, ahead: int) -> list[Month]:
    """The month of `today` with `back` months before it and `ahead` after it, oldest first."""
    running = today.year * 12 + today.month - 1
    return [_month(number) for number in range(running - back, running + ahead + 1)]


def _month(number: int) -> Month:
    first = date(number // 12, number % 12 + 1, 1)
    following = date((number + 1) // 12, (number + 1) % 12 + 1, 1)
    return Month(first, following - timedelta(days=1))
