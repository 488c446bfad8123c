"""What a person may do with a message, and what belongs to its sender alone."""

import pytest
from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.errors import Conflict, NotFound
from portal.deliveries import service
from portal.deliveries.states import MOVES, PERSONS_MOVES, Kind, State, person_may
from tests.factories import NOON, create_account, create_message, create_user


def test_a_persons_moves_are_among_the_moves_of_a_message():
    for before, after in PERSONS_MOVES.items():
        assert after <= MOVES[before]


@pytest.mark.parametrize("state", [State.SENDING, State.SENT, State.SKIPPED, State.CANCELLED])
def test_what_is_being_sent_or_has_ended_cannot_be_sent_again(session, state):
    message = create_message(state=state)
    with pytest.raises(Conflict):
        service.resend(message.id, create_user(), NOON)
    assert session.get(type(message), message.id).state == state
    assert not person_may(state, State.QUEUED)


def test_a_failed_message_goes_back_to_the_queue_and_the_trail_says_who(session):
    message = create_message(state=State.FAILED, attempts=8, cause="mailbox_full")
    ana = create_user(name="Ana Souza")
    service.resend(message.id, ana, NOON)
    assert (message.state, message.attempts, message.cause) == (State.QUEUED, 0, "")
    event = session.scalars(select(AuditEvent)).one()
    assert (event.actor_name, event.changes) == ("Ana Souza", {"state": ["failed", "queued"]})


def test_only_a_queued_message_can_be_cancelled(session):
    waiting, sending = create_message(), create_message(state=State.SENDING)
    service.cancel(waiting.id, create_user(), NOON)
    assert waiting.state == State.CANCELLED
    with pytest.raises(Conflict):
        service.cancel(sending.id, create_user(), NOON)


def test_an_uncertain_message_can_be_confirmed_by_a_person(session):
    message = create_message(state=State.UNCERTAIN)
    service.mark_delivered(message.id, create_user(name="Ana"), NOON)
    assert message.state == State.SENT
    assert "Ana" in message.reason


def test_resending_a_cause_leaves_tests_and_other_causes_alone(session):
    account = create_account()
    wanted = create_message(state=State.FAILED, cause="mailbox_full", smtp_account=account)
    test = create_message(state=State.FAILED, cause="mailbox_full", kind=Kind.TEST)
    other = create_message(state=State.FAILED, cause="mailbox_not_found")
    assert service.resend_cause("mailbox_full", create_user(), NOON) == 1
    assert [item.state for item in (wanted, test, other)] == [
        State.QUEUED,
        State.FAILED,
        State.FAILED,
    ]


def test_a_message_that_does_not_exist_is_not_found(session):
    with pytest.raises(NotFound):
        service.cancel(999, create_user(), NOON)
