"""When a contract's titles fall due, and how much the first one charges: pure calendar."""

from calendar import monthrange
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from portal.core.errors import InvalidValue
from portal.core.money import CENT

MAX_INSTALLMENTS = 24
FIRST_YEAR, LAST_YEAR = 2000, 2100


def competences(first: date, installments: int) -> list[date]:
    """The months to bill: the first day of `first`'s month and of those that follow it.

    `installments` is how many (1 to 24). Raises InvalidValue for another number, and for a
    month outside the years 2000 to 2100.
    """
    if not 1 <= installments <= MAX_INSTALLMENTS:
        raise InvalidValue("installments", f"Escolha de 1 a {MAX_INSTALLMENTS} parcelas.")
    start = first.year * 12 + first.month - 1
    months = [divmod(start + offset, 12) for offset in range(installments)]
    for year, _ in (months[0], months[-1]):
        _check_year(year)
    return [date(year, month + 1, 1) for year, month in months]


def due_date(competence: date, due_day: int) -> date:
    """The due date, in the competence's own month.

    A due day that the month does not have (29 to 31 in short months) becomes its last day:
    day 31 falls due on 30/04, on 28/02, and on 29/02 in leap years; the following month goes
    back to the contract's own day. Raises InvalidValue for a day outside 1 to 31 and for a
    year outside 2000 to 2100.
    """
    if not 1 <= due_day <= 31:
        raise InvalidValue("due_day", "O dia de vencimento vai de 1 a 31.")
    _check_year(competence.year)
    return competence.replace(day=min(due_day, last_day(competence).day))


def last_day(competence: date) -> date:
    """The last day of the competence's month."""
    return competence.replace(day=monthrange(competence.year, competence.month)[1])


def starts_after(competence: date, activated_on: date) -> bool:
    """Whether the contract was not active on any day of the competence."""
    return activated_on > last_day(competence)


def first_month_amount(amount: Decimal, competence: date, activated_on: date) -> Decimal:
    """What the competence charges pro rata, R$: the day of activation is the first that counts.

    `amount` × days from the activation to the end of the month ÷ days of the month, half a cent
    up, and never less than a cent. Months other than that of the activation charge all of it.
    """
    if (activated_on.year, activated_on.month) != (competence.year, competence.month):
        return amount
    days = last_day(competence).day
    served = days - activated_on.day + 1
    return max(CENT, (amount * served / days).quantize(CENT, ROUND_HALF_UP))


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InvalidValue(
            "competence", f"A competência deve estar entre {FIRST_YEAR} e {LAST_YEAR}."
        )
