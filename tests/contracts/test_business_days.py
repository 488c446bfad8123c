"""Business days and bank holidays of Brazil."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.contracts.bank_holidays import bank_holidays, is_bank_holiday
from portal.contracts.business_days import is_business_day, next_business_day

# From the calendar of the banks (CMN 4.880/2020): what a year's list must have, and nothing else.
LIST_OF_2026 = {
    date(2026, 1, 1),
    date(2026, 2, 16),  # carnival
    date(2026, 2, 17),
    date(2026, 4, 3),  # Good Friday
    date(2026, 4, 21),
    date(2026, 5, 1),
    date(2026, 6, 4),  # Corpus Christi
    date(2026, 9, 7),
    date(2026, 10, 12),
    date(2026, 11, 2),
    date(2026, 11, 15),
    date(2026, 11, 20),
    date(2026, 12, 25),
}


def test_the_bank_holidays_of_2026_are_those_of_the_calendar():
    assert bank_holidays(2026) == LIST_OF_2026


@pytest.mark.parametrize(
    "day", [date(2026, 2, 18), date(2026, 12, 24), date(2026, 12, 31), date(2023, 11, 20)]
)
def test_short_days_and_holidays_before_their_law_are_business_days(day):
    assert not is_bank_holiday(day)


@pytest.mark.parametrize(
    ("day", "moved"),
    [
        (date(2026, 12, 10), date(2026, 12, 10)),  # Thursday
        (date(2026, 12, 12), date(2026, 12, 14)),  # Saturday
        (date(2026, 12, 25), date(2026, 12, 28)),  # Friday, Christmas
        (date(2026, 2, 14), date(2026, 2, 18)),  # Saturday before carnival
        (date(2026, 1, 31), date(2026, 2, 2)),  # into the next month
        (date(2027, 12, 31), date(2027, 12, 31)),
    ],
)
def test_a_day_without_banks_moves_to_the_next_one_with(day, moved):
    assert next_business_day(day, is_bank_holiday) == moved


@given(st.dates(date(2000, 1, 1), date(2099, 12, 1)), st.sets(st.integers(0, 20)))
def test_the_next_business_day_is_the_first_one_from_the_day_on(day, offsets):
    closed = {day + timedelta(days=offset) for offset in offsets}
    found = next_business_day(day, closed.__contains__)
    assert found >= day
    assert is_business_day(found, closed.__contains__)
    between = [day + timedelta(days=n) for n in range((found - day).days)]
    assert not any(is_business_day(item, closed.__contains__) for item in between)
