"""Segunda via: what open titles cost today. The boleto itself stays as it was printed."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

from sqlalchemy import select

from portal.contracts.bank_holidays import is_bank_holiday
from portal.contracts.business_days import Closed
from portal.core.db import db
from portal.receivables.late_charges import LateCharges, late_charges
from portal.receivables.models import Receivable, ReceivableStatus
from portal.settings.models import Holiday


class Charged(Protocol):
    """A title: what it is worth, when it falls due, and what it costs after that, in percent."""

    @property
    def amount(self) -> Decimal: ...
    @property
    def due_date(self) -> date: ...
    @property
    def fine_percent(self) -> Decimal: ...
    @property
    def interest_percent_month(self) -> Decimal: ...


def closed_days() -> Closed:
    """Whether banks are closed on a day, weekends apart; municipal holidays are read once."""
    own = frozenset(db.session.scalars(select(Holiday.day)))
    return lambda day: day in own or is_bank_holiday(day)


def charges(title: Charged, today: date, closed: Closed) -> LateCharges:
    """What a title costs `today` by the rates that its boleto says."""
    return late_charges(
        title.amount,
        title.due_date,
        today,
        fine_percent=title.fine_percent,
        interest_percent_month=title.interest_percent_month,
        closed=closed,
    )


def overdue(titles: Sequence[Receivable], today: date) -> dict[int, LateCharges]:
    """The charges of the open titles that are past due, by their number; the others left out."""
    late = [
        title
        for title in titles
        if title.status == ReceivableStatus.OPEN and title.due_date < today
    ]
    if not late:
        return {}
    closed = closed_days()
    found = {title.id: charges(title, today, closed) for title in late}
    return {key: found_charges for key, found_charges in found.items() if found_charges.days}
