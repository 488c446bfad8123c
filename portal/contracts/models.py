"""Table of the contracts."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.clients.models import Client
from portal.core.db import Base, text_enum
from portal.settings.models import DeliveryType
from portal.wallets.models import Wallet


class ContractStatus(StrEnum):
    """Only active contracts are billed."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


class Contract(Base):
    """A plan that a client pays every month."""

    __tablename__ = "contracts"
    __table_args__ = (
        CheckConstraint("due_day BETWEEN 1 AND 31", name="due_day_range"),
        CheckConstraint("amount > 0", name="amount_positive"),
        # Counted by delivery type and wallet on the checklist, whose number stands on each page.
        Index("ix_contracts_status_sending", "status", "delivery_type", "wallet_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    code: Mapped[str] = mapped_column(String(30), unique=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id"), index=True)
    plan: Mapped[str] = mapped_column(String(120), default="")
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))  # R$ a month
    due_day: Mapped[int]
    wallet_id: Mapped[int] = mapped_column(ForeignKey("wallets.id"), index=True)
    delivery_type: Mapped[DeliveryType | None] = mapped_column(
        text_enum(DeliveryType, "delivery_type")
    )  # None inherits Tipo de cobrança padrão
    status: Mapped[ContractStatus] = mapped_column(
        text_enum(ContractStatus, "contract_status"), default=ContractStatus.ACTIVE
    )
    activated_on: Mapped[date]
    created_at: Mapped[datetime]

    client: Mapped[Client] = relationship()
    wallet: Mapped[Wallet] = relationship()
