"""Settling and cancelling titles."""

from typing import Any

import pytest
from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.errors import Conflict, NotFound
from portal.receivables import service
from portal.receivables.models import ReceivableStatus
from tests.factories import NOON, create_receivable, create_user


def test_a_settled_title_is_paid_since_then_and_audited(session: Any) -> None:
    actor = create_user(name="Bruno Lima")
    title = service.settle(create_receivable().id, actor, NOON)
    assert (title.status, title.settled_at) == (ReceivableStatus.PAID, NOON)
    event = session.scalars(select(AuditEvent)).one()
    assert (event.action, event.actor_name) == ("receivables.settle", "Bruno Lima")
    assert event.changes == {"status": ["open", "paid"]}


def test_a_cancelled_title_is_cancelled_since_then_and_audited(session: Any) -> None:
    title = service.cancel(create_receivable().id, create_user(), NOON)
    assert (title.status, title.cancelled_at) == (ReceivableStatus.CANCELLED, NOON)
    assert session.scalars(select(AuditEvent.action)).one() == "receivables.cancel"


@pytest.mark.parametrize("use_case", [service.settle, service.cancel])
@pytest.mark.parametrize(
    ("status", "word"), [(ReceivableStatus.PAID, "pago"), (ReceivableStatus.CANCELLED, "cancelado")]
)
def test_only_an_open_title_can_be_ended(
    session: Any, use_case: Any, status: ReceivableStatus, word: str
) -> None:
    title = create_receivable(status=status)
    with pytest.raises(Conflict, match=f"já está {word}"):
        use_case(title.id, create_user(), NOON)
    session.rollback()
    assert session.scalars(select(AuditEvent)).all() == []
    assert title.status == status


def test_a_title_that_does_not_exist_is_said_so(session: Any) -> None:
    with pytest.raises(NotFound):
        service.settle(99, create_user(), NOON)
