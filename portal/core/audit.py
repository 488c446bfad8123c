"""Who changed what, when, from what to what. Append-only; never a secret."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import JSON, ForeignKey, Index, String, event
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from portal.core.db import Base, db

SECRETS = frozenset(
    {"password", "password_hash", "imap_password", "oauth_client_secret", "oauth_refresh_token"}
)


class Actor(Protocol):
    """Whoever acts: a user, or the command line."""

    id: Any
    name: Any


class AuditEvent(Base):
    """One change. Rows are never updated or deleted (a trigger holds that too)."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_entity", "entity", "entity_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    actor_name: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(60))
    entity: Mapped[str] = mapped_column(String(40))
    entity_id: Mapped[int | None]
    summary: Mapped[str] = mapped_column(String(300))
    changes: Mapped[dict[str, list[Any]]] = mapped_column(JSON)


@event.listens_for(AuditEvent, "before_update")
@event.listens_for(AuditEvent, "before_delete")
def _refuse(_mapper: Mapper[Any], _connection: Any, _target: AuditEvent) -> None:
    raise RuntimeError("audit events are append-only")


def record(
    actor: Actor | None,
    action: str,
    entity: str,
    entity_id: int | None,
    now: datetime,
    *,
    summary: str = "",
    changes: dict[str, list[Any]] | None = None,
) -> None:
    """Add an event to the session; the caller's commit keeps it with the change itself."""
    values = columns(actor, action, entity, entity_id, now, summary=summary, changes=changes)
    db.session.add(AuditEvent(**values))


def columns(
    actor: Actor | None,
    action: str,
    entity: str,
    entity_id: int | None,
    now: datetime,
    *,
    summary: str = "",
    changes: dict[str, list[Any]] | None = None,
) -> dict[str, Any]:
    """An event's columns: for `record`, and for inserting thousands at once."""
    return {
        "at": now,
        "actor_id": getattr(actor, "id", None),
        "actor_name": str(getattr(actor, "name", "linha de comando"))[:120],
        "action": action,
        "entity": entity,
        "entity_id": entity_id,
        "summary": summary[:300],
        "changes": changes or {},
    }


def apply(target: Any, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Set attributes that differ; returns {field: [before, after]}, secrets as "•••"."""
    changes: dict[str, list[Any]] = {}
    for name, value in values.items():
        before = getattr(target, name)
        if before != value:
            setattr(target, name, value)
            hidden = name in SECRETS
            changes[name] = ["•••", "•••"] if hidden else [plain(before), plain(value)]
    return changes


def plain(value: Any) -> Any:
    """A JSON-safe form of a column's value."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value)
