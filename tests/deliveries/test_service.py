"""What a person may do with a message, and what belongs to its sender alone."""

import secrets
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import Conflict, NotFound
from portal.deliveries import bulk, claims, service
from portal.deliveries.bulk import RULES, Move
from portal.deliveries.forecast import forecast
from portal.deliveries.forms import LogFilters
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.reconcile import expire_old, reconcile
from portal.deliveries.states import MOVES, PERSONS_MOVES, Kind, State, person_may
from portal.generation.models import Generation, GenerationState
from tests.factories import (
    NOON,
    TODAY,
    create_account,
    create_message,
    create_receivable,
    create_user,
)


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


# --- many messages at once ------------------------------------------------------------------------
def create_generation():
    generation = Generation(
        request_key=secrets.token_hex(16),
        requested_by="Ana",
        created_at=NOON,
        competence=TODAY.replace(month=12, day=1),
        today=TODAY,
        state=GenerationState.DONE,
    )
    db.session.add(generation)
    db.session.commit()
    return generation


def run_of(*states, **values):
    """A run and one message of it for each state."""
    generation = create_generation()
    account = create_account()
    return generation.id, [
        create_message(state=state, generation_id=generation.id, smtp_account=account, **values)
        for state in states
    ]


def states_of(messages):
    for message in messages:
        db.session.refresh(message)
    return [message.state for message in messages]


def test_cancelling_a_run_takes_what_waits_and_leaves_what_is_being_sent(session):
    run, messages = run_of(State.QUEUED, State.QUEUED, State.SENDING, State.SENT, State.FAILED)
    stranger = create_message()
    assert service.cancel_run(run, create_user(name="Ana Souza"), NOON) == 2
    assert states_of([*messages, stranger]) == [
        State.CANCELLED,
        State.CANCELLED,
        State.SENDING,
        State.SENT,
        State.FAILED,
        State.QUEUED,
    ]
    assert (messages[0].reason, messages[0].next_attempt_at) == ("Cancelado por Ana Souza.", None)
    event = session.scalars(select(AuditEvent)).one()
    assert (event.entity, event.entity_id, event.action) == ("generation", run, "deliveries.cancel")
    assert event.summary == f"2 e-mails cancelados. Filtros: geração nº {run}."
    assert event.changes == {"state": ["queued", "cancelled"]}


def test_cancelling_again_changes_and_records_nothing(session):
    run, _ = run_of(State.SENT)
    assert service.cancel_run(run, create_user(), NOON) == 0
    assert session.scalars(select(AuditEvent)).all() == []


@pytest.mark.parametrize("use_case", [service.cancel_run, service.hold_run, service.release_run])
def test_a_run_without_e_mails_is_not_found(session, use_case):
    with pytest.raises(NotFound):
        use_case(999, create_user(), NOON)


def test_a_held_run_stays_in_the_queue_and_no_sender_takes_it(session):
    run, messages = run_of(State.QUEUED, State.QUEUED, State.SENDING)
    account = messages[0].smtp_account_id
    assert service.hold_run(run, create_user(name="Ana Souza"), NOON) == 2
    assert states_of(messages) == [State.QUEUED, State.QUEUED, State.SENDING]
    assert [message.reason for message in messages[:2]] == ["Pausado por Ana Souza."] * 2
    assert service.hold_run(run, create_user(), NOON) == 0
    later = NOON + timedelta(days=2)
    assert claims.claim_next(account, later) is None
    assert forecast(account, 1, NOON).waiting == 0  # what is being sent is among the uses
    reconcile(NOON)
    assert claims.claim_next(account, later) is None
    assert service.release_run(run, create_user(name="Bruno"), later) == 2
    claim = claims.claim_next(account, later)
    assert claim is not None
    assert claim.message_id == messages[0].id
    assert states_of(messages[1:2]) == [State.QUEUED]
    assert (messages[1].reason, messages[1].cause) == ("Retomado por Bruno.", "")


def test_a_message_that_is_being_held_is_passed_over(session):
    if db.engine.dialect.name == "sqlite":
        pytest.skip("one writer at a time")
    account = create_account()
    first, second = (create_message(smtp_account=account).id for _ in range(2))
    with db.engine.connect() as pause:
        pause.execute(
            update(EmailMessage).where(EmailMessage.id == first).values(next_attempt_at=None)
        )
        claim = claims.claim_next(account.id, NOON)  # neither waits nor takes it
        pause.commit()
    assert claim
    assert claim.message_id == second
    assert claims.claim_next(account.id, NOON) is None


def test_what_comes_back_to_a_held_run_is_held_too(session):
    run, (_held, sending) = run_of(State.QUEUED, State.SENDING)
    _other_run, (stranger,) = run_of(State.SENDING)
    service.hold_run(run, create_user(name="Ana Souza"), NOON)
    for message in (sending, stranger):  # their senders die
        message.claim, message.lease_until = "gone", NOON - timedelta(minutes=5)
    session.commit()
    reconcile(NOON)
    assert states_of([sending, stranger]) == [State.QUEUED, State.QUEUED]
    assert (sending.next_attempt_at, sending.reason) == (None, "Pausado por Ana Souza.")
    assert stranger.next_attempt_at == NOON
    assert service.release_run(run, create_user(), NOON) == 2


def test_a_run_released_piece_by_piece_is_not_held_any_more(session):
    run, (mine, _waiting, sending) = run_of(State.QUEUED, State.QUEUED, State.SENDING)
    ana = create_user(name="Ana Souza")
    service.hold_run(run, ana, NOON)
    held = LogFilters(generation_id=run, cause="held")
    assert service.move_many(Move.RELEASE, held, ana, NOON) == 2
    service.move_many(Move.HOLD, LogFilters(ids=(mine.id,)), ana, NOON)
    sending.claim, sending.lease_until = "gone", NOON - timedelta(minutes=5)
    session.commit()
    reconcile(NOON)
    assert (sending.next_attempt_at, sending.cause) != (None, "held")


def test_a_held_run_stays_held_when_what_was_held_is_gone(session):
    run, (waiting, sending) = run_of(State.QUEUED, State.SENDING)
    ana = create_user(name="Ana Souza")
    service.hold_run(run, ana, NOON)
    service.cancel(waiting.id, ana, NOON)
    sending.claim, sending.lease_until = "gone", NOON - timedelta(minutes=5)
    session.commit()
    reconcile(NOON)
    assert (sending.next_attempt_at, sending.cause) == (None, "held")


def test_messages_held_by_themselves_hold_no_other_of_their_run(session):
    run, (mine, waiting, sending) = run_of(State.QUEUED, State.QUEUED, State.SENDING)
    ana = create_user(name="Ana Souza")
    for filters in (
        LogFilters(ids=(mine.id,)),
        LogFilters(generation_id=run, client_id=mine.client_id),
    ):
        service.hold_run(run, ana, NOON)
        service.release_run(run, ana, NOON)
        assert service.move_many(Move.HOLD, filters, ana, NOON) == 1
        sending.state, sending.claim = State.SENDING, "gone"
        sending.lease_until = NOON - timedelta(minutes=5)
        session.commit()
        reconcile(NOON)  # its sender died
        assert states_of([mine, waiting, sending]) == [State.QUEUED] * 3
        assert (mine.next_attempt_at, sending.next_attempt_at) == (None, NOON)


def test_a_held_message_can_be_cancelled(session):
    run, (message,) = run_of(State.QUEUED)
    service.hold_run(run, create_user(), NOON)
    assert service.cancel_run(run, create_user(), NOON) == 1
    assert states_of([message]) == [State.CANCELLED]


def test_cancelling_an_account_leaves_the_others_alone(session):
    account = create_account()
    mine, other = create_message(smtp_account=account), create_message()
    assert service.cancel_account(account.id, create_user(), NOON) == 1
    assert states_of([mine, other]) == [State.CANCELLED, State.QUEUED]


def test_expiring_takes_automatic_messages_whose_boletos_are_all_past_due(session):
    late, today = (
        create_receivable(due_date=TODAY - timedelta(days=1)),
        create_receivable(due_date=TODAY),
    )
    both = create_message(receivable=late)
    both.links.append(MessageReceivable(receivable=today))
    automatic = create_message(receivable=late)
    by_hand = create_message(receivable=late, kind=Kind.MANUAL)
    due = create_message(receivable=today)
    session.commit()
    assert service.expire_pending(LogFilters(), create_user(name="Ana"), NOON) == 1
    assert states_of([automatic, both, by_hand, due]) == [State.EXPIRED] + [State.QUEUED] * 3
    assert automatic.reason == "Expirado por Ana: o boleto venceu antes de sair."


def test_what_a_person_releases_while_the_old_ones_expire_leaves(app, session):
    late = create_receivable(due_date=TODAY - timedelta(days=90))
    old = {"receivable": late, "created_at": NOON - timedelta(days=80), "next_attempt_at": None}
    released, forgotten = (create_message(cause="held", **old) for _ in range(2))
    asked = service.selection(LogFilters(ids=(released.id,)), NOON)

    def expire():
        with app.app_context():
            return expire_old(NOON)

    with ThreadPoolExecutor(1) as pool:
        assert len(bulk.apply(Move.RELEASE, asked, "Ana", NOON)) == 1
        expiring = pool.submit(expire)
        assert not wait([expiring], timeout=0.3).done  # for the transaction of the release
        session.commit()
    assert expiring.result() == 1
    assert states_of([released, forgotten]) == [State.QUEUED, State.EXPIRED]


def test_the_uncertain_are_decided_together_and_the_trail_says_who(session):
    arrived, doubtful = create_account(), create_account()
    first = create_message(state=State.UNCERTAIN, smtp_account=arrived, handed_over=True)
    second = create_message(state=State.UNCERTAIN, smtp_account=doubtful, handed_over=True)
    ana = create_user(name="Ana")
    filters = LogFilters(account_id=arrived.id)
    assert service.move_many(Move.DELIVERED, filters, ana, NOON) == 1
    filters = LogFilters(account_id=doubtful.id)
    assert service.move_many(Move.RESEND_UNCERTAIN, filters, ana, NOON) == 1
    assert states_of([first, second]) == [State.SENT, State.QUEUED]
    assert (first.cause, second.handed_over, second.attempts) == ("confirmed", False, 0)
    events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [event.action for event in events] == ["deliveries.mark_delivered", "deliveries.resend"]
    assert {event.actor_name for event in events} == {"Ana"}


def test_never_more_than_the_person_confirmed(session):
    messages = [create_message() for _ in range(3)]
    with pytest.raises(Conflict, match="Você confirmou 2, e agora são 3"):
        service.move_many(Move.CANCEL, LogFilters(), create_user(), NOON, at_most=2)
    assert states_of(messages) == [State.QUEUED] * 3
    newest = messages[1].id
    count = service.move_many(
        Move.CANCEL, LogFilters(), create_user(), NOON, at_most=2, newest=newest
    )
    assert (count, states_of(messages)) == (2, [State.CANCELLED, State.CANCELLED, State.QUEUED])


@pytest.mark.parametrize("move", list(Move))
def test_a_move_of_many_is_one_that_a_person_may_make(session, move):
    rule = RULES[move]
    assert person_may(rule.before, rule.after) or rule.before == rule.after or move == Move.EXPIRE
    wanted = create_message(
        state=rule.before,
        cause="held" if move == Move.RELEASE else "",
        receivable=create_receivable(due_date=TODAY - timedelta(days=1)),
    )
    test = create_message(state=rule.before, kind=Kind.TEST)
    others = [create_message(state=state) for state in State if state != rule.before]
    assert service.move_many(move, LogFilters(), create_user(), NOON) == 1
    assert states_of([wanted, test]) == [rule.after, rule.before]
    assert states_of(others) == [state for state in State if state != rule.before]
