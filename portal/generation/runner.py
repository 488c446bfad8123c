"""Carrying out a run: chunk by chunk, each one transaction; whoever comes next goes on.

A process claims the run for a while and renews the claim with each chunk. Killed, it leaves whole
chunks behind, and another process goes on after the last client that was done. Two processes that
both believe to hold the run do no harm: each chunk begins by locking the run's row and reading
whose it is.
"""

import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, or_, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from portal.core import audit
from portal.core.db import db
from portal.core.errors import NotFound, PortalError
from portal.core.queue import finish_requests, wake
from portal.deliveries import outbox
from portal.deliveries.facts import load_context
from portal.generation.choosing import choose, settle
from portal.generation.models import Generation, GenerationState
from portal.generation.orders import Order
from portal.generation.planning import Planner
from portal.generation.slip_maker import SlipMaker
from portal.generation.writing import write
from portal.users.models import User
from portal.wallets.models import Wallet
from portal.web.formatters import many

JOB = "jobs.generation.run"
CHUNK = 2000  # contracts of one transaction; fewer when each makes many titles
SMALLEST = 50
LEASE = timedelta(minutes=2)  # far longer than a chunk takes
UNTAKEN = timedelta(seconds=30)  # a queued run that nobody took for so long is anybody's
SHIFT = 900  # seconds after which a fresh job goes on, long before the queue's own limit
# SQLite has one writer, and those who wait for it look every 100 ms: now and then, between two
# chunks, all of them have a turn.
TURN, TURN_EVERY = 0.11, 5.0  # seconds
CLASHES = 5  # tries of one chunk that meets titles of another run

Elapsing = Callable[[], datetime]


def run(generation_id: int, now: datetime, *, chunk: int = CHUNK) -> Generation:
    """Carry out a run, or what is left of it; a run that ended, or that another holds, is left
    as it is.

    `chunk` is how many contracts go in one transaction. Raises NotFound, and PortalError when it
    cannot go on: the run then says why, and what it made before stays.
    """
    moment = _elapsing(now)
    claim = _claim(generation_id, moment())
    try:
        if claim:
            _carry_out(generation_id, claim, moment, chunk)
    except OperationalError:
        raise  # the database was away or busy: another process goes on after the lease
    except PortalError as error:
        db.session.rollback()
        _fail(generation_id, claim, str(error), moment())
        raise
    except Exception as error:
        db.session.rollback()
        _fail(generation_id, claim, f"Erro interno ({type(error).__name__}).", moment())
        raise
    generation = db.session.get(Generation, generation_id, populate_existing=True)
    if generation is None:
        raise NotFound(f"Geração {generation_id} não existe.")
    return generation


def _carry_out(generation_id: int, claim: str, moment: Elapsing, chunk: int) -> None:
    begun = turn = time.monotonic()
    more, told = True, False
    with finish_requests() as asked_to_end:
        while more:
            more, messages = _chunk_or_again(generation_id, claim, moment, chunk)
            if messages and not (told and more):
                outbox.wake_accounts()  # the first e-mails leave while the rest is generated
                told = True
            if more and (asked_to_end() or time.monotonic() > begun + SHIFT):
                _release(generation_id, claim)
                wake(JOB, generation_id)
                return
            if more and time.monotonic() > turn + TURN_EVERY:
                time.sleep(TURN if db.engine.dialect.name == "sqlite" else 0)
                turn = time.monotonic()


def _chunk_or_again(
    generation_id: int, claim: str, moment: Elapsing, chunk: int
) -> tuple[bool, int]:
    """One chunk; again when it met titles that another run wrote between our look and our write
    (PostgreSQL): seen again, they exist and are left out."""
    for _ in range(CLASHES - 1):
        try:
            return _step(generation_id, claim, moment(), chunk)
        except IntegrityError:
            db.session.rollback()
    return _step(generation_id, claim, moment(), chunk)


def _step(generation_id: int, claim: str, now: datetime, chunk: int) -> tuple[bool, int]:
    """One chunk, committed. Whether more may follow, and how many e-mails the run has so far."""
    generation = db.session.get(
        Generation, generation_id, with_for_update=True, populate_existing=True
    )
    if generation is None or generation.claim != claim:  # paused, cancelled, or taken over
        db.session.rollback()
        return False, 0
    # Locking every wallet in one order lets only one chunk at a time take numbers (PostgreSQL).
    # Not against references: who gives a contract another wallet would wait for us, we for them.
    wallets = select(Wallet.id).order_by(Wallet.id)
    db.session.execute(wallets.with_for_update(key_share=True))
    order = settle(order_of(generation))
    choice = choose(order)
    if not generation.expected:
        generation.expected = choice.count()
    size = max(min(chunk, SMALLEST), chunk // order.installments)
    rows, last = choice.piece(generation.position, size)
    context = load_context(now)
    planner = Planner(order, generation.today, context)
    planner.add(rows)
    write(planner.plan, SlipMaker(order, generation.today, context), generation, now)
    if rows:
        generation.position = rows[-1].client_id
    generation.lease_until = now + LEASE
    if last:
        _finish(generation, now)
    messages = generation.messages
    db.session.commit()
    return not last, messages


def _finish(generation: Generation, now: datetime) -> None:
    generation.state = GenerationState.DONE
    generation.finished_at = now
    generation.claim = generation.lease_until = None
    by = generation.requested_by_id
    audit.record(
        db.session.get(User, by) if by else None,
        "generation.run",
        "generation",
        generation.id,
        now,
        summary=f"{many(generation.receivables, 'título', 'títulos')} de"
        f" {generation.competence:%m/%Y}, {many(generation.messages, 'e-mail', 'e-mails')}",
    )


def order_of(generation: Generation) -> Order:
    """The order that a run keeps."""
    return Order.from_dict(generation.competence, generation.installments, generation.parameters)


# --- whose run it is ------------------------------------------------------------------------------


def waiting(now: datetime) -> Sequence[int]:
    """Runs that no process carries out: queued for long, or left by one that died."""
    untaken = and_(
        Generation.state == GenerationState.QUEUED, Generation.created_at < now - UNTAKEN
    )
    return db.session.scalars(
        select(Generation.id).where(or_(untaken, _is_left(now))).order_by(Generation.id)
    ).all()


def abandoned(now: datetime, order: Order, today: date) -> int | None:
    """The oldest run of the very same order that is anybody's to continue."""
    asked = order.to_dict()
    found = db.session.scalars(
        select(Generation)
        .where(
            Generation.competence == order.competence,
            Generation.installments == order.installments,
            Generation.state.in_((GenerationState.QUEUED, GenerationState.RUNNING)),
        )
        .order_by(Generation.id)
    ).all()
    anybodys = set(waiting(now))
    same = [
        item.id
        for item in found
        if item.today == today
        and order_of(item).to_dict() == asked
        and (item.id in anybodys or _holder_died(item.claim))
    ]
    db.session.rollback()
    return same[0] if same else None


def _is_left(now: datetime) -> ColumnElement[bool]:
    return and_(
        Generation.state == GenerationState.RUNNING,
        or_(Generation.lease_until.is_(None), Generation.lease_until <= now),
    )


def _claim(generation_id: int, now: datetime) -> str:
    """Take the run for this process; "" when it is not to be had."""
    holder = db.session.scalar(select(Generation.claim).where(Generation.id == generation_id))
    claim = f"{os.getpid()}@{_host()}:{uuid.uuid4().hex[:8]}"
    free = [Generation.state == GenerationState.QUEUED, _is_left(now)]
    if holder and _holder_died(holder):
        free.append(Generation.claim == holder)
    won = db.session.execute(
        update(Generation)
        .where(Generation.id == generation_id, or_(*free))
        .values(state=GenerationState.RUNNING, claim=claim, lease_until=now + LEASE),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()
    return claim if cast(CursorResult[Any], won).rowcount == 1 else ""


def _holder_died(claim: str | None) -> bool:
    """Whether the process that holds the claim is known to be gone: it ran on this machine.

    Being wrong costs nothing but time: each chunk begins by reading whose the run is.
    """
    pid, _, rest = (claim or "").partition("@")
    if not pid.isdigit() or rest.rpartition(":")[0] != _host():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _host() -> str:
    return socket.gethostname()[:16]


def _release(generation_id: int, claim: str) -> None:
    """Leave the run to whoever comes next."""
    db.session.execute(
        update(Generation)
        .where(Generation.id == generation_id, Generation.claim == claim)
        .values(claim=None, lease_until=None),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()


def _fail(generation_id: int, claim: str, reason: str, now: datetime) -> None:
    db.session.execute(
        update(Generation)
        .where(Generation.id == generation_id, Generation.claim == claim)
        .values(
            state=GenerationState.FAILED,
            error=reason,
            finished_at=now,
            claim=None,
            lease_until=None,
        ),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()


def _elapsing(now: datetime) -> Elapsing:
    """A clock that starts at `now` and goes on in whole seconds."""
    start = time.monotonic()
    return lambda: now + timedelta(seconds=int(time.monotonic() - start))
