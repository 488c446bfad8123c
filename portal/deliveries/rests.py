"""An account that must not be tried on now: paused until a person resumes it, or resting."""

import logging
from datetime import datetime, timedelta

from portal.core import audit
from portal.core.db import KEEPING_KEYS, db
from portal.smtp.models import AccountState, SmtpAccount

log = logging.getLogger(__name__)


def pause(account_id: int, reason: str, now: datetime) -> None:
    """Stop the account until a person resumes it; its messages stay queued. Caller commits."""
    account = db.session.get(SmtpAccount, account_id, with_for_update=KEEPING_KEYS)
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
    account = db.session.get_one(SmtpAccount, account_id, with_for_update=KEEPING_KEYS)
    account.holds += 1
    wait = timedelta(minutes=min(2 ** (account.holds - 1), 15))
    account.hold_until = now + (max(wait, at_least) if at_least else wait)
    account.hold_reason = reason[:500]
    log.warning("account %s rests until %s: %s", account_id, account.hold_until, reason)
    return account.hold_until


def unhold(account_id: int) -> None:
    """The account answers again: the next failure starts from the shortest rest. Caller commits."""
    account = db.session.get(SmtpAccount, account_id)
    if account is not None and account.holds:
        account.holds = 0
        account.hold_until = None
        account.hold_reason = ""
