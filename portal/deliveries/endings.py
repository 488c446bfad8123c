"""How a try ends: what is written of it, with its message, its account and the limits.

Each ending is one transaction. Where the claim was lost meanwhile, the message belongs to another:
only what this try came to is noted, its reservation given back, and nobody is told.
"""

import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from portal.core import clock
from portal.core.db import db
from portal.core.queue import wake
from portal.deliveries import backoff, claims, holds, rests, telling, tries
from portal.deliveries.claims import Claim
from portal.deliveries.room import Room
from portal.deliveries.states import State
from portal.smtp import causes
from portal.smtp.failures import Failure, Kind
from portal.smtp.server import SmtpServer
from portal.smtp.stages import BEFORE_SENDING, Stage
from portal.smtp.transport import Acceptance

log = logging.getLogger(__name__)

ALERT = "jobs.deliveries.alert"
# Failures before MAIL concern the connection, not the message: the account rests.
CONNECTION_STAGES = frozenset(BEFORE_SENDING)
COUNTED_STAGES = frozenset({Stage.DATA, Stage.ACCEPTED})
RENEW_AFTER = claims.RENEW_AFTER.total_seconds()
PATIENCE = (0.5, 1, 2, 4, 8, 15, 30)  # seconds between tries to write what happened


class LostClaim(Exception):
    """The lease ended before the body was handed over: another worker may have the message."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether the account may be tried on now, and the next claim where one came along."""

    go_on: bool = True
    claim: Claim | None = None


GO_ON, STOP = Outcome(), Outcome(go_on=False)


@dataclass(slots=True)
class Attempt:
    """What one try has reached so far; `more` tells whether another may follow it."""

    claim: Claim
    started_at: datetime
    more: Callable[[], bool]
    room: Room
    clock_start: float = field(default_factory=time.monotonic)
    renewed_at: float = field(default_factory=time.monotonic)
    handed_over: bool = False

    @property
    def milliseconds(self) -> int:
        """How long the try has taken."""
        return round((time.monotonic() - self.clock_start) * 1000)

    def keep(self) -> None:
        """Renew the lease if it is getting old. Raises LostClaim."""
        if self.handed_over or time.monotonic() - self.renewed_at < RENEW_AFTER:
            return
        if not claims.keep(self.claim, clock.now()):
            raise LostClaim
        self.renewed_at = time.monotonic()


def accepted(attempt: Attempt, acceptance: Acceptance) -> Outcome:
    """Write the acceptance, and in the same transaction claim what comes next: one commit less."""
    now, milliseconds = clock.now(), attempt.milliseconds
    account_id = attempt.claim.account_id
    sent = {
        "state": State.SENT,
        "accepted_at": now,
        "reply": acceptance.reply,
        "reason": "",
        "cause": "",
        "next_attempt_at": None,
    }

    def write() -> Claim | None:
        won = claims.settle(attempt.claim, **sent) or claims.confirm_late(attempt.claim, **sent)
        if not won and tries.is_noted(attempt.claim.message_id, attempt.claim.number, "accepted"):
            db.session.rollback()  # only the answer to the commit was lost
            return None
        claims.count(attempt.claim, now)
        code, reply = acceptance.code, acceptance.reply
        _note(attempt, "accepted", Stage.ACCEPTED, code, reply, "", milliseconds)
        if attempt.claim.rested:
            rests.unhold(account_id)
        if won:
            _tell(attempt, now)
        # By the clock: after a wait for the database, a lease from `now` on might have ended.
        more = attempt.more()
        following = claims.take_next(account_id, clock.now(), attempt.room) if more else None
        db.session.commit()
        return following

    return Outcome(claim=_patiently(write))


def _patiently(write: Callable[[], Claim | None]) -> Claim | None:
    """Do what must not be lost, again if the database is away or locked for a while.

    The lease lasts longer than this, so that nobody else has decided in the meantime.
    """
    for wait in PATIENCE:
        try:
            return write()
        except OperationalError as error:
            log.warning("the database is away, trying again in %s s: %s", wait, error)
            with suppress(SQLAlchemyError):
                db.session.rollback()
            time.sleep(wait)
    return write()


def skipped(attempt: Attempt, reason: str) -> Outcome:
    claims.settle(
        attempt.claim, state=State.SKIPPED, reason=reason, cause="skipped", next_attempt_at=None
    )
    claims.release_quota(attempt.claim)
    db.session.commit()
    return GO_ON


def unusable(attempt: Attempt, reason: str) -> Outcome:
    """The account cannot send at all: it pauses, and the message stays queued."""
    db.session.rollback()
    now = clock.now()
    if claims.settle(
        attempt.claim, state=State.QUEUED, reason=reason, cause="account", next_attempt_at=now
    ):
        holds.keep_held(attempt.claim.message_id)
    claims.release_quota(attempt.claim)
    rests.pause(attempt.claim.account_id, reason, now)
    db.session.commit()
    wake(ALERT, attempt.claim.account_id)
    return STOP


def unsendable(attempt: Attempt, reason: str) -> Outcome:
    db.session.rollback()
    won = claims.settle(
        attempt.claim, state=State.FAILED, reason=reason, cause="content", next_attempt_at=None
    )
    claims.release_quota(attempt.claim)
    _note(attempt, "permanent", Stage.DNS, None, reason, "content")
    if won:
        _tell(attempt, clock.now())
    db.session.commit()
    return GO_ON


def failed(attempt: Attempt, failure: Failure, server: SmtpServer) -> Outcome:
    """Settle a failed try by its kind; STOP when the account rests or is paused."""
    db.session.rollback()
    explanation = causes.explain(failure.cause, server)
    reason = explanation.title
    stop = False
    if failure.kind is Kind.UNCERTAIN:
        won = _settle_failed(attempt, failure, State.UNCERTAIN, reason)
    elif failure.kind is Kind.PERMANENT:
        won = _settle_failed(attempt, failure, State.FAILED, reason)
    elif failure.kind is Kind.ACCOUNT and failure.retry_after is None:
        won = _settle_failed(attempt, failure, State.QUEUED, reason, clock.now())
        rests.pause(attempt.claim.account_id, f"{reason} {explanation.cure}", clock.now())
        stop = True
    elif failure.kind is Kind.ACCOUNT or failure.stage in CONNECTION_STAGES:
        until = rests.hold(attempt.claim.account_id, reason, failure.retry_after, clock.now())
        won = _settle_failed(attempt, failure, State.QUEUED, reason, until)
        stop = True
    else:
        won = _retry_later(attempt, failure, reason)
    _note(attempt, failure.kind.value, failure.stage, failure.code, failure.reply, failure.cause)
    if failure.stage in COUNTED_STAGES:
        claims.count(attempt.claim, clock.now())
    else:
        claims.release_quota(attempt.claim)
    if won:
        holds.keep_held(attempt.claim.message_id)
        _tell(attempt, clock.now())
    db.session.commit()
    if failure.kind is Kind.ACCOUNT and failure.retry_after is None:
        wake(ALERT, attempt.claim.account_id)
    return STOP if stop else GO_ON


def _retry_later(attempt: Attempt, failure: Failure, reason: str) -> bool:
    count = tries.count(attempt.claim.message_id, Kind.TEMPORARY, attempt.claim.number) + 1
    wait = backoff.delay(count, random.random(), failure.retry_after)  # noqa: S311 - jitter
    if wait is None:
        gave_up = f"{reason} Desistimos depois de {count} tentativas."
        return _settle_failed(attempt, failure, State.FAILED, gave_up)
    return _settle_failed(attempt, failure, State.QUEUED, reason, clock.now() + wait)


def _settle_failed(
    attempt: Attempt, failure: Failure, state: State, reason: str, retry_at: datetime | None = None
) -> bool:
    return claims.settle(
        attempt.claim,
        state=state,
        reason=reason,
        cause=failure.cause,
        reply=failure.reply,
        next_attempt_at=retry_at,
    )


def _tell(attempt: Attempt, now: datetime) -> None:
    if attempt.claim.listened:
        telling.tell(attempt.claim.message_id, now)


def _note(
    attempt: Attempt,
    outcome: str,
    stage: Stage,
    code: int | None,
    reply: str,
    cause: str,
    milliseconds: int | None = None,
) -> None:
    tries.note(
        attempt.claim.message_id,
        attempt.claim.number,
        attempt.started_at,
        outcome,
        stage,
        code=code,
        reply=reply,
        cause=cause,
        milliseconds=attempt.milliseconds if milliseconds is None else milliseconds,
    )
