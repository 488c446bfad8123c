"""The days on which Brazilian banks do not open, weekends apart.

Source: Resolução CMN 4.880/2020 and the calendar that FEBRABAN publishes from it: the national
holidays, Monday and Tuesday of carnival, Good Friday and Corpus Christi. Ash Wednesday and 24/12
have short hours and count as business days. On the last business day of the year banks serve no
public, but the day is no holiday in that calendar: titles due then stay as they are.
"""

from datetime import date
from functools import lru_cache

import holidays

# Optional days for everybody else, on which banks are closed.
CLOSED_FOR_BANKS = ("Carnival", "Corpus Christi")


@lru_cache(maxsize=128)
def bank_holidays(year: int) -> frozenset[date]:
    """The national bank holidays of a year."""
    national = holidays.country_holidays("BR", years=year, language="en_US")
    optional = holidays.country_holidays(
        "BR", years=year, categories=("optional",), language="en_US"
    )
    closed = (day for day, name in optional.items() if name in CLOSED_FOR_BANKS)
    return frozenset(national) | frozenset(closed)


def is_bank_holiday(day: date) -> bool:
    """Whether the day is a national bank holiday."""
    return day in bank_holidays(day.year)
