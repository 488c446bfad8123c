"""Which day a title falls due when its own is no business day: pure calendar."""

from collections.abc import Callable
from datetime import date, timedelta

SATURDAY = 5
Closed = Callable[[date], bool]  # whether a day, weekends apart, is a holiday


def is_business_day(day: date, closed: Closed) -> bool:
    """Whether banks open on that day: from Monday to Friday, holidays apart."""
    return day.weekday() < SATURDAY and not closed(day)


def next_business_day(day: date, closed: Closed) -> date:
    """`day` itself when banks open, else the first day after it on which they do.

    It may fall in the following month: 31/01 on a Saturday becomes 02/02. Never before `day`:
    no client is asked to pay earlier than the contract says (Lei 7.089/1983 says the same of
    what falls due on a day without banks: it is paid on the next one, without additions).
    """
    while not is_business_day(day, closed):
        day += timedelta(days=1)
    return day
