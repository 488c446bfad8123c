"""Table of the generation runs."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, text_enum


class GenerationState(StrEnum):
    """A run goes in chunks; each is one transaction, and whoever comes next goes on."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDONE = "undone"


class Generation(Base):
    """One run of "Gerar financeiro": who, when, for what, and what came of it."""

    __tablename__ = "generations"

    id: Mapped[int] = mapped_column(primary_key=True)
    # Made by the form: the same form sent twice (double click, reload) is one run.
    request_key: Mapped[str] = mapped_column(String(64), unique=True)
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    requested_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    competence: Mapped[date]  # first of the month
    installments: Mapped[int] = mapped_column(default=1)
    today: Mapped[date]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[GenerationState] = mapped_column(
        text_enum(GenerationState, "generation_state"), default=GenerationState.QUEUED
    )
    position: Mapped[int] = mapped_column(default=0)  # the last client id whose contracts are done
    expected: Mapped[int] = mapped_column(default=0)  # contracts to look at, counted at the start
    claim: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")
    contracts: Mapped[int] = mapped_column(default=0)  # looked at
    receivables: Mapped[int] = mapped_column(default=0)
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2), default=Decimal(0))
    emails: Mapped[int] = mapped_column(default=0)  # receivables that go by e-mail
    messages: Mapped[int] = mapped_column(default=0)  # outbox rows, one per recipient
    printed: Mapped[int] = mapped_column(default=0)
    not_sent: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)  # receivables by code
    not_generated: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)  # contracts by code
