"""Claiming the next message: quota, order and ownership in one short transaction."""

import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    Select,
    Table,
    Update,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import CursorResult

from portal.core.db import db, kept, written_by
from portal.deliveries.limits import DAY
from portal.deliveries.models import EmailMessage, QuotaUse
from portal.deliveries.room import Room, Windows, limits_of
from portal.deliveries.states import State
from portal.smtp.models import AccountState, SmtpAccount
from portal.webhooks import outbox

# Renewed at the stages of a slow server (`keep`), and when the body is handed over. Longer than
# any one stage may take, and short: what a dead sender held waits for its end.
LEASE = timedelta(seconds=120)
RENEW_AFTER = timedelta(seconds=15)
HANDOVER_LEASE = timedelta(seconds=300)
# A try under way counts against the limits as of its claim, or the last renewal of its lease, and
# this: no server accepts later (stages up to the dot, then `Timeouts.accept`). A server counts when
# it accepts; counted from its claim, a slow try would leave our window before it left the server's.
LATEST = HANDOVER_LEASE

# Built once: the sender runs them for every message, and building costs more than running.
_ACCOUNTS = cast(Table, SmtpAccount.__table__)
_MESSAGES = cast(Table, EmailMessage.__table__)
_USES = cast(Table, QuotaUse.__table__)
_LOCK = (
    select(
        *(_ACCOUNTS.c[name] for name in ("state", "hold_until", "holds", "max_connections")),
        *(_ACCOUNTS.c[name] for name in ("minute_limit", "hourly_limit", "daily_limit")),
        outbox.SOMEONE_LISTENS.label("listened"),
    )
    .where(_ACCOUNTS.c.id == bindparam("account_id"))
    .with_for_update(of=_ACCOUNTS, key_share=True)
)
_OF_ACCOUNT = _MESSAGES.c.smtp_account_id == bindparam("account_id")
_FIRST_DUE = (
    select(_MESSAGES.c.id)
    .where(
        _OF_ACCOUNT,
        _MESSAGES.c.state == State.QUEUED,
        _MESSAGES.c.next_attempt_at <= bindparam("now"),
    )
    .order_by(_MESSAGES.c.next_attempt_at, _MESSAGES.c.id)
    .limit(1)
)
_BUSY = select(func.count()).where(
    _OF_ACCOUNT, _MESSAGES.c.state == State.SENDING, _MESSAGES.c.lease_until > bindparam("now")
)
# A message that somebody is holding or cancelling at this moment is passed over.
_BEGIN = (
    update(_MESSAGES)
    .where(
        _MESSAGES.c.id
        == _FIRST_DUE.with_for_update(skip_locked=True).correlate(None).scalar_subquery(),
        _MESSAGES.c.state == State.QUEUED,
        _BUSY.correlate(None).scalar_subquery() < bindparam("connections"),
    )
    .values(
        state=State.SENDING,
        claim=bindparam("token"),
        lease_until=bindparam("until"),
        handed_over=False,
        attempts=_MESSAGES.c.attempts + 1,
    )
    .returning(_MESSAGES.c.id, _MESSAGES.c.attempts)
)
_RESERVE = insert(_USES).returning(_USES.c.id)
_COUNT = update(_USES).where(_USES.c.id == bindparam("use")).values(used_at=bindparam("at"))
# Its SET clause is made of the parameters that it is run with.
_OWNED = update(_MESSAGES).where(
    _MESSAGES.c.id == bindparam("message"),
    _MESSAGES.c.state == State.SENDING,
    _MESSAGES.c.claim == bindparam("token"),
)


@cache
def _used(windows: int) -> Select[Any]:
    """The account's uses in each window."""
    uses = [
        select(func.count())
        .where(
            _USES.c.smtp_account_id == bindparam("account_id"),
            _USES.c.used_at > bindparam(f"since_{place}"),
        )
        .scalar_subquery()
        for place in range(windows)
    ]
    return select(*uses)


@dataclass(frozen=True, slots=True)
class Claim:
    """Ownership of a message until the lease ends; `token` is the fence."""

    message_id: int
    account_id: int
    token: str
    claimed_at: datetime
    number: int = 1  # of this try
    rested: bool = False  # whether failures had let the account rest
    listened: bool = False  # whether a webhook wants to know what comes of it
    use_id: int = 0  # its reservation


def claim_next(account_id: int, now: datetime, room: Room | None = None) -> Claim | None:
    """The next due message of the account, reserved for the caller. Commits.

    None when nothing is due, the account rests or is paused, its limits are used up, or as many
    connections as it allows are busy.
    """
    return kept(lambda: take_next(account_id, now, room or Room()))


def take_next(account_id: int, now: datetime, room: Room) -> Claim | None:
    """As `claim_next`, in the caller's transaction: to end one try and begin the next at once.

    `room` is the caller's, kept from one claim to the next.
    """
    # The row lock makes the count and the reservation one step for every worker (PostgreSQL, where
    # the statements that follow see what the one before us wrote); SQLite holds its only write
    # lock since BEGIN IMMEDIATE.
    run = db.session.connection().execute
    # Not the whole account, but every column that the rules look at.
    row = run(_LOCK, {"account_id": account_id}).one_or_none()
    account = cast(SmtpAccount | None, row)
    if row is None or account is None or not may_send(account, now):
        return None
    if not _has_room(account_id, limits_of(account).windows, now, room):
        return None
    token = uuid.uuid4().hex
    given = {"account_id": account_id, "now": now, "token": token, "until": now + LEASE}
    taken = run(_BEGIN, {**given, "connections": account.max_connections}).one_or_none()
    if taken is None:
        return None
    return Claim(
        taken.id,
        account_id,
        token,
        now,
        number=taken.attempts,
        rested=account.holds > 0,
        listened=bool(row.listened),
        use_id=reserve(account_id, taken.id, now + LATEST),
    )


def _has_room(account_id: int, windows: Windows, now: datetime, room: Room) -> bool:
    if room.is_known(windows):
        return True
    asked = time.monotonic()
    since = {f"since_{place}": now - size for place, (size, _) in enumerate(windows)}
    counts = db.session.connection().execute(
        _used(len(windows)), {"account_id": account_id, **since}
    )
    return room.learn(windows, counts.one(), asked)


def reserve(account_id: int, message_id: int | None, at: datetime) -> int:
    """Count one recipient against the account's limits, as of `at`. The caller commits."""
    values = {"smtp_account_id": account_id, "message_id": message_id, "used_at": at}
    return int(db.session.connection().execute(_RESERVE, values).scalar_one())


def count(claim: Claim, at: datetime) -> None:
    """Date the reservation of a try by the server's answer. The caller commits."""
    date_use(claim.use_id, at)


def date_use(use_id: int, at: datetime) -> None:
    """Date a reservation. The caller commits."""
    db.session.connection().execute(_COUNT, {"use": use_id, "at": at})


def keep(claim: Claim, now: datetime) -> bool:
    """Renew the lease of a try that takes long. Commits. False: it was lost, as in `hand_over`."""
    won = _write_owned(claim, {"lease_until": now + LEASE})
    if won:
        count(claim, now + LATEST)
    db.session.commit()
    return won


def may_send(account: SmtpAccount, now: datetime) -> bool:
    """Whether the account is active and not resting."""
    resting = account.hold_until is not None and account.hold_until > now
    return account.state == AccountState.ACTIVE and not resting


def uses_of_last_day(account_id: int, now: datetime) -> list[datetime]:
    """Moments of the account's uses in the last 24 h, oldest first; for gauges and forecasts.

    A try under way is expected to be accepted now.
    """
    uses = db.session.scalars(
        select(QuotaUse.used_at)
        .where(QuotaUse.smtp_account_id == account_id, QuotaUse.used_at > now - DAY)
        .order_by(QuotaUse.used_at)
    )
    return [min(used, now) for used in uses]


def hand_over(claim: Claim, now: datetime, **as_sent: str) -> bool:
    """Record that the body is about to leave, and what it is. Commits.

    False: the lease was lost, another worker may have the message; do not send.
    """
    owner = {"message": claim.message_id, "token": claim.token}
    values = {"handed_over": True, "lease_until": now + HANDOVER_LEASE, **as_sent}
    return written_by(_OWNED, {**owner, **values}) == 1


def release_quota(claim: Claim) -> None:
    """Give back the reservation of a try that no server counted. The caller commits."""
    db.session.execute(delete(QuotaUse).where(QuotaUse.id == claim.use_id))


def settle(claim: Claim, **values: object) -> bool:
    """Write the end of a try if the claim still holds. The caller commits."""
    return _write_owned(claim, {"claim": None, "lease_until": None, **values})


def confirm_late(claim: Claim, **values: object) -> bool:
    """The server accepted after the lease had ended: uncertain becomes sent, if nobody decided
    otherwise meanwhile. The caller commits."""
    return changed(
        update(EmailMessage)
        .where(
            EmailMessage.id == claim.message_id,
            EmailMessage.state == State.UNCERTAIN,
            EmailMessage.attempts == claim.number,
        )
        .values(**values)
    )


def _write_owned(claim: Claim, values: dict[str, object]) -> bool:
    owner = {"message": claim.message_id, "token": claim.token}
    return db.session.connection().execute(_OWNED, {**owner, **values}).rowcount == 1


def changed(statement: Update) -> bool:
    """Whether an UPDATE changed exactly one row."""
    result = cast(
        CursorResult[Any],
        db.session.execute(statement, execution_options={"synchronize_session": False}),
    )
    return result.rowcount == 1
