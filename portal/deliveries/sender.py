"""The sender: drains an account's queue over one connection, one message at a time.

Nothing here holds a transaction while a PDF is rendered or a server is spoken to. What is known
at each line is in the database before the next one, so that a process may die anywhere:
claimed and not handed over → sent again later; handed over and not answered → uncertain.
"""

import logging
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from portal.core import clock
from portal.core.queue import DRAIN, finish_requests, wake
from portal.deliveries import claims, content, endings, waiting
from portal.deliveries.claims import Claim
from portal.deliveries.endings import GO_ON, Attempt, LostClaim, Outcome
from portal.deliveries.line import Line
from portal.deliveries.watchdog import TookTooLong, at_most
from portal.smtp.failures import Failure

log = logging.getLogger(__name__)

BUDGET = 240.0  # seconds that one job works before it hands on to a fresh one
COMPOSE_SECONDS = 30.0  # well inside the lease
TOO_SLOW = (
    f"O boleto não ficou pronto em {COMPOSE_SECONDS:.0f} segundos."
    " Encurte os textos da carteira e da mensagem, e reenvie."
)


def drain(account_id: int, budget: float = BUDGET) -> int:
    """Send what is due for the account; returns how many messages were tried.

    Ends when nothing is due, a limit is used up that does not open within a minute, the account
    rests or is paused, or the budget of seconds is spent (then a fresh job goes on).
    """
    deadline = time.monotonic() + budget
    tried = 0
    with Line(account_id) as line, finish_requests() as asked_to_end:

        def more() -> bool:
            return time.monotonic() < deadline and not asked_to_end()

        claim = None
        while claim or more():
            now = clock.now()
            claim = claim or claims.claim_next(account_id, now, line.room)
            if claim is None:
                if waiting.for_room(account_id, now, deadline, asked_to_end):
                    continue
                return tried
            tried += 1
            outcome = send_claimed(claim, line, more)
            if not outcome.go_on:
                return tried
            claim = outcome.claim
    wake(DRAIN, account_id)
    return tried


def send_claimed(claim: Claim, line: Line, more: Callable[[], bool] = lambda: False) -> Outcome:
    """Try the claimed message; where it was accepted and `more` says so, the next is claimed."""
    attempt = Attempt(claim, claim.claimed_at, more, line.room)
    made = _make(attempt)
    return made if isinstance(made, Outcome) else _deliver(attempt, line, *made)


def _make(attempt: Attempt) -> tuple[content.Draft, content.Mail] | Outcome:
    """The mail to hand over; or, where there is none, what `send_claimed` returns."""
    try:
        draft = content.load(attempt.claim, clock.now())
        if draft.skip:
            return endings.skipped(attempt, draft.skip)
        with at_most(COMPOSE_SECONDS):
            return draft, content.compose(draft)
    except content.AccountUnusable as error:
        return endings.unusable(attempt, str(error))
    except content.Unsendable as error:
        return endings.unsendable(attempt, str(error))
    except TookTooLong:
        return endings.unsendable(attempt, TOO_SLOW)
    except SQLAlchemyError:
        raise  # the database's trouble is not the message's: the lease ends, another try follows
    except Exception as error:  # a defect in one message must not stop the others
        log.exception("message %s could not be made", attempt.claim.message_id)
        return endings.unsendable(
            attempt, f"A mensagem não pôde ser montada: {type(error).__name__}"
        )


def _deliver(attempt: Attempt, line: Line, draft: content.Draft, mail: content.Mail) -> Outcome:
    def before_dot() -> None:
        if not claims.hand_over(attempt.claim, clock.now(), **mail.as_sent):
            raise LostClaim
        attempt.handed_over = True

    try:
        attempt.keep()
        session = line.session(draft.server, attempt.keep)
        acceptance = session.deliver(
            mail.data, draft.recipient, before_data=attempt.keep, before_dot=before_dot
        )
    except LostClaim:
        log.warning("message %s: lease lost before the dot, not sent", attempt.claim.message_id)
        return GO_ON
    except Failure as failure:
        return endings.failed(attempt, failure, draft.server)
    return endings.accepted(attempt, acceptance)
