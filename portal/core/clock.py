"""Time. Code and database speak aware UTC; people see the portal's timezone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

MONTH_NAMES = (
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def local(moment: datetime, timezone: str) -> datetime:
    """`moment` as the wall clock of `timezone` (an IANA name) shows it."""
    return moment.astimezone(ZoneInfo(timezone))


def local_date(moment: datetime, timezone: str) -> date:
    """The calendar day of `moment` in `timezone`."""
    return local(moment, timezone).date()
