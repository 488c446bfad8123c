"""The numbers of the charts: which day, hour and month a row belongs to."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from portal.core.db import db
from portal.dashboard import buckets, figures
from portal.deliveries.models import DeliveryAttempt
from portal.deliveries.states import State
from portal.receivables.models import ReceivableStatus
from tests.factories import NOON, TODAY, create_account, create_message, create_receivable

ZONE = "America/Sao_Paulo"


def values(series):
    return {item.key: item.values for item in series}


def test_an_email_belongs_to_the_day_of_the_portals_timezone(session):
    days = buckets.days(TODAY, 3, ZONE)
    midnight = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    account, title = create_account(), create_receivable()
    for moment, state in (
        (midnight, State.SENT),
        (midnight - timedelta(microseconds=1), State.FAILED),
        (days[0].since, State.QUEUED),
        (days[0].since - timedelta(microseconds=1), State.SENT),
        (days[-1].until, State.SENT),
    ):
        create_message(smtp_account=account, receivable=title, created_at=moment, state=state)
    assert values(figures.emails_by_day(days)) == {
        "sent": (0, 0, 1),
        "failed": (0, 1, 0),
        "queued": (1, 0, 0),
    }


def test_tries_fall_into_their_hour(session):
    message = create_message()
    hours = buckets.hours(NOON + timedelta(minutes=20), 2, ZONE)
    assert [item.label for item in hours] == ["11h", "12h"]
    for number, (moment, outcome) in enumerate(
        (
            (NOON, "accepted"),
            (NOON - timedelta(microseconds=1), "temporary"),
            (NOON - timedelta(hours=1), "accepted"),
            (NOON - timedelta(hours=1, microseconds=1), "accepted"),
        )
    ):
        db.session.add(
            DeliveryAttempt(
                message_id=message.id,
                number=number,
                started_at=moment,
                stage="data",
                outcome=outcome,
            )
        )
    db.session.commit()
    assert values(figures.tries_by_hour(hours)) == {"accepted": (1, 1), "temporary": (1, 0)}


def test_amounts_are_summed_by_the_month_of_the_due_date_and_the_status(session):
    months = buckets.months(date(2026, 12, 31), 1, 1)
    paid = {"status": ReceivableStatus.PAID}
    create_receivable(due_date=date(2026, 12, 1), amount=Decimal("10.10"))
    create_receivable(due_date=date(2026, 12, 31), amount=Decimal("0.20"))
    create_receivable(due_date=date(2026, 12, 31), amount=Decimal("5.00"), **paid)
    create_receivable(due_date=date(2027, 1, 31), amount=Decimal("7.00"), **paid)
    create_receivable(due_date=date(2027, 2, 1), amount=Decimal("9.00"))
    create_receivable(due_date=date(2026, 10, 31), amount=Decimal("9.00"))
    create_receivable(due_date=date(2026, 12, 5), status=ReceivableStatus.CANCELLED)
    assert values(figures.amounts_by_month(months).series) == {
        "paid": (Decimal("0.00"), Decimal("5.00"), Decimal("7.00")),
        "open": (Decimal("0.00"), Decimal("10.30"), Decimal("0.00")),
    }
