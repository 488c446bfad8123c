"""What was changed after the last run and may be why the next one sends less."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.users import audit_words

# Columns that the requirements of automatic sending look at, by the entity of the audit trail.
WATCHED: Mapping[str, frozenset[str]] = {
    "wallet": frozenset({"email_on_generation", "active"}),
    "general_settings": frozenset({"default_delivery_type"}),
    "financial_settings": frozenset({"smtp_account_id"}),
    "smtp_account": frozenset({"state", "subject", "body", "host", "port", "security", "username"}),
}
LOOKED_AT = 30  # last events among which those that matter are sought
SHOWN = 3
LONG = frozenset({"subject", "body"})  # told by name: what they hold is too much for a line


@dataclass(frozen=True, slots=True)
class Change:
    """`Itaú 109: enviar e-mail ao gerar: Sim → Não`, when and by whom."""

    text: str
    at: datetime
    by: str


def changes_since(run_at: datetime) -> list[Change]:
    """The last changes after `run_at` of what automatic sending needs, newest first."""
    events = db.session.scalars(
        select(AuditEvent)
        .where(
            AuditEvent.entity.in_(WATCHED),
            AuditEvent.at > run_at,
            AuditEvent.action != "smtp.test",
        )
        .order_by(AuditEvent.id.desc())
        .limit(LOOKED_AT)
    )
    found = [
        Change(_text(event, names), event.at, event.actor_name)
        for event in events
        if (names := sorted(WATCHED[event.entity] & event.changes.keys()))
    ]
    return found[:SHOWN]


def _text(event: AuditEvent, names: Iterable[str]) -> str:
    parts = [
        audit_words.field(name, event.entity) if name in LONG else audit_words.change(event, name)
        for name in names
    ]
    return f"{event.summary or audit_words.area(event.action)} — {'; '.join(parts)}"
