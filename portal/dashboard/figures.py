"""The numbers of the charts: e-mails by day, tries by hour, amounts by month.

Each number is a range of one index, so that it costs the rows of its own period and no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, String, column, func, select, true, values

from portal.core.db import UtcDateTime, db
from portal.core.money import CENT
from portal.dashboard.buckets import Bucket, Month
from portal.dashboard.labels import TRIES
from portal.deliveries.labels import STATES
from portal.deliveries.models import DeliveryAttempt, EmailMessage
from portal.deliveries.states import State
from portal.receivables.labels import STATUSES
from portal.receivables.models import Receivable, ReceivableStatus
from portal.web.charts import Series
from portal.web.labels import Label

# Best first, from the ground up; the waiting ones on top.
STACK = (
    State.SENT,
    State.BOUNCED,
    State.FAILED,
    State.UNCERTAIN,
    State.EXPIRED,
    State.CANCELLED,
    State.SKIPPED,
    State.SENDING,
    State.QUEUED,
)
ALWAYS = frozenset({State.SENT, State.FAILED})  # their columns stand there with zeros, too
MONEY = (ReceivableStatus.PAID, ReceivableStatus.OPEN)


@dataclass(frozen=True, slots=True)
class MonthSums:
    """Amounts in reais of the titles that fall due in each month, by status."""

    months: Sequence[Month]
    series: Sequence[Series]


def emails_by_day(days: Sequence[Bucket]) -> list[Series]:
    """E-mails by the day on which they were asked for and by the state in which they are now.

    The same as the log shows with that day and that state as its filters. States that do not
    occur are left out.
    """
    labels = {state.value: STATES[state] for state in STACK}
    found = _counts(EmailMessage.created_at, EmailMessage.state, days, labels)
    return [item for item in found if item.key in ALWAYS or item.total]


def tries_by_hour(hours: Sequence[Bucket]) -> list[Series]:
    """Tries by the hour in which they began and by what came of them."""
    found = _counts(DeliveryAttempt.started_at, DeliveryAttempt.outcome, hours, TRIES)
    return [item for item in found if item.key == "accepted" or item.total]


def amounts_by_month(months: Sequence[Month]) -> MonthSums:
    """What was settled and what is open of the titles that fall due in each month."""
    rows = db.session.execute(
        select(Receivable.due_date, Receivable.status, func.sum(Receivable.amount))
        .where(
            Receivable.due_date >= months[0].first,
            Receivable.due_date <= months[-1].last,
            Receivable.status.in_(MONEY),
        )
        .group_by(Receivable.status, Receivable.due_date)
    )
    sums: dict[tuple[ReceivableStatus, date], Decimal] = {}
    for day, status, amount in rows:
        key = (status, day.replace(day=1))
        sums[key] = sums.get(key, Decimal(0)) + Decimal(amount).quantize(CENT)
    return MonthSums(
        months,
        [
            Series(
                status.value,
                STATUSES[status],
                tuple(sums.get((status, month.first), Decimal(0)) for month in months),
            )
            for status in MONEY
        ],
    )


def _counts(
    moment: Any, kind: Any, buckets: Sequence[Bucket], labels: Mapping[str, Label]
) -> list[Series]:
    """Rows by bucket of `moment` and value of `kind`; one statement, one index range each."""
    spans = (
        values(
            column("number", Integer),
            column("since", UtcDateTime),
            column("until", UtcDateTime),
        )
        .data([(number, item.since, item.until) for number, item in enumerate(buckets)])
        .cte("spans")
    )
    kinds = values(column("name", String)).data([(name,) for name in labels]).cte("kinds")
    rows = (
        select(func.count())
        .where(kind == kinds.c.name, moment >= spans.c.since, moment < spans.c.until)
        .correlate(spans, kinds)
        .scalar_subquery()
    )
    found = {
        (name, number): count
        for name, number, count in db.session.execute(
            select(kinds.c.name, spans.c.number, rows).select_from(kinds.join(spans, true()))
        )
    }
    numbers = range(len(buckets))
    return [
        Series(name, label, tuple(found[name, number] for number in numbers))
        for name, label in labels.items()
    ]
