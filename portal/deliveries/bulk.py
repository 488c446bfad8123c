"""One move for many messages: whom it concerns, and what it writes. The caller commits.

Each move is a single conditional UPDATE: what a sender takes in the same moment stays with the
sender, and nothing is moved twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, case, func, select, update
from sqlalchemy.engine import CursorResult

from portal.core.db import db
from portal.deliveries import log_queries
from portal.deliveries.forms import LogFilters
from portal.deliveries.holds import HELD
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.states import Kind, State
from portal.receivables.models import Receivable


class Move(StrEnum):
    """What a person may do with many messages at once."""

    CANCEL = "cancelar"
    HOLD = "pausar"
    RELEASE = "retomar"
    EXPIRE = "expirar"
    RESEND = "reenviar"
    RESEND_EXPIRED = "reenviar-expirados"
    DELIVERED = "entregues"
    RESEND_UNCERTAIN = "reenviar-incertos"


@dataclass(frozen=True, slots=True)
class Rule:
    """`before` and `after` are states; `verb` is the name of the move in the audit trail."""

    before: State
    after: State
    verb: str
    values: Callable[[str, datetime], Mapping[str, Any]]


def _again(name: str, now: datetime) -> Mapping[str, Any]:
    return {
        "next_attempt_at": now,
        "attempts": 0,
        "handed_over": False,
        "cause": "",
        "reason": f"Reenvio pedido por {name}.",
    }


RULES: Mapping[Move, Rule] = {
    Move.CANCEL: Rule(
        State.QUEUED,
        State.CANCELLED,
        "cancel",
        lambda name, _now: {
            "next_attempt_at": None,
            "cause": "cancelled",
            "reason": f"Cancelado por {name}.",
        },
    ),
    Move.HOLD: Rule(
        State.QUEUED,
        State.QUEUED,
        "pause",
        lambda name, _now: {
            "next_attempt_at": None,
            "cause": HELD,
            "reason": f"Pausado por {name}.",
        },
    ),
    Move.RELEASE: Rule(
        State.QUEUED,
        State.QUEUED,
        "resume",
        lambda name, now: {"next_attempt_at": now, "cause": "", "reason": f"Retomado por {name}."},
    ),
    Move.EXPIRE: Rule(
        State.QUEUED,
        State.EXPIRED,
        "expire",
        lambda name, _now: {
            "next_attempt_at": None,
            "cause": "expired",
            "reason": f"Expirado por {name}: o boleto venceu antes de sair.",
        },
    ),
    Move.RESEND: Rule(State.FAILED, State.QUEUED, "resend", _again),
    Move.RESEND_EXPIRED: Rule(State.EXPIRED, State.QUEUED, "resend", _again),
    Move.RESEND_UNCERTAIN: Rule(State.UNCERTAIN, State.QUEUED, "resend", _again),
    Move.DELIVERED: Rule(
        State.UNCERTAIN,
        State.SENT,
        "mark_delivered",
        lambda name, _now: {
            "cause": "confirmed",
            "reason": f"{name} confirmou a entrega; o servidor não havia respondido.",
        },
    ),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """The messages that a person looked at: the filters of the log, and nothing newer."""

    filters: LogFilters
    today: date
    timezone: str
    newest: int | None = None  # the highest message id that the person saw

    def chosen(self, move: Move) -> ColumnElement[bool]:
        """The condition for the messages of the selection that the move concerns."""
        every = select(EmailMessage.id).correlate(None)
        ids = log_queries.narrowed(every, self.filters, self.today, self.timezone)
        found = and_(concerns(move, self.today), EmailMessage.id.in_(ids))
        return and_(found, EmailMessage.id <= self.newest) if self.newest is not None else found


def concerns(move: Move, today: date) -> ColumnElement[bool]:
    """Whether the move is possible for a message. Tests and what is being sent never are."""
    possible = [EmailMessage.state == RULES[move].before, EmailMessage.kind != Kind.TEST]
    if move == Move.HOLD:
        possible.append(EmailMessage.cause != HELD)
    elif move == Move.RELEASE:
        possible.append(EmailMessage.cause == HELD)
    elif move == Move.EXPIRE:  # a person who sends an overdue boleto by hand knows that it is
        possible += [EmailMessage.kind == Kind.AUTOMATIC, _newest_due() < today]
    return and_(*possible)


def _newest_due() -> ColumnElement[date]:
    return (
        select(func.max(Receivable.due_date))
        .join(MessageReceivable, MessageReceivable.receivable_id == Receivable.id)
        .where(MessageReceivable.message_id == EmailMessage.id)
        .correlate(EmailMessage)
        .scalar_subquery()
    )


def possible(selection: Selection) -> tuple[dict[Move, int], int]:
    """How many messages of the selection each move concerns, and the newest id; one query."""
    filters, today = selection.filters, selection.today
    counts = [func.count(case((concerns(move, today), 1))) for move in Move]
    columns: list[ColumnElement[Any]] = [func.max(EmailMessage.id), *counts]
    query: Select[Any] = select(*columns).where(
        EmailMessage.state.in_({rule.before for rule in RULES.values()})
    )
    row = db.session.execute(log_queries.narrowed(query, filters, today, selection.timezone)).one()
    numbers: dict[Move, int] = dict(zip(Move, row[1:], strict=True))
    if filters.state != State.EXPIRED:  # only who asks for the expired means to send them
        numbers[Move.RESEND_EXPIRED] = 0
    return numbers, row[0] or 0


def apply(move: Move, selection: Selection, name: str, now: datetime) -> int:
    """Move the messages in the name of a person; returns how many. The caller commits."""
    rule = RULES[move]
    result = cast(
        CursorResult[Any],
        db.session.execute(
            update(EmailMessage)
            .where(selection.chosen(move))
            .values(state=rule.after, **rule.values(name, now)),
            execution_options={"synchronize_session": False},
        ),
    )
    return result.rowcount


def any_of(generation_id: int) -> bool:
    """Whether the run has e-mails at all."""
    query = select(EmailMessage.id).where(EmailMessage.generation_id == generation_id).limit(1)
    return db.session.scalar(query) is not None
