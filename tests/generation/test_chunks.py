"""A run in chunks: killed anywhere it goes on, paused it waits, and its numbers stay exact."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import event, func, select, update

from portal.contracts.models import Contract
from portal.core.db import db
from portal.core.errors import Conflict, PortalError
from portal.deliveries.holds import HELD
from portal.deliveries.models import EmailMessage
from portal.deliveries.service import hold_run, release_run
from portal.generation import runner, service
from portal.generation.choosing import choose
from portal.generation.models import Generation, GenerationState
from portal.generation.orders import Order
from portal.receivables.models import Receivable
from portal.wallets.models import Wallet
from tests.factories import (
    NOON,
    TODAY,
    create_client,
    create_contract,
    create_settings,
    create_user,
    create_wallet,
)
from tests.generation.worlds import add_base, assert_whole

DECEMBER = Order(date(2026, 12, 1))
LATER = NOON + 2 * runner.LEASE


class Killed(BaseException):
    """The process died."""


@contextmanager
def dying_after(statements: int) -> Iterator[None]:
    """The process dies at the given statement or commit of the database."""
    left = [statements]

    def count(*_args: object) -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise Killed

    def before_statement(*_args: object) -> None:
        count()

    engine = db.engine
    event.listen(engine, "before_cursor_execute", before_statement)
    event.listen(engine, "commit", count)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", before_statement)
        event.remove(engine, "commit", count)


def request(order: Order = DECEMBER) -> int:
    return service.request(order, today=TODAY, actor=None, now=NOON).id


def number_of_titles() -> int:
    return db.session.scalar(select(func.count()).select_from(Receivable)) or 0


@pytest.fixture(autouse=True)
def no_turns(monkeypatch):
    """Nobody else waits for the database here."""
    monkeypatch.setattr(runner, "TURN", 0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_ten_times_at_random_places_it_ends_complete(session, seed):
    add_base(90)
    generation_id = request()
    chance, now = random.Random(seed), NOON
    for _ in range(10):
        now += 2 * runner.LEASE
        try:
            with dying_after(chance.randint(1, 60)):
                service.run(generation_id, now, chunk=7)
        except Killed:
            session.rollback()
            session.remove()
    generation = service.run(generation_id, now + 2 * runner.LEASE, chunk=7)
    assert generation.state == GenerationState.DONE
    assert_whole(generation)
    again = service.run_now(DECEMBER, today=TODAY, actor=None, now=LATER)
    assert again.receivables == 0


def test_a_kill_leaves_whole_chunks_behind(session):
    add_base(60)
    generation_id = request()
    with pytest.raises(Killed), dying_after(40):
        service.run(generation_id, NOON, chunk=6)
    session.rollback()
    generation = session.get(Generation, generation_id)
    assert generation.state == GenerationState.RUNNING
    assert 0 < generation.contracts < 60
    assert generation.receivables == number_of_titles()
    assert generation.expected == 60


def test_while_the_lease_holds_nobody_else_goes_on(session):
    add_base(30)
    generation_id = request()
    with pytest.raises(Killed), dying_after(40):
        service.run(generation_id, NOON, chunk=6)
    session.rollback()
    done = number_of_titles()
    assert service.run(generation_id, NOON + timedelta(seconds=5), chunk=6).state == (
        GenerationState.RUNNING
    )
    assert number_of_titles() == done
    assert service.run(generation_id, LATER, chunk=6).state == GenerationState.DONE


def test_the_reconciler_finds_a_run_that_a_dead_process_left(session, monkeypatch):
    add_base(30)
    woken = []
    monkeypatch.setattr(service, "start", lambda number: woken.append(number) or True)
    generation_id = request()
    with pytest.raises(Killed), dying_after(40):
        service.run(generation_id, NOON, chunk=6)
    session.rollback()
    assert service.wake_waiting(NOON + timedelta(seconds=40)) == 0
    assert service.wake_waiting(LATER) == 1
    assert woken == [generation_id]


def test_the_command_line_continues_the_same_order_that_was_left(session):
    add_base(30)
    generation_id = request()
    with pytest.raises(Killed), dying_after(40):
        service.run(generation_id, NOON, chunk=6)
    session.rollback()
    generation = service.run_now(DECEMBER, today=TODAY, actor=None, now=LATER)
    assert generation.id == generation_id
    assert_whole(generation)


def test_the_claim_of_a_process_that_is_gone_is_free_at_once(session):
    add_base(30)
    generation_id = request()
    with pytest.raises(Killed), dying_after(40):
        service.run(generation_id, NOON, chunk=6)
    session.rollback()
    of_nobody = f"{2**22 + 1}@{runner._host()}:00000000"  # beyond every process number
    session.execute(update(Generation).values(claim=of_nobody))
    session.commit()
    assert service.run(generation_id, NOON, chunk=6).state == GenerationState.DONE


def test_of_two_processes_that_hold_the_run_only_the_newer_writes(session):
    add_base(30)
    generation_id = request()
    old = runner._claim(generation_id, NOON)
    new = runner._claim(generation_id, LATER)
    assert old
    assert new
    assert runner._step(generation_id, old, LATER, 10) == (False, 0)
    assert number_of_titles() == 0
    assert runner._step(generation_id, new, LATER, 10)[0]


def test_a_client_is_never_split(session):
    create_settings()
    wallet = create_wallet()
    for contracts in (1, 7, 2, 2):
        client = create_client()
        for _ in range(contracts):
            create_contract(client=client, wallet=wallet)
    pieces, after, last = [], 0, False
    while not last:
        rows, last = choose(DECEMBER).piece(after, 3)
        if rows:
            pieces.append([row.client_id for row in rows])
            after = rows[-1].client_id
    assert [len(piece) for piece in pieces] == [1, 7, 2, 2]
    assert all(len(set(piece)) == 1 for piece in pieces)
    run = service.run(request(), NOON, chunk=3)
    assert (run.contracts, run.messages) == (12, 4)


def test_many_installments_make_smaller_chunks_and_the_same_titles(session):
    add_base(120)
    generation = service.run(request(Order(date(2026, 12, 1), installments=3)), NOON, chunk=150)
    assert generation.receivables == 3 * (120 - generation.not_generated["contract_active"])
    assert_whole(generation)


# --- pause, resume, cancel ------------------------------------------------------------------------


def interrupted(generation_id: int, by) -> Generation:
    """Run it, and let `by` happen after its first chunk."""
    claim = runner._claim(generation_id, NOON)
    assert runner._step(generation_id, claim, NOON, 10)[0]
    by(generation_id, None, NOON)
    assert runner._step(generation_id, claim, NOON, 10) == (False, 0)
    return db.session.get(Generation, generation_id)


def test_paused_it_waits_and_resumed_it_goes_on_where_it_stopped(session):
    add_base(40)
    generation = interrupted(request(), service.pause)
    assert (generation.state, generation.contracts) == (GenerationState.PAUSED, 9)
    assert service.wake_waiting(LATER) == 0
    assert service.run(generation.id, LATER, chunk=10).state == GenerationState.PAUSED
    service.resume(generation.id, None, LATER)
    done = service.run(generation.id, LATER, chunk=10)
    assert done.state == GenerationState.DONE
    assert_whole(done)


def test_cancelled_it_generates_no_more_and_keeps_what_there_is(session):
    add_base(40)
    generation = interrupted(request(), service.cancel)
    assert generation.state == GenerationState.CANCELLED
    assert generation.receivables == number_of_titles() > 0
    with pytest.raises(Conflict, match="cancelada: não dá para retomar"):
        service.resume(generation.id, None, NOON)


def test_a_queued_run_can_be_cancelled_before_it_begins(session):
    add_base(10)
    generation_id = request()
    service.cancel(generation_id, None, NOON)
    assert service.run(generation_id, NOON).state == GenerationState.CANCELLED
    assert number_of_titles() == 0


def test_what_ended_is_neither_paused_nor_cancelled(session):
    add_base(10)
    generation = service.run(request(), NOON)
    for move in (service.pause, service.cancel, service.resume):
        with pytest.raises(Conflict, match="está concluída"):
            move(generation.id, None, NOON)


def test_a_run_that_fails_midway_keeps_its_chunks_and_goes_on_once_mended(session):
    add_base(40)
    session.execute(update(Wallet).where(Wallet.name == "A").values(next_nosso_numero=99_999_985))
    session.commit()
    generation_id = request()
    with pytest.raises(PortalError, match="Carteira “A”"):
        service.run(generation_id, NOON, chunk=10)
    generation = session.get(Generation, generation_id)
    assert generation.state == GenerationState.FAILED
    assert generation.receivables == number_of_titles() > 0
    session.execute(
        update(Wallet).where(Wallet.name == "A").values(carteira="110", next_nosso_numero=1)
    )
    session.commit()
    service.resume(generation_id, None, NOON)
    generation = service.run(generation_id, NOON, chunk=10)
    assert (generation.state, generation.error) == (GenerationState.DONE, "")
    assert generation.receivables == number_of_titles()
    assert generation.messages == session.scalar(select(func.count()).select_from(EmailMessage))


def test_a_contract_gets_another_wallet_while_its_month_is_generated(app, session):
    if db.engine.dialect.name == "sqlite":
        pytest.skip("one writer at a time")
    create_settings()
    contract_id, wallet_id = create_contract().id, create_wallet().id
    run = service.request(DECEMBER, today=TODAY, actor=None, now=NOON).id

    def generate():
        with app.app_context():
            return service.run(run, NOON).receivables

    with ThreadPoolExecutor(1) as pool:
        contract = session.get(Contract, contract_id, with_for_update=True, populate_existing=True)
        made = pool.submit(generate)
        assert not wait([made], timeout=0.5).done  # it has the wallets, and waits for the contract
        contract.wallet_id = wallet_id
        session.commit()
    assert made.result() == 1


def test_what_is_made_for_a_run_whose_e_mails_are_held_is_held_too(session, monkeypatch):
    add_base(30)
    run = service.request(DECEMBER, today=TODAY, actor=None, now=NOON).id
    ana, step, first = create_user(name="Ana"), runner._step, []

    def hold_after_the_first(*args):
        done = step(*args)
        if not first:
            first.append(hold_run(run, ana, NOON))
        return done

    monkeypatch.setattr(runner, "_step", hold_after_the_first)
    made = service.run(run, NOON, chunk=3).messages
    held = (EmailMessage.cause == HELD, EmailMessage.reason == "Pausado por Ana.")
    waiting = select(func.count()).where(*held, EmailMessage.next_attempt_at.is_(None))
    assert db.session.scalar(waiting) == made > first[0] > 0
    assert release_run(run, ana, NOON) == made
