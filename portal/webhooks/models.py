"""Tables of the webhooks: who is told, and what waits to be told."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.db import Base, text_enum

TOO_MANY = 50  # failures in a row; then the webhook is paused


class Event(StrEnum):
    """What another system may be told of a message."""

    SENT = "message.sent"
    FAILED = "message.failed"
    UNCERTAIN = "message.uncertain"
    BOUNCED = "message.bounced"


class CallState(StrEnum):
    """`UNCERTAIN` does not exist here: a webhook may be told twice, its id says that it was."""

    QUEUED = "queued"
    CALLING = "calling"
    DONE = "done"
    FAILED = "failed"


class Webhook(Base):
    """An address that wants to know."""

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    url: Mapped[str] = mapped_column(String(500), unique=True)
    secret: Mapped[str] = mapped_column(Text, default="")  # ciphertext, bound to this row
    events: Mapped[list[str]] = mapped_column(JSON, default=list)
    active: Mapped[bool] = mapped_column(default=True, index=True)
    pause_reason: Mapped[str] = mapped_column(String(300), default="")
    failures: Mapped[int] = mapped_column(default=0)  # in a row; TOO_MANY: it was paused by them
    created_at: Mapped[datetime]


class WebhookCall(Base):
    """One event on its way to one webhook: outbox row while it waits, log row ever after."""

    __tablename__ = "webhook_calls"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id", name="uq_webhook_call_once"),
        Index("ix_webhook_calls_due", "state", "next_attempt_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_id: Mapped[str] = mapped_column(String(36))  # told to the receiver; repeats carry it too
    event: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int]  # the message's id
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[CallState] = mapped_column(
        text_enum(CallState, "call_state"), default=CallState.QUEUED
    )
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    claim: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]
    status: Mapped[int | None]  # the HTTP status that came back last
    error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(index=True)
    done_at: Mapped[datetime | None]

    webhook: Mapped[Webhook] = relationship()
