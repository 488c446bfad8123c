"""The sender: drains an account's queue over one connection, one message at a time.

Nothing here holds a transaction while a PDF is rendered or a server is spoken to. What is known
at each line is in the database before the next one, so that a process may die anywhere:
claimed and not handed over → sent again later; handed over and not answered → uncertain.
"""

import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from flask import current_app
from sqlalchemy import Table, insert
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from portal.core import audit, clock
from portal.core.db import db
from portal.core.queue import DRAIN, finish_requests, wake
from portal.deliveries import backoff, claims, content, holds, waiting
from portal.deliveries.claims import Claim
from portal.deliveries.models import DeliveryAttempt
from portal.deliveries.states import State
from portal.deliveries.watchdog import TookTooLong, at_most
from portal.smtp import causes
from portal.smtp.addresses import DestinationPolicy
from portal.smtp.failures import Failure, Kind
from portal.smtp.models import AccountState, SmtpAccount
from portal.smtp.server import SmtpServer
from portal.smtp.stages import Stage
from portal.smtp.transport import Acceptance, SmtpSession

log = logging.getLogger(__name__)

ALERT = "jobs.deliveries.alert"
BUDGET = 240.0  # seconds that one job works before it hands on to a fresh one
# Failures before MAIL concern the connection, not the message: the account rests.
CONNECTION_STAGES = frozenset({Stage.DNS, Stage.CONNECT, Stage.GREETING, Stage.TLS, Stage.LOGIN})
COUNTED_STAGES = frozenset({Stage.DATA, Stage.ACCEPTED})
COMPOSE_SECONDS = 30.0  # well inside the lease
TOO_SLOW = (
    f"O boleto não ficou pronto em {COMPOSE_SECONDS:.0f} segundos."
    " Encurte os textos da carteira e da mensagem, e reenvie."
)
PATIENCE = (0.5, 1, 2, 4, 8, 15, 30)  # seconds between tries to write what happened
_NOTE = insert(cast(Table, DeliveryAttempt.__table__))


class LostClaim(Exception):
    """The lease ended before the body was handed over: another worker may have the message."""


@dataclass(slots=True)
class Attempt:
    """What one try has reached so far."""

    claim: Claim
    started_at: datetime
    clock_start: float = field(default_factory=time.monotonic)

    @property
    def milliseconds(self) -> int:
        """How long the try has taken."""
        return round((time.monotonic() - self.clock_start) * 1000)


def drain(account_id: int, budget: float = BUDGET) -> int:
    """Send what is due for the account; returns how many messages were tried.

    Ends when nothing is due, a limit is used up that does not open within a minute, the account
    rests or is paused, or the budget of seconds is spent (then a fresh job goes on).
    """
    deadline = time.monotonic() + budget
    tried = 0
    with Line(account_id) as line, finish_requests() as asked_to_end:
        while time.monotonic() < deadline and not asked_to_end():
            now = clock.now()
            claim = claims.claim_next(account_id, now)
            if claim is None:
                if waiting.for_room(account_id, now, deadline, asked_to_end):
                    continue
                return tried
            tried += 1
            if not send_claimed(claim, line):
                return tried
    wake(DRAIN, account_id)
    return tried


class Line:
    """The open connection of an account; dialled at need, and again when the account changed."""

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        self._session: SmtpSession | None = None
        self._server: SmtpServer | None = None

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def session(self, server: SmtpServer) -> SmtpSession:
        """A session with this very server; raises Failure when it cannot be had."""
        if self._session is None or self._server != server:
            self.close()
            self._server = server
            self._session = SmtpSession(server, destination_policy())
        return self._session

    def close(self) -> None:
        """Say goodbye; what QUIT answers changes nothing."""
        if self._session is not None:
            self._session.close()
        self._session = self._server = None


def send_claimed(claim: Claim, line: Line) -> bool:
    """Try the claimed message. False when the account should not be tried on now."""
    attempt = Attempt(claim, claim.claimed_at)
    made = _make(attempt)
    return made if isinstance(made, bool) else _deliver(attempt, line, *made)


def _make(attempt: Attempt) -> tuple[content.Draft, content.Mail] | bool:
    """The mail to hand over; or, where there is none, what `send_claimed` returns."""
    try:
        draft = content.load(attempt.claim, clock.now())
        if draft.skip:
            return _skip(attempt, draft.skip)
        with at_most(COMPOSE_SECONDS):
            return draft, content.compose(draft)
    except content.AccountUnusable as error:
        return _unusable(attempt, str(error))
    except content.Unsendable as error:
        return _unsendable(attempt, str(error))
    except TookTooLong:
        return _unsendable(attempt, TOO_SLOW)
    except SQLAlchemyError:
        raise  # the database's trouble is not the message's: the lease ends, another try follows
    except Exception as error:  # a defect in one message must not stop the others
        log.exception("message %s could not be made", attempt.claim.message_id)
        return _unsendable(attempt, f"A mensagem não pôde ser montada: {type(error).__name__}")


def _deliver(attempt: Attempt, line: Line, draft: content.Draft, mail: content.Mail) -> bool:
    def before_dot() -> None:
        if not claims.hand_over(attempt.claim, clock.now(), **mail.as_sent):
            raise LostClaim

    try:
        session = line.session(draft.server)
        acceptance = session.deliver(mail.data, draft.recipient, before_dot=before_dot)
    except LostClaim:
        log.warning("message %s: lease lost before the dot, not sent", attempt.claim.message_id)
        return True
    except Failure as failure:
        return _failed(attempt, failure, draft.server)
    return _accepted(attempt, acceptance)


def _accepted(attempt: Attempt, acceptance: Acceptance) -> bool:
    now, milliseconds = clock.now(), attempt.milliseconds

    sent = {
        "state": State.SENT,
        "accepted_at": now,
        "reply": acceptance.reply,
        "reason": "",
        "cause": "",
        "next_attempt_at": None,
    }

    def write() -> None:
        if not claims.settle(attempt.claim, **sent):
            claims.confirm_late(attempt.claim, **sent)
        code, reply = acceptance.code, acceptance.reply
        _note(attempt, "accepted", Stage.ACCEPTED, code, reply, "", milliseconds)
        if attempt.claim.rested:
            _unhold(attempt.claim.account_id)
        db.session.commit()

    _patiently(write)
    return True


def _patiently(write: Callable[[], None]) -> None:
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


def _skip(attempt: Attempt, reason: str) -> bool:
    claims.settle(
        attempt.claim, state=State.SKIPPED, reason=reason, cause="skipped", next_attempt_at=None
    )
    claims.release_quota(attempt.claim)
    db.session.commit()
    return True


def _unusable(attempt: Attempt, reason: str) -> bool:
    """The account cannot send at all: it pauses, and the message stays queued."""
    db.session.rollback()
    now = clock.now()
    claims.settle(
        attempt.claim, state=State.QUEUED, reason=reason, cause="account", next_attempt_at=now
    )
    claims.release_quota(attempt.claim)
    pause(attempt.claim.account_id, reason, now)
    db.session.commit()
    wake(ALERT, attempt.claim.account_id)
    return False


def _unsendable(attempt: Attempt, reason: str) -> bool:
    db.session.rollback()
    claims.settle(
        attempt.claim, state=State.FAILED, reason=reason, cause="content", next_attempt_at=None
    )
    claims.release_quota(attempt.claim)
    _note(attempt, "permanent", Stage.DNS, None, reason, "content")
    db.session.commit()
    return True


def _failed(attempt: Attempt, failure: Failure, server: SmtpServer) -> bool:
    """Settle a failed try by its kind; False when the account rests or is paused."""
    db.session.rollback()
    explanation = causes.explain(failure.cause, server)
    reason = explanation.title
    stop = False
    if failure.kind is Kind.UNCERTAIN:
        _settle_failed(attempt, failure, State.UNCERTAIN, reason)
    elif failure.kind is Kind.PERMANENT:
        _settle_failed(attempt, failure, State.FAILED, reason)
    elif failure.kind is Kind.ACCOUNT and failure.retry_after is None:
        _settle_failed(attempt, failure, State.QUEUED, reason, clock.now())
        pause(attempt.claim.account_id, f"{reason} {explanation.cure}", clock.now())
        stop = True
    elif failure.kind is Kind.ACCOUNT or failure.stage in CONNECTION_STAGES:
        until = hold(attempt.claim.account_id, reason, failure.retry_after, clock.now())
        _settle_failed(attempt, failure, State.QUEUED, reason, until)
        stop = True
    else:
        _retry_later(attempt, failure, reason)
    _note(attempt, failure.kind.value, failure.stage, failure.code, failure.reply, failure.cause)
    if failure.stage not in COUNTED_STAGES:
        claims.release_quota(attempt.claim)
    holds.keep_held(attempt.claim.message_id)
    db.session.commit()
    if failure.kind is Kind.ACCOUNT and failure.retry_after is None:
        wake(ALERT, attempt.claim.account_id)
    return not stop


def _retry_later(attempt: Attempt, failure: Failure, reason: str) -> None:
    tries = attempt.claim.number
    wait = backoff.delay(tries, random.random(), failure.retry_after)  # noqa: S311 - jitter
    if wait is None:
        gave_up = f"{reason} Desistimos depois de {tries} tentativas."
        _settle_failed(attempt, failure, State.FAILED, gave_up)
    else:
        _settle_failed(attempt, failure, State.QUEUED, reason, clock.now() + wait)


def _settle_failed(
    attempt: Attempt, failure: Failure, state: State, reason: str, retry_at: datetime | None = None
) -> None:
    claims.settle(
        attempt.claim,
        state=state,
        reason=reason,
        cause=failure.cause,
        reply=failure.reply,
        next_attempt_at=retry_at,
    )


def _note(
    attempt: Attempt,
    outcome: str,
    stage: Stage,
    code: int | None,
    reply: str,
    cause: str,
    milliseconds: int | None = None,
) -> None:
    values = {
        "message_id": attempt.claim.message_id,
        "number": attempt.claim.number,
        "started_at": attempt.started_at,
        "stage": stage.value,
        "outcome": outcome,
        "code": code,
        "reply": reply,
        "cause": cause,
        "milliseconds": attempt.milliseconds if milliseconds is None else milliseconds,
    }
    db.session.connection().execute(_NOTE, values)


def destination_policy() -> DestinationPolicy:
    """Which private addresses may receive SMTP, from the environment."""
    return DestinationPolicy(current_app.config["SETTINGS"].smtp_allow_private)


def pause(account_id: int, reason: str, now: datetime) -> None:
    """Stop the account until a person resumes it; its messages stay queued. Caller commits."""
    account = db.session.get(SmtpAccount, account_id, with_for_update=True)
    if account is None or account.state == AccountState.PAUSED:
        return
    account.state = AccountState.PAUSED
    account.pause_reason = reason[:500]
    account.paused_at = now
    audit.record(
        None, "smtp.pause", "smtp_account", account_id, now, summary=f"Pausada: {reason}"[:300]
    )
    log.error("account %s paused: %s", account_id, reason)


def hold(account_id: int, reason: str, at_least: timedelta | None, now: datetime) -> datetime:
    """Let the account rest: 1, 2, 4 … 15 minutes, or as long as the server asks. Caller commits."""
    account = db.session.get_one(SmtpAccount, account_id, with_for_update=True)
    account.holds += 1
    wait = timedelta(minutes=min(2 ** (account.holds - 1), 15))
    account.hold_until = now + (max(wait, at_least) if at_least else wait)
    account.hold_reason = reason[:500]
    log.warning("account %s rests until %s: %s", account_id, account.hold_until, reason)
    return account.hold_until


def _unhold(account_id: int) -> None:
    account = db.session.get(SmtpAccount, account_id)
    if account is not None and account.holds:
        account.holds = 0
        account.hold_until = None
        account.hold_reason = ""
