"""One move for many messages: whom it concerns, and what it writes. The caller commits.

Each move is a single conditional UPDATE: what a sender takes in the same moment stays with the
sender, and nothing is moved twice. It locks its rows by their number, as undoing a run and moving
a queue do: two that meet wait for each other, and neither for ever.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select, union_all, update

from portal.core.db import db
from portal.deliveries.forms import LogFilters
from portal.deliveries.holds import HELD
from portal.deliveries.log_queries import Total
from portal.deliveries.log_terms import Terms, terms
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.states import Kind, State
from portal.receivables.models import Receivable

GLANCE = 300  # messages of a state that the log looks at to name a number


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

    @property
    def asked(self) -> Terms:
        """The filters as conditions; a text is looked up anew."""
        return terms(self.filters, self.today, self.timezone)

    def chosen(self, move: Move) -> ColumnElement[bool]:
        """The condition for the messages of the selection that the move concerns."""
        asked = self.asked
        found = and_(concerns(move, self.today), *asked.lead, *asked.rest)
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


def concerned(move: Move, selection: Selection) -> tuple[int, int]:
    """How many messages of the selection the move concerns, and the newest id among them."""
    if not _meant(move, selection.filters):
        return 0, 0
    query = select(func.count(), func.max(EmailMessage.id)).where(selection.chosen(move))
    count, newest = db.session.execute(query).one()
    return count, newest or 0


def glance(selection: Selection, asked: Terms) -> dict[Move, Total]:
    """About how many messages each move concerns, for the log; `asked`: its filters, looked up.

    Of each state only the oldest are looked at, and a text that finds too many e-mails is left
    out: where a number is not the whole truth, `more` says so. One query.
    """
    filters = replace(selection.filters, text="")
    moves = [
        move
        for move in Move
        if _meant(move, filters) and filters.state in (None, RULES[move].before)
    ]
    if not moves:
        return {}
    plain = terms(filters, selection.today, selection.timezone)
    seen = _seen(moves, filters, selection, asked)
    totals = {}
    for move in moves:
        looked_at = seen[None] if filters.close else seen[RULES[move].before]
        cut = looked_at > GLANCE and bool(seen[move] or plain.rest)
        vague = asked.found is not None and bool(seen[move])
        totals[move] = Total(seen[move], not asked.few and (cut or vague))
    return totals


def _seen(
    moves: Sequence[Move], filters: LogFilters, selection: Selection, asked: Terms
) -> dict[Move | State | None, int]:
    """Of the rows looked at: how many each move concerns, how many each state has, and all."""
    today, timezone = selection.today, selection.timezone
    states = list(dict.fromkeys(RULES[move].before for move in moves))
    plain = terms(filters, today, timezone)
    if asked.few:
        rows = select(EmailMessage.id).where(*asked.lead).subquery()
    elif filters.close:
        rows = _oldest(plain).subquery()
    else:
        by_state = [terms(replace(filters, state=state), today, timezone) for state in states]
        rows = union_all(*map(_oldest, by_state)).subquery()
    wanted = [and_(concerns(move, today), *plain.lead, *plain.rest) for move in moves]
    wanted += [EmailMessage.state == state for state in states]
    counts = [func.count(case((condition, 1))) for condition in wanted]
    query = select(*counts, func.count())
    query = query.join_from(rows, EmailMessage, EmailMessage.id == rows.c.id)
    return dict(zip([*moves, *states, None], db.session.execute(query).one(), strict=True))


def _oldest(asked: Terms) -> Select[int]:
    rows = select(EmailMessage.id).where(*asked.lead)
    rows = rows.order_by(EmailMessage.created_at, EmailMessage.id).limit(GLANCE + 1)
    return select(rows.subquery().c.id)


def _meant(move: Move, filters: LogFilters) -> bool:
    """Only who asks for the expired, or marks them, means to send them."""
    return move != Move.RESEND_EXPIRED or filters.state == State.EXPIRED or bool(filters.ids)


def apply(move: Move, selection: Selection, name: str, now: datetime) -> Sequence[int]:
    """Move the messages in the name of a person; returns their ids. The caller commits."""
    rule = RULES[move]
    chosen = select(EmailMessage.id).where(selection.chosen(move)).order_by(EmailMessage.id)
    return db.session.scalars(
        update(EmailMessage)
        .where(EmailMessage.id.in_(chosen.with_for_update(of=EmailMessage).correlate(None)))
        .values(state=rule.after, **rule.values(name, now))
        .returning(EmailMessage.id),
        execution_options={"synchronize_session": False},
    ).all()


def any_of(generation_id: int) -> bool:
    """Whether the run has e-mails at all."""
    query = select(EmailMessage.id).where(EmailMessage.generation_id == generation_id).limit(1)
    return db.session.scalar(query) is not None
