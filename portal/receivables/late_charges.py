"""What an overdue title costs on a day: fine and interest, by the law and the wallet's rates."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from portal.contracts.business_days import Closed, next_business_day
from portal.core.money import CENT

MOST_FINE = Decimal(2)  # percent: Código de Defesa do Consumidor, art. 52, § 1º
DAYS_A_MONTH = 30  # commercial month: interest a day = interest a month / 30


@dataclass(frozen=True, slots=True)
class LateCharges:
    """A title on one day. Amounts in reais; `days` of delay, 0 while nothing is charged."""

    amount: Decimal
    fine: Decimal = Decimal("0.00")
    interest: Decimal = Decimal("0.00")
    days: int = 0

    @property
    def total(self) -> Decimal:
        """The updated amount."""
        return self.amount + self.fine + self.interest


def late_charges(
    amount: Decimal,
    due_date: date,
    on: date,
    *,
    fine_percent: Decimal,
    interest_percent_month: Decimal,
    closed: Closed,
) -> LateCharges:
    """What the title costs when it is paid `on` that day.

    A due date without banks is prolonged to the next business day (Código Civil, art. 132, § 1º):
    until then nothing is added. Afterwards the fine is charged once, never above 2 % (CDC, art.
    52, § 1º), and simple interest for each day from the day after that date, 1/30 of the monthly
    rate a day. Both are of `amount`, half a cent up. `closed` says which days are holidays.
    """
    last_day = next_business_day(due_date, closed)
    days = (on - last_day).days
    if days <= 0:
        return LateCharges(amount)
    fine = amount * min(fine_percent, MOST_FINE) / 100
    interest = amount * interest_percent_month * days / (100 * DAYS_A_MONTH)
    return LateCharges(amount, _cents(fine), _cents(interest), days)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
