"""What a person does with a run: ask for it, pause, resume, cancel and undo it."""

import uuid
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import Conflict, NotFound
from portal.core.queue import wake
from portal.generation import labels, runner, undoing
from portal.generation.choosing import choose, settle
from portal.generation.models import Generation, GenerationState
from portal.generation.orders import Order
from portal.generation.runner import order_of, run
from portal.receivables import service as receivables
from portal.settings.service import financial_row
from portal.users.models import User
from portal.web.formatters import many

__all__ = [
    "cancel",
    "mark_printed",
    "order_of",
    "pause",
    "request",
    "resume",
    "run",
    "run_now",
    "start",
    "undo",
    "wake_waiting",
]
COMMAND_LINE = "linha de comando"
ENTITY = "generation"
# What a person may do with a run, by the states in which it can be done.
PAUSABLE = frozenset({GenerationState.QUEUED, GenerationState.RUNNING})
RESUMABLE = frozenset({GenerationState.PAUSED, GenerationState.FAILED})
CANCELLABLE = frozenset({*PAUSABLE, GenerationState.PAUSED})


def request(
    order: Order, *, today: date, actor: User | None, now: datetime, key: str = ""
) -> Generation:
    """Write down that `order` shall run; the same `key` twice gives the same run.

    The pilot group is named now, and remembered. A worker picks the run up (or the reconciler,
    when Redis is away). Raises InvalidValue, and NotFound for what the order names and is not.
    """
    key = key or uuid.uuid4().hex
    existing = db.session.scalar(select(Generation).where(Generation.request_key == key))
    if existing is not None:
        return existing
    order = settle(order)
    choose(order)
    generation = Generation(
        request_key=key,
        requested_by_id=actor.id if actor else None,
        requested_by=actor.name if actor else COMMAND_LINE,
        created_at=now,
        competence=order.competence,
        installments=order.installments,
        today=today,
        parameters=order.to_dict(),
        state=GenerationState.QUEUED,
    )
    db.session.add(generation)
    if order.limit is not None:
        financial_row().pilot_client_ids = list(order.pilot_client_ids)
    try:
        db.session.commit()
    except IntegrityError:  # the twin of a double click was faster
        db.session.rollback()
        return db.session.scalars(select(Generation).where(Generation.request_key == key)).one()
    return generation


def start(generation_id: int) -> bool:
    """Wake a worker for the run; False when the queue is away (the reconciler will find it)."""
    return wake(runner.JOB, generation_id)


def run_now(order: Order, *, today: date, actor: User | None, now: datetime) -> Generation:
    """Carry out at once, in this process; for the command line.

    A run of the very same order that a dead process left is continued; else a new one is asked
    for. Raises Conflict when it failed, or was paused or cancelled meanwhile.
    """
    left = runner.abandoned(now, order, today)
    generation_id = left or request(order, today=today, actor=actor, now=now).id
    generation = run(generation_id, now)
    if generation.state != GenerationState.DONE:
        state = labels.STATES[generation.state].text.lower()
        raise Conflict(
            generation.error
            or f"A geração nº {generation.id} parou: {state}. O que já foi gerado fica."
        )
    return generation


def wake_waiting(now: datetime) -> int:
    """Enqueue runs that no process carries out; returns how many."""
    waiting = runner.waiting(now)
    db.session.rollback()
    for generation_id in waiting:
        start(generation_id)
    return len(waiting)


def pause(generation_id: int, actor: Actor | None, now: datetime) -> Generation:
    """Stop after the chunk in work; what was generated stays. Raises NotFound, Conflict."""
    generation = _locked(generation_id, PAUSABLE, "pausar")
    return _move(generation, GenerationState.PAUSED, "pause", "pausada", actor, now)


def resume(generation_id: int, actor: Actor | None, now: datetime) -> Generation:
    """Go on where it stopped; the caller then wakes a worker. Raises NotFound, Conflict."""
    generation = _locked(generation_id, RESUMABLE, "retomar")
    generation.error = ""
    generation.finished_at = None
    return _move(generation, GenerationState.QUEUED, "resume", "retomada", actor, now)


def cancel(generation_id: int, actor: Actor | None, now: datetime) -> Generation:
    """Generate no more of it; titles that exist stay, their e-mails too. Raises NotFound, Conflict.

    A chunk in work is finished first.
    """
    generation = _locked(generation_id, CANCELLABLE, "cancelar")
    generation.finished_at = now
    return _move(generation, GenerationState.CANCELLED, "cancel", "cancelada", actor, now)


def undo(generation_id: int, actor: Actor | None, now: datetime) -> Generation:
    """Cancel the run's titles and e-mails, when none was paid, printed or sent.

    The month can then be generated again: other titles with other nosso números, other e-mails.
    Raises NotFound, and Conflict naming what stands in the way.
    """
    generation = _locked(generation_id, undoing.UNDOABLE, "desfazer")
    try:
        messages = undoing.cancel_messages(generation_id, actor)
        titles = receivables.cancel_of_run(generation_id, now)
    except Conflict:
        db.session.rollback()
        raise
    generation.finished_at = now
    cancelled = many(titles, "título", "títulos"), many(messages, "e-mail", "e-mails")
    summary = f"desfeita, com cancelamento de {' e '.join(cancelled)}"
    return _move(generation, GenerationState.UNDONE, "undo", summary, actor, now)


def mark_printed(generation_id: int, actor: Actor | None, now: datetime) -> int:
    """The run's printed titles are on paper now; returns how many were not before."""
    # Locked, so that it is not undone meanwhile.
    if db.session.get(Generation, generation_id, with_for_update=True) is None:
        raise NotFound(f"Geração {generation_id} não existe.")
    return receivables.mark_printed(generation_id, actor, now)


def _locked(generation_id: int, states: frozenset[GenerationState], verb: str) -> Generation:
    """The run, locked until the commit: a chunk in work ends before. Raises NotFound, Conflict."""
    generation = db.session.get(
        Generation, generation_id, with_for_update=True, populate_existing=True
    )
    if generation is None:
        db.session.rollback()
        raise NotFound(f"Geração {generation_id} não existe.")
    if generation.state not in states:
        state = labels.STATES[generation.state].text.lower()
        db.session.rollback()
        raise Conflict(
            f"A geração nº {generation_id} está {state}: não dá para {verb}. Nada mudou."
        )
    return generation


def _move(
    generation: Generation,
    state: GenerationState,
    action: str,
    words: str,
    actor: Actor | None,
    now: datetime,
) -> Generation:
    generation.claim = generation.lease_until = None
    changes = audit.apply(generation, {"state": state})
    audit.record(
        actor,
        f"generation.{action}",
        ENTITY,
        generation.id,
        now,
        summary=f"Geração nº {generation.id} {words}",
        changes=changes,
    )
    db.session.commit()
    return generation
