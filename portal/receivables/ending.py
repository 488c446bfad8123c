"""How a title changes when it is settled, cancelled or opened again; the caller commits."""

from datetime import datetime

from portal.core import audit
from portal.core.audit import Actor
from portal.receivables.models import Receivable, ReceivableStatus

ENTITY = "receivable"


def settle(
    title: Receivable, paid_at: datetime, words: str, actor: Actor | None, now: datetime
) -> None:
    """The open title was paid at that moment; `words` say when: "em 20/11/2026"."""
    title.settled_at = paid_at
    _change(title, ReceivableStatus.PAID, "settle", f"baixado como pago {words}", actor, now)


def cancel(title: Receivable, reason: str, actor: Actor | None, now: datetime) -> None:
    """The open title is no longer owed, for the reason that a person gave."""
    title.cancelled_at = now
    words = f"cancelado: {reason}" if reason else "cancelado"
    _change(title, ReceivableStatus.CANCELLED, "cancel", words, actor, now)


def reopen(title: Receivable, actor: Actor | None, now: datetime) -> None:
    """The settled title is owed again."""
    title.settled_at = None
    _change(title, ReceivableStatus.OPEN, "reopen", "com a baixa estornada", actor, now)


def _change(
    title: Receivable,
    status: ReceivableStatus,
    verb: str,
    words: str,
    actor: Actor | None,
    now: datetime,
) -> None:
    changes = audit.apply(title, {"status": status})
    summary = f"Título {title.document_number} {words}"
    audit.record(
        actor, f"receivables.{verb}", ENTITY, title.id, now, summary=summary, changes=changes
    )
