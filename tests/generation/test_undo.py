"""Undoing a run, and its titles that go by paper."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, text, update

from portal.contracts.models import Contract
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import Conflict, NotFound
from portal.deliveries import facts, tries
from portal.deliveries.explain import explain_contract, next_competence
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.service import hold_run, resend
from portal.deliveries.states import Kind, State
from portal.generation import queries, service, undoing
from portal.generation.models import Generation, GenerationState
from portal.generation.orders import Order
from portal.generation.planning import make_plan
from portal.receivables import service as receivables
from portal.receivables.models import Receivable, ReceivableStatus
from portal.settings.models import DeliveryType, FinancialSettings
from portal.wallets.models import Wallet
from tests.factories import (
    NOON,
    TODAY,
    create_client,
    create_contract,
    create_message,
    create_settings,
    create_user,
    create_wallet,
)
from tests.generation.worlds import add_base, assert_whole

DECEMBER = Order(date(2026, 12, 1))
LATER = NOON + timedelta(hours=1)


def generate() -> Generation:
    return service.run_now(DECEMBER, today=TODAY, actor=None, now=NOON)


@pytest.fixture
def run(session) -> int:
    create_settings()
    wallet = create_wallet(name="W")
    create_contract(wallet=wallet)
    create_contract(wallet=wallet)
    create_contract(wallet=wallet, delivery_type=DeliveryType.PRINTED)
    return generate().id


def test_undone_its_titles_and_e_mails_are_cancelled_and_it_is_audited(run, session):
    following = session.scalars(select(Wallet.next_nosso_numero)).one()
    actor = create_user(name="Ana")
    assert service.undo(run, actor, LATER).state == GenerationState.UNDONE
    titles = session.scalars(select(Receivable)).all()
    assert {title.status for title in titles} == {ReceivableStatus.CANCELLED}
    assert {title.cancelled_at for title in titles} == {LATER}
    messages = session.scalars(select(EmailMessage)).all()
    assert {message.state for message in messages} == {State.CANCELLED}
    assert messages[0].reason == f"geração nº {run} desfeita por Ana"
    assert session.scalars(select(Wallet.next_nosso_numero)).one() == following
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "generation.undo")).one()
    assert event.summary == f"Geração nº {run} desfeita, com cancelamento de 3 títulos e 2 e-mails"
    assert event.actor_name == "Ana"


def test_an_undone_month_is_generated_again_with_new_titles_numbers_and_e_mails(run, session):
    first = session.scalars(select(Receivable).order_by(Receivable.id)).all()
    service.undo(run, None, LATER)
    assert make_plan(DECEMBER, TODAY, LATER).to_dict()["receivables"] == 3
    again = generate()
    assert (again.receivables, again.messages, again.not_generated) == (3, 2, {})
    query = select(Receivable).where(Receivable.generation_id == again.id)
    second = session.scalars(query.order_by(Receivable.id)).all()
    assert [title.contract_id for title in second] == [title.contract_id for title in first]
    assert {title.status for title in second} == {ReceivableStatus.OPEN}
    assert min(title.sequence for title in second) > max(title.sequence for title in first)
    assert len({title.nosso_numero for title in (*first, *second)}) == 6
    messages = session.scalars(select(EmailMessage).order_by(EmailMessage.id)).all()
    assert [message.state for message in messages] == [State.CANCELLED] * 2 + [State.QUEUED] * 2
    assert len({message.message_id for message in messages}) == 4
    carried = session.scalars(
        select(MessageReceivable.receivable_id).where(
            MessageReceivable.message_id.in_([message.id for message in messages[2:]])
        )
    )
    assert set(carried) <= {title.id for title in second}
    assert generate().not_generated == {"not_generated_yet": 3}  # the second one stands


def test_a_title_cancelled_by_itself_is_not_charged_again(run, session):
    one = session.scalars(select(Receivable).order_by(Receivable.id)).first()
    receivables.cancel(one.id, None, LATER)
    assert generate().not_generated == {"not_generated_yet": 3}
    with pytest.raises(Conflict, match="já pagos ou cancelados: 1"):
        service.undo(run, None, LATER)


def test_a_month_undone_twice_is_generated_a_third_time(run, session):
    service.undo(run, None, LATER)
    second = generate().id
    service.undo(second, None, LATER)
    assert generate().receivables == 3
    months = session.scalars(select(Receivable.undone_at)).all()
    assert (len(months), months.count(None)) == (9, 3)


def test_an_undone_title_counts_neither_as_open_nor_as_the_months(run, session):
    session.get_one(FinancialSettings, 1).max_open_receivables = 1
    session.commit()
    contract = session.scalars(select(Contract).order_by(Contract.id)).first()
    month, now = DECEMBER.competence, LATER
    assert facts.explain(contract.id, month, now).not_generated_code == "not_generated_yet"
    assert next_competence(contract.id, now) == date(2027, 1, 1)
    service.undo(run, None, LATER)
    assert facts.explain(contract.id, month, now).not_generated_code == ""
    assert next_competence(contract.id, now) == month
    told = explain_contract(contract.code, None, now)
    assert (told["competence"], told["last_generated"]["undone_at"]) == (
        "2026-12",
        LATER.isoformat(),
    )


def test_an_undone_run_in_pieces_leaves_every_piece_of_the_month_free(session):
    add_base(60)
    first = service.request(DECEMBER, today=TODAY, actor=None, now=NOON)
    titles = service.run(first.id, NOON, chunk=7).receivables
    service.undo(first.id, None, LATER)
    second = service.request(DECEMBER, today=TODAY, actor=None, now=NOON)
    found = service.run(second.id, NOON, chunk=11)
    assert found.receivables == titles
    assert_whole(found)


@pytest.mark.parametrize("state", [State.FAILED, State.EXPIRED, State.SKIPPED, State.CANCELLED])
def test_e_mails_that_ended_unsent_do_not_stand_in_the_way(run, session, state):
    session.execute(update(EmailMessage).values(state=state))
    session.commit()
    assert service.undo(run, None, LATER).state == GenerationState.UNDONE


@pytest.mark.parametrize("state", [State.SENDING, State.SENT, State.UNCERTAIN, State.BOUNCED])
def test_one_e_mail_that_left_or_may_have_forbids_it_and_nothing_changes(run, session, state):
    first = session.scalars(select(EmailMessage).order_by(EmailMessage.id)).first()
    first.state = state
    session.commit()
    with pytest.raises(Conflict, match=r"podem ter chegado: 1\. Nada mudou"):
        service.undo(run, None, LATER)
    assert session.get(Generation, run).state == GenerationState.DONE
    assert {row.status for row in session.scalars(select(Receivable))} == {ReceivableStatus.OPEN}
    states = sorted(session.scalars(select(EmailMessage.state)))
    assert states == sorted([state, State.QUEUED])


@pytest.mark.parametrize("outcome", ["uncertain", "accepted"])
def test_one_that_may_have_arrived_and_was_sent_again_forbids_it(run, session, outcome):
    first = session.scalars(select(EmailMessage).order_by(EmailMessage.id)).first()
    first.state = State.UNCERTAIN if outcome == "uncertain" else State.BOUNCED
    tries.note(first.id, 1, NOON, outcome, "data")
    session.commit()
    resend(first.id, create_user(), NOON)
    with pytest.raises(Conflict, match=r"podem ter chegado: 1\. Nada mudou"):
        service.undo(run, None, LATER)


def test_nobody_settles_or_prints_a_title_while_its_run_is_undone(run, app, session, monkeypatch):
    cancel, others = undoing.cancel_messages, []
    paid = session.scalars(select(Receivable.id).order_by(Receivable.id)).first()

    def while_undoing(*args):
        def act(use_case, number):
            with app.app_context():
                try:
                    return use_case(number, None, LATER)
                except Conflict as error:
                    return str(error)

        count = cancel(*args)
        others.append(pool.submit(act, receivables.settle, paid))
        others.append(pool.submit(act, service.mark_printed, run))
        assert not wait(others, timeout=0.3).done  # they wait for the transaction of the undoing
        return count

    monkeypatch.setattr(undoing, "cancel_messages", while_undoing)
    with ThreadPoolExecutor(2) as pool:
        service.undo(run, None, LATER)
    settled, printed = (other.result() for other in others)
    assert ("já está cancelado. Nada mudou" in settled, printed) == (True, 0)


def test_a_title_sent_by_hand_forbids_it_too(run, session):
    title = session.scalars(select(Receivable).order_by(Receivable.id)).first()
    create_message(receivable=title, kind=Kind.MANUAL, state=State.SENT)
    with pytest.raises(Conflict, match="já enviados"):
        service.undo(run, None, LATER)


def test_a_paid_title_or_a_printed_one_forbids_it(run, session):
    title = session.scalars(select(Receivable).order_by(Receivable.id)).first()
    title.status = ReceivableStatus.PAID
    session.commit()
    with pytest.raises(Conflict, match="já pagos ou cancelados: 1"):
        service.undo(run, None, LATER)
    title.status, title.printed_at = ReceivableStatus.OPEN, NOON
    session.commit()
    with pytest.raises(Conflict, match="já impressos: 1"):
        service.undo(run, None, LATER)


def test_it_is_undone_once_and_only_when_it_ended(run, session):
    service.undo(run, None, LATER)
    with pytest.raises(Conflict, match="está desfeita: não dá para desfazer"):
        service.undo(run, None, LATER)
    with pytest.raises(NotFound):
        service.undo(99, None, LATER)
    waiting = service.request(DECEMBER, today=TODAY, actor=None, now=NOON)
    with pytest.raises(Conflict, match="está na fila"):
        service.undo(waiting.id, None, LATER)


def test_undoing_and_holding_the_same_run_wait_for_each_other(run, app, session):
    if db.engine.dialect.name == "sqlite":
        pytest.skip("one writer at a time")
    title = session.scalars(select(Receivable).order_by(Receivable.id)).first()
    create_message(receivable=title, kind=Kind.MANUAL, generation_id=run)
    last, middle, first = session.scalars(select(EmailMessage.id).order_by(EmailMessage.id.desc()))
    for message_id in (last, middle, first):  # the table's own order is now the other one
        session.execute(update(EmailMessage).where(EmailMessage.id == message_id).values(reason=""))
        session.commit()
    session.execute(text("ANALYZE email_messages"))
    ana = SimpleNamespace(id=create_user().id, name="Ana")  # rows belong to one thread's session

    def act(use_case):
        with app.app_context():
            use_case(run, ana, LATER)

    with ThreadPoolExecutor(2) as pool:
        session.get(EmailMessage, middle, with_for_update=True)
        acts = []
        for use_case in (hold_run, service.undo):
            acts.append(pool.submit(act, use_case))
            assert not wait(acts, timeout=0.3).done
        session.rollback()
    assert [done.exception() for done in acts] == [None, None]


def test_other_runs_are_left_alone(run, session):
    create_contract()
    other = generate()
    service.undo(run, None, LATER)
    kept = session.scalars(select(Receivable).where(Receivable.generation_id == other.id)).one()
    assert kept.status == ReceivableStatus.OPEN
    link = session.scalars(
        select(MessageReceivable).where(MessageReceivable.receivable_id == kept.id)
    ).one()
    assert link.message.state == State.QUEUED


# --- by paper -------------------------------------------------------------------------------------


@pytest.fixture
def paper(session) -> int:
    create_settings()
    wallet = create_wallet()
    for code in ("30000000", "10000000", "20000000"):
        client = create_client(postal_code=code)
        create_contract(
            code=f"p{code[0]}", client=client, wallet=wallet, delivery_type=DeliveryType.PRINTED
        )
    bare = create_wallet(bank_code="", kind="gateway")
    create_contract(wallet=bare, delivery_type=DeliveryType.PRINTED)
    create_contract(wallet=wallet)
    return generate().id


def test_what_goes_by_paper_stands_in_the_order_of_cep(paper, session, monkeypatch):
    found = queries.paper(paper)
    assert (found.boletos, found.marked, found.without, found.parts) == (3, 0, 1, 1)
    ids = queries.paper_ids(paper, 1)
    codes = [session.get(Receivable, number).contract.code for number in ids]
    assert codes == ["p1", "p2", "p3"]
    moved = session.get(Receivable, ids[0]).client
    moved.postal_code = "99000000"  # the envelope still carries what was printed
    session.commit()
    assert queries.paper_ids(paper, 1) == ids
    monkeypatch.setattr(queries, "PART", 2)
    assert queries.paper(paper).parts == 2
    assert queries.paper_ids(paper, 1) + queries.paper_ids(paper, 2) == ids
    with pytest.raises(NotFound):
        queries.paper_ids(paper, 3)


def test_marking_as_printed_says_when_and_once(paper, session):
    assert service.mark_printed(paper, None, NOON) == 3
    assert service.mark_printed(paper, None, LATER) == 0
    found = queries.paper(paper)
    assert (found.marked, found.last_marked) == (3, NOON)
    e_mailed = session.scalars(
        select(Receivable).where(Receivable.delivery_type == DeliveryType.EMAIL)
    ).one()
    assert e_mailed.printed_at is None
    assert db.session.query(AuditEvent).filter_by(action="receivables.print").count() == 2
