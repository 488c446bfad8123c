"""What a person does with messages: send by hand, resend, cancel, decide the uncertain."""

from datetime import datetime

from flask import current_app

from portal.core import audit, clock
from portal.core.db import db
from portal.core.errors import Conflict, NotFound
from portal.core.queue import DRAIN, wake
from portal.deliveries import bulk, bulk_words, holds, outbox, telling
from portal.deliveries.bulk import Move, Selection
from portal.deliveries.forms import LogFilters
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import State, person_may
from portal.users.models import User

MOVE_NAMES = {
    State.QUEUED: "voltou à fila",
    State.CANCELLED: "cancelado",
    State.SENT: "marcado como entregue",
}


def get(message_id: int, *, lock: bool = False) -> EmailMessage:
    """The message; raises NotFound."""
    message = db.session.get(EmailMessage, message_id, with_for_update=lock or None)
    if message is None:
        raise NotFound(f"E-mail {message_id} não existe.")
    return message


def resend(message_id: int, actor: User, now: datetime) -> EmailMessage:
    """Put a failed, uncertain, expired or bounced message back into the queue. Raises Conflict."""
    message = _move(message_id, State.QUEUED, "deliveries.resend", actor, now)
    message.next_attempt_at = now
    message.attempts = 0
    message.handed_over = False
    message.cause = ""
    message.reason = f"Reenvio pedido por {actor.name}."
    db.session.commit()
    wake(DRAIN, message.smtp_account_id)
    return message


def cancel(message_id: int, actor: User, now: datetime) -> EmailMessage:
    """Cancel a message that waits. Raises Conflict once it is being sent or ended."""
    message = _move(message_id, State.CANCELLED, "deliveries.cancel", actor, now)
    message.reason = f"Cancelado por {actor.name}."
    message.cause = "cancelled"
    message.next_attempt_at = None
    db.session.commit()
    return message


def mark_delivered(message_id: int, actor: User, now: datetime) -> EmailMessage:
    """A person found out that an uncertain message did arrive. Raises Conflict."""
    message = _move(message_id, State.SENT, "deliveries.mark_delivered", actor, now)
    message.reason = f"{actor.name} confirmou a entrega; o servidor não havia respondido."
    message.cause = "confirmed"
    telling.tell(message.id, now)
    db.session.commit()
    return message


def resend_cause(cause: str, actor: User, now: datetime) -> int:
    """Put every message that failed for `cause` back into the queue; returns how many."""
    return move_many(Move.RESEND, LogFilters(cause=cause), actor, now)


def cancel_run(generation_id: int, actor: User, now: datetime) -> int:
    """Cancel what waits of one run; what is being sent ends. Returns how many. Raises NotFound."""
    return _move_run(Move.CANCEL, generation_id, actor, now)


def hold_run(generation_id: int, actor: User, now: datetime) -> int:
    """Hold back what waits of one run; what is being sent ends. Raises NotFound."""
    return _move_run(Move.HOLD, generation_id, actor, now)


def release_run(generation_id: int, actor: User, now: datetime) -> int:
    """Let the held messages of one run leave, from now on. Raises NotFound."""
    return _move_run(Move.RELEASE, generation_id, actor, now)


def cancel_account(account_id: int, actor: User, now: datetime) -> int:
    """Cancel what waits for one account; returns how many."""
    return move_many(Move.CANCEL, LogFilters(account_id=account_id), actor, now)


def expire_pending(filters: LogFilters, actor: User, now: datetime) -> int:
    """Expire the automatic messages that still wait although their titles are past due."""
    return move_many(Move.EXPIRE, filters, actor, now)


def move_many(
    move: Move,
    filters: LogFilters,
    actor: User,
    now: datetime,
    *,
    newest: int | None = None,
    at_most: int | None = None,
) -> int:
    """Move every message that the filters of the log leave; returns how many.

    `newest` leaves out messages that came after the person looked; `at_most` is the number that
    the person confirmed: where it would be more, nothing changes and Conflict is raised.
    """
    moved = bulk.apply(move, selection(filters, now, newest), actor.name, now)
    count = len(moved)
    if at_most is not None and count > at_most:
        db.session.rollback()
        raise Conflict(
            f"Você confirmou {at_most}, e agora são {count}. Nada mudou: confira e repita."
        )
    if count:
        _record_many(move, filters, count, actor, now)
    if move is Move.RELEASE:
        for run in holds.released_whole(moved):  # by another filter than its own: see `holds`
            summary = "Nada mais desta geração está pausado"
            audit.record(actor, holds.RELEASE, holds.RUN, run, now, summary=summary)
    if bulk.RULES[move].after in telling.EVENTS:
        for message_id in moved:
            telling.tell(message_id, now)
    db.session.commit()
    if count and bulk.RULES[move].after == State.QUEUED:
        outbox.wake_accounts()
    return count


def selection(filters: LogFilters, now: datetime, newest: int | None = None) -> Selection:
    """The filters with today's date and the timezone in which their days begin."""
    timezone = current_app.config["SETTINGS"].timezone
    return Selection(filters, clock.local_date(now, timezone), timezone, newest)


def _move_run(move: Move, generation_id: int, actor: User, now: datetime) -> int:
    if not bulk.any_of(generation_id):
        raise NotFound(f"A geração {generation_id} não tem e-mails.")
    return move_many(move, LogFilters(generation_id=generation_id), actor, now)


def _record_many(move: Move, filters: LogFilters, count: int, actor: User, now: datetime) -> None:
    rule, run = bulk.RULES[move], filters.generation_id
    whole = run is not None and filters == LogFilters(generation_id=run)  # see `holds`
    entity, row = (holds.RUN, run) if whole else ("email_message", None)
    audit.record(
        actor,
        f"deliveries.{rule.verb}",
        entity,
        row,
        now,
        summary=f"{bulk_words.done(move, count)} {bulk_words.described(filters)}",
        changes={"state": [rule.before.value, rule.after.value]},
    )


def _move(message_id: int, after: State, action: str, actor: User, now: datetime) -> EmailMessage:
    message = get(message_id, lock=True)
    before = message.state
    if not person_may(before, after):
        raise Conflict("O estado deste e-mail mudou: recarregue a página e veja o que é possível.")
    message.state = after
    audit.record(
        actor,
        action,
        "email_message",
        message.id,
        now,
        summary=f"E-mail a {message.recipient} {MOVE_NAMES[after]}",
        changes={"state": [before.value, after.value]},
    )
    return message
