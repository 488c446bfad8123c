"""Fine and interest of an overdue title, by Código Civil art. 132, § 1º and CDC art. 52, § 1º."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.contracts.bank_holidays import is_bank_holiday
from portal.receivables.late_charges import LateCharges, late_charges

AMOUNT = Decimal("100.00")
TUESDAY = date(2026, 11, 10)


def charge(
    due: date,
    on: date,
    amount: Decimal = AMOUNT,
    fine: Decimal = Decimal(2),
    interest: Decimal = Decimal(1),
) -> LateCharges:
    return late_charges(
        amount,
        due,
        on,
        fine_percent=fine,
        interest_percent_month=interest,
        closed=is_bank_holiday,
    )


@pytest.mark.parametrize(
    ("due", "on", "fine", "interest", "days"),
    [
        (TUESDAY, date(2026, 11, 9), "0.00", "0.00", 0),
        (TUESDAY, TUESDAY, "0.00", "0.00", 0),
        (TUESDAY, date(2026, 11, 11), "2.00", "0.03", 1),
        (TUESDAY, date(2026, 11, 25), "2.00", "0.50", 15),
        (TUESDAY, date(2026, 12, 10), "2.00", "1.00", 30),
        # Saturday: free on Monday, late from Tuesday.
        (date(2026, 11, 14), date(2026, 11, 16), "0.00", "0.00", 0),
        (date(2026, 11, 14), date(2026, 11, 17), "2.00", "0.03", 1),
        # 20/11, a Friday, is a holiday: free until Monday.
        (date(2026, 11, 20), date(2026, 11, 23), "0.00", "0.00", 0),
        (date(2026, 11, 20), date(2026, 11, 24), "2.00", "0.03", 1),
    ],
)
def test_the_fine_is_charged_once_and_interest_by_the_day(
    due: date, on: date, fine: str, interest: str, days: int
) -> None:
    found = charge(due, on)
    assert (found.fine, found.interest, found.days) == (Decimal(fine), Decimal(interest), days)
    assert found.total == AMOUNT + Decimal(fine) + Decimal(interest)


def test_a_municipal_holiday_counts_too() -> None:
    found = late_charges(
        AMOUNT,
        TUESDAY,
        date(2026, 11, 11),
        fine_percent=Decimal(2),
        interest_percent_month=Decimal(1),
        closed=lambda day: day == TUESDAY,
    )
    assert found.total == AMOUNT


def test_no_fine_goes_beyond_the_law() -> None:
    assert charge(TUESDAY, date(2026, 11, 11), fine=Decimal(10)).fine == Decimal("2.00")


AMOUNTS = st.integers(1, 9_999_999_999).map(lambda cents: Decimal(cents) / 100)
RATES = st.integers(0, 10_000).map(lambda hundredths: Decimal(hundredths) / 100)
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@settings(deadline=None)
@given(AMOUNTS, RATES, RATES, DAYS, st.integers(-400, 4000))
def test_it_never_costs_less_than_the_amount_nor_more_before_the_due_date(
    amount: Decimal, fine: Decimal, interest: Decimal, due: date, delay: int
) -> None:
    found = charge(due, due + timedelta(days=delay), amount, fine, interest)
    assert found.total >= amount
    assert found.fine <= amount * 2 / 100 + Decimal("0.005")
    if delay <= 0:
        assert found == LateCharges(amount)


@settings(deadline=None)
@given(AMOUNTS, RATES, RATES, DAYS, st.integers(-10, 1000), st.integers(0, 100))
def test_waiting_longer_never_costs_less(
    amount: Decimal, fine: Decimal, interest: Decimal, due: date, delay: int, more: int
) -> None:
    first = charge(due, due + timedelta(days=delay), amount, fine, interest)
    later = charge(due, due + timedelta(days=delay + more), amount, fine, interest)
    assert later.total >= first.total
