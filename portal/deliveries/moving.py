"""What waits for one account, sent by another: for when a provider has blocked the first.

A message keeps its Message-ID, and its place in the log; its text is composed when it leaves, so
the new account's sender, subject and message hold for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, case, func, null, select, update
from sqlalchemy.engine import CursorResult

from portal.core import audit
from portal.core.db import db
from portal.core.errors import Conflict, NotFound
from portal.core.queue import DRAIN, wake
from portal.deliveries import eligibility
from portal.deliveries.eligibility import Requirement, Status
from portal.deliveries.facts import NOBODY, account_facts
from portal.deliveries.forecast import Forecast, forecast
from portal.deliveries.holds import HELD
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import Kind, State
from portal.smtp.models import AccountState, SmtpAccount
from portal.users.models import User
from portal.web.formatters import number

CHUNK = 2_000  # messages in one transaction: the senders of both accounts wait for it


@dataclass(frozen=True, slots=True)
class Moving:
    """What moving a queue would do now. `held` of the `count` stay held back by a person."""

    target: SmtpAccount
    count: int
    held: int
    newest: int  # the highest message id among them
    requirements: tuple[Requirement, ...]  # what is amiss with the account that takes over
    use: Forecast  # of that account, with the messages that would leave at once

    @property
    def possible(self) -> bool:
        """Whether there is anything to move, and nothing forbids it."""
        return self.count > 0 and not _blocked(self.requirements)


def targets(source_id: int) -> Sequence[SmtpAccount]:
    """The other accounts that send, by name."""
    return db.session.scalars(
        select(SmtpAccount)
        .where(SmtpAccount.id != source_id, SmtpAccount.state == AccountState.ACTIVE)
        .order_by(SmtpAccount.name)
    ).all()


def waiting_runs(source_id: int) -> list[tuple[int, int]]:
    """(run, messages that wait), newest run first; what was sent by hand belongs to none."""
    rows = db.session.execute(
        select(EmailMessage.generation_id, func.count())
        .where(*_waiting(source_id), EmailMessage.generation_id.is_not(None))
        .group_by(EmailMessage.generation_id)
        .order_by(EmailMessage.generation_id.desc())
    )
    return [(generation_id, count) for generation_id, count in rows if generation_id]


def preview(source_id: int, target_id: int, generation_id: int | None, now: datetime) -> Moving:
    """What `move` would do; reads only. Raises NotFound."""
    target = db.session.get(SmtpAccount, target_id)
    if target is None or target_id == source_id:
        raise NotFound("Escolha outra conta SMTP.")
    count, held, newest = db.session.execute(
        select(
            func.count(),
            func.count(case((EmailMessage.cause == HELD, 1))),
            func.max(EmailMessage.id),
        ).where(*_waiting(source_id, generation_id))
    ).one()
    use = forecast(target_id, count - held, now)
    return Moving(target, count, held, newest or 0, _amiss(target, now), use)


def move(
    source_id: int,
    target_id: int,
    actor: User,
    now: datetime,
    *,
    generation_id: int | None = None,
    newest: int | None = None,
) -> int:
    """Hand what waits for one account (of one run) to another; returns how many.

    What is being sent ends where it began. `newest` leaves out messages that came after the
    person looked. Asking again moves what is still there: nothing, as a rule. Raises NotFound,
    and Conflict where the other account cannot send, or could not any more after some thousands.
    """
    moved = 0
    try:
        while chunk := _move_chunk(source_id, target_id, actor, now, generation_id, newest):
            moved += chunk
    except Conflict as error:
        done = f"{in_words(moved)}, e o resto ficou" if moved else "Nada mudou"
        raise Conflict(f"{done}: {error}") from None
    if moved:
        wake(DRAIN, target_id)
    return moved


def _move_chunk(
    source_id: int,
    target_id: int,
    actor: User,
    now: datetime,
    generation_id: int | None,
    newest: int | None,
) -> int:
    """Move and record the first messages, in one transaction."""
    source, target = _locked(source_id, target_id)
    for requirement in _blocked(_amiss(target, now)):
        db.session.rollback()
        raise Conflict(f"{requirement.evidence}. Corrija, ou escolha outra conta.")
    waiting = _waiting(source_id, generation_id)
    found = select(EmailMessage.id).where(*waiting).order_by(EmailMessage.id).limit(CHUNK)
    if newest is not None:
        found = found.where(EmailMessage.id <= newest)
    ids = db.session.scalars(found.with_for_update()).all()
    held = EmailMessage.cause == HELD
    reason = f"Passou da conta “{source.name}” para “{target.name}” a pedido de {actor.name}."
    result = cast(
        CursorResult[Any],
        db.session.execute(
            update(EmailMessage)
            .where(EmailMessage.id.in_(ids), *waiting)
            .values(
                smtp_account_id=target_id,
                attempts=0,
                next_attempt_at=case((held, null()), else_=now),
                cause=case((held, HELD), else_=""),
                reason=case((held, EmailMessage.reason), else_=reason),
            ),
            execution_options={"synchronize_session": False},
        ),
    )
    if result.rowcount:
        _record(source, target, result.rowcount, generation_id, actor, now)
    db.session.commit()
    return result.rowcount


def _record(
    source: SmtpAccount,
    target: SmtpAccount,
    count: int,
    generation_id: int | None,
    actor: User,
    now: datetime,
) -> None:
    of_run = f" (geração {generation_id})" if generation_id else ""
    summary = f"{in_words(count)} da conta “{source.name}” para “{target.name}”{of_run}"
    audit.record(actor, "deliveries.move_queue", "smtp_account", source.id, now, summary=summary)


def in_words(count: int) -> str:
    """`1 e-mail passou`, `812 e-mails passaram`."""
    return "1 e-mail passou" if count == 1 else f"{number(count)} e-mails passaram"


def _locked(source_id: int, target_id: int) -> tuple[SmtpAccount, SmtpAccount]:
    """Both accounts, locked in one order: a claim takes its account's row before it looks."""
    rows = db.session.scalars(
        select(SmtpAccount)
        .where(SmtpAccount.id.in_((source_id, target_id)))
        .order_by(SmtpAccount.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {account.id: account for account in rows}
    if len(found) != 2:
        raise NotFound("Escolha outra conta SMTP.")
    return found[source_id], found[target_id]


def _waiting(source_id: int, generation_id: int | None = None) -> list[ColumnElement[bool]]:
    terms = [
        EmailMessage.smtp_account_id == source_id,
        EmailMessage.state == State.QUEUED,
        EmailMessage.kind != Kind.TEST,
    ]
    return [*terms, EmailMessage.generation_id == generation_id] if generation_id else terms


def _amiss(account: SmtpAccount, now: datetime) -> tuple[Requirement, ...]:
    facts = replace(NOBODY, account=account_facts(account), now=now)
    judged = (eligibility.smtp_account_usable(facts), eligibility.message_ready(facts))
    return tuple(item for item in judged if item.status != Status.OK)


def _blocked(requirements: Sequence[Requirement]) -> list[Requirement]:
    return [item for item in requirements if item.status == Status.BLOCKED]
