"""Competences and due dates."""

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.contracts.schedule import (
    competences,
    due_date,
    first_month_amount,
    starts_after,
)
from portal.core.errors import InvalidValue

months = st.builds(date, st.integers(2000, 2098), st.integers(1, 12), st.just(1))


@given(st.dates(date(2000, 1, 1), date(2098, 12, 31)), st.integers(1, 24))
def test_competences_are_consecutive_firsts_of_months(first: date, installments: int) -> None:
    found = competences(first, installments)
    assert len(found) == installments
    assert found[0] == first.replace(day=1)
    for one, following in pairwise(found):
        assert following == (one + timedelta(days=31)).replace(day=1)
    assert {month.day for month in found} == {1}


@given(months, st.integers(1, 31))
def test_the_due_date_stays_in_the_month_on_the_day_or_the_last_one(
    competence: date, due_day: int
) -> None:
    due = due_date(competence, due_day)
    last = monthrange(competence.year, competence.month)[1]
    assert (due.year, due.month) == (competence.year, competence.month)
    assert due.day == (due_day if due_day <= last else last)


@pytest.mark.parametrize(
    ("competence", "due_day", "due"),
    [
        (date(2026, 2, 1), 31, date(2026, 2, 28)),
        (date(2028, 2, 1), 30, date(2028, 2, 29)),
        (date(2100, 2, 1), 29, date(2100, 2, 28)),  # 2100 is no leap year
        (date(2026, 4, 1), 31, date(2026, 4, 30)),
        (date(2026, 12, 1), 31, date(2026, 12, 31)),
        (date(2026, 12, 17), 5, date(2026, 12, 5)),
    ],
)
def test_short_months_end_on_their_last_day(competence: date, due_day: int, due: date) -> None:
    assert due_date(competence, due_day) == due


def test_a_year_turns_in_the_middle_of_the_installments() -> None:
    assert competences(date(2026, 11, 1), 3) == [
        date(2026, 11, 1),
        date(2026, 12, 1),
        date(2027, 1, 1),
    ]


@pytest.mark.parametrize("installments", [0, -1, 25])
def test_installments_go_from_1_to_24(installments: int) -> None:
    with pytest.raises(InvalidValue, match="1 a 24"):
        competences(date(2026, 12, 1), installments)


@pytest.mark.parametrize(
    ("first", "installments"), [(date(1999, 12, 1), 1), (date(2100, 12, 1), 2), (date.max, 2)]
)
def test_months_outside_the_years_are_refused(first: date, installments: int) -> None:
    with pytest.raises(InvalidValue, match="2000 e 2100"):
        competences(first, installments)


@pytest.mark.parametrize(("year", "due_day"), [(9999, 10), (1999, 10), (2026, 0), (2026, 32)])
def test_due_dates_outside_the_calendar_are_refused(year: int, due_day: int) -> None:
    with pytest.raises(InvalidValue):
        due_date(date(year, 1, 1), due_day)


# --- the first month ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activated_on", "amount", "charged"),
    [
        (date(2026, 12, 1), "119.90", "119.90"),  # the whole month
        (date(2026, 12, 31), "119.90", "3.87"),  # 1 of 31 days: 3.867…
        (date(2026, 12, 17), "100.00", "48.39"),  # 15 of 31: 48.387…
        (date(2026, 12, 31), "0.01", "0.01"),  # never less than a cent
        (date(2026, 11, 20), "119.90", "119.90"),  # before: the whole month
        (date(2025, 12, 20), "119.90", "119.90"),  # the same month of another year
    ],
)
def test_the_first_month_charges_the_days_from_the_activation_on(activated_on, amount, charged):
    december = date(2026, 12, 1)
    assert first_month_amount(Decimal(amount), december, activated_on) == Decimal(charged)


def test_half_a_cent_goes_up():
    # 15 of 30 days of 0.05 is 0.025.
    assert first_month_amount(Decimal("0.05"), date(2026, 11, 1), date(2026, 11, 16)) == (
        Decimal("0.03")
    )


def test_a_contract_starts_after_the_months_before_its_activation():
    assert starts_after(date(2026, 11, 1), date(2026, 12, 1))
    assert not starts_after(date(2026, 12, 1), date(2026, 12, 31))
