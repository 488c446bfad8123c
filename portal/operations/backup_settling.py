"""What a restored database may not go on with: what was on its way when the backup was made.

E-mails that it holds as queued may have left since. So every account is paused, and says why; a
person resumes it. Runs that were going on wait for a person too, and everybody signs in again
(sessions that were ended since the backup would be open again).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update

from portal.core import audit
from portal.core.clock import local
from portal.core.db import db
from portal.deliveries import reconcile
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import State
from portal.generation.models import Generation, GenerationState
from portal.smtp.models import AccountState, SmtpAccount
from portal.users.models import User, UserSession

REASON = (
    "Restaurado de uma cópia de {moment}: confira e retome."
    " O que está na fila pode já ter saído depois da cópia."
)
REASON_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Settled:
    """How many accounts were paused, and how many messages are uncertain now."""

    paused: int
    uncertain: int


def settle(made_at: datetime, timezone: str, now: datetime) -> Settled:
    """Make the restored database safe to start. Commits."""
    reason = REASON.format(moment=f"{local(made_at, timezone):%d/%m/%Y %H:%M}")
    accounts = db.session.query(SmtpAccount).order_by(SmtpAccount.id).all()
    for account in accounts:
        before = f" (Antes: {account.pause_reason})" if account.pause_reason else ""
        account.state = AccountState.PAUSED
        account.pause_reason = f"{reason}{before}"[:REASON_LIMIT]
        account.paused_at = now
    run = db.session.execute
    run(
        update(Generation)
        .where(Generation.state.in_([GenerationState.QUEUED, GenerationState.RUNNING]))
        .values(state=GenerationState.PAUSED, claim=None, lease_until=None)
    )
    # Whoever was sending is gone: the reconciler's own words and attempts tell what became of it.
    run(
        update(EmailMessage)
        .where(EmailMessage.state == State.SENDING)
        .values(lease_until=now - timedelta(seconds=1))
    )
    # Cookies made after the backup carry later versions: nobody raised theirs once a second.
    later = max(int((now - made_at).total_seconds()), 0) + 1
    run(update(User).values(session_version=User.session_version + later))
    run(delete(UserSession))
    audit.record(None, "backup.restore", "backup", None, now, summary=reason)
    _freed, uncertain = reconcile.free_expired_leases(now)
    return Settled(len(accounts), uncertain)
