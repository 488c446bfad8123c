"""Undoing a run: what stands in the way, and taking back the e-mails that did not leave."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import CursorResult, Select, func, or_, select, update

from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import Conflict
from portal.deliveries.models import DeliveryAttempt, EmailMessage, MessageReceivable
from portal.deliveries.states import State
from portal.generation.models import GenerationState
from portal.receivables.models import Receivable, ReceivableStatus

UNDOABLE = frozenset(
    {
        GenerationState.DONE,
        GenerationState.PAUSED,
        GenerationState.FAILED,
        GenerationState.CANCELLED,
    }
)
# Nothing of these reached a server, unless a try before a resend did: they can be taken back.
UNSENT = frozenset({State.QUEUED, State.FAILED, State.EXPIRED, State.CANCELLED, State.SKIPPED})
TAKEN_BACK = (State.QUEUED, State.FAILED, State.EXPIRED)
ARRIVED = ("accepted", "uncertain")  # outcomes of tries that a recipient may have


@dataclass(frozen=True, slots=True)
class Undo:
    """What undoing would do now, and what forbids it."""

    titles: int
    messages: int
    settled: int  # titles paid or cancelled already
    on_paper: int  # titles marked as printed
    gone: int  # e-mails, automatic or by hand, that were sent or may have been

    @property
    def possible(self) -> bool:
        """Whether nothing stands in the way."""
        return bool(self.titles) and not list(self.obstacles())

    def obstacles(self) -> Iterator[str]:
        """Why it cannot be undone, one sentence each."""
        if self.settled:
            yield f"títulos já pagos ou cancelados: {self.settled}"
        if self.on_paper:
            yield f"boletos já impressos: {self.on_paper}"
        if self.gone:
            yield f"e-mails já enviados, ou que podem ter chegado: {self.gone}"


def look(generation_id: int) -> Undo:
    """What undoing the run would do now; reads only."""
    of_run = Receivable.generation_id == generation_id
    statuses = dict(
        db.session.execute(
            select(Receivable.status, func.count()).where(of_run).group_by(Receivable.status)
        ).all()
    )
    printed = select(func.count()).where(of_run, Receivable.printed_at.is_not(None))
    arrived = EmailMessage.tries.any(DeliveryAttempt.outcome.in_(ARRIVED))
    gone = select(func.count()).where(
        EmailMessage.id.in_(_carriers(generation_id)),
        or_(EmailMessage.state.not_in(UNSENT), arrived),
    )
    waiting = select(func.count()).where(
        EmailMessage.generation_id == generation_id, EmailMessage.state.in_(TAKEN_BACK)
    )
    opened = statuses.pop(ReceivableStatus.OPEN, 0)
    return Undo(
        titles=opened,
        messages=db.session.scalar(waiting) or 0,
        settled=sum(statuses.values()),
        on_paper=db.session.scalar(printed) or 0,
        gone=db.session.scalar(gone) or 0,
    )


def cancel_messages(generation_id: int, actor: Actor | None) -> int:
    """Take back the run's e-mails that wait or that ended unsent; returns how many.

    An e-mail asked for by hand stays: its sender leaves out the titles that are cancelled.

    Their rows and the run's titles stay locked until the caller commits: a sender then finds
    nothing to claim, and nobody settles what is being cancelled. Raises Conflict when something
    stands in the way.
    """
    ids = select(EmailMessage.id).where(EmailMessage.id.in_(_carriers(generation_id)))
    db.session.execute(ids.order_by(EmailMessage.id).with_for_update())
    titles = select(Receivable.id).where(Receivable.generation_id == generation_id)
    db.session.execute(titles.order_by(Receivable.id).with_for_update())
    found = look(generation_id)
    if not found.possible:
        why = "; ".join(found.obstacles()) or "não há título a cancelar"
        raise Conflict(f"A geração nº {generation_id} não pode ser desfeita: {why}. Nada mudou.")
    by = getattr(actor, "name", "linha de comando")
    done = db.session.execute(
        update(EmailMessage)
        .where(EmailMessage.generation_id == generation_id, EmailMessage.state.in_(TAKEN_BACK))
        .values(
            state=State.CANCELLED,
            reason=f"geração nº {generation_id} desfeita por {by}",
            cause="",
            next_attempt_at=None,
        ),
        execution_options={"synchronize_session": False},
    )
    return cast(CursorResult[Any], done).rowcount


def _carriers(generation_id: int) -> Select[int]:
    return (
        select(MessageReceivable.message_id)
        .join(Receivable, Receivable.id == MessageReceivable.receivable_id)
        .where(Receivable.generation_id == generation_id)
    )
