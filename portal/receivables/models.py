"""Table of the receivables, each with its boleto as it was generated."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.clients.models import Client
from portal.contracts.models import Contract
from portal.core.db import Base, text_enum
from portal.settings.models import DeliveryType
from portal.wallets.models import Wallet


class ReceivableStatus(StrEnum):
    """Aberto, pago ou cancelado."""

    OPEN = "open"
    PAID = "paid"
    CANCELLED = "cancelled"


class Receivable(Base):
    """A título a receber. What was printed at creation never changes afterwards."""

    __tablename__ = "receivables"
    __table_args__ = (
        # One title a contract and month; what an undone run made does not count, and only that:
        # a title cancelled by itself is not charged again by running the month again.
        Index(
            "uq_receivable_once",
            "contract_id",
            "competence",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
        UniqueConstraint("wallet_id", "sequence", name="uq_receivable_sequence"),
        UniqueConstraint("wallet_id", "nosso_numero", name="uq_receivable_nosso_numero"),
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_receivables_due_date_id", "due_date", "id"),
        # Lists and their sums in the order of falling due: read from the index alone.
        Index(
            "ix_receivables_report",
            *("status", "due_date", "id", "wallet_id", "delivery_type", "printed_at", "amount"),
        ),
        Index("ix_receivables_run", "generation_id", "due_date", "id"),
        Index(
            "ix_receivables_document_number",
            "document_number",
            postgresql_ops={"document_number": "text_pattern_ops"},
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), index=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id"), index=True)
    wallet_id: Mapped[int] = mapped_column(ForeignKey("wallets.id"))
    generation_id: Mapped[int | None] = mapped_column(ForeignKey("generations.id"))
    competence: Mapped[date]  # first of the month
    installment: Mapped[int] = mapped_column(default=1)
    installments: Mapped[int] = mapped_column(default=1)
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    due_date: Mapped[date]
    status: Mapped[ReceivableStatus] = mapped_column(
        text_enum(ReceivableStatus, "receivable_status"), default=ReceivableStatus.OPEN
    )
    delivery_type: Mapped[DeliveryType] = mapped_column(text_enum(DeliveryType, "delivery_type"))
    document_number: Mapped[str] = mapped_column(String(20))
    sequence: Mapped[int | None] = mapped_column(BigInteger)  # from the wallet's row; never reused
    nosso_numero: Mapped[str | None] = mapped_column(String(30))  # as printed, with check digit
    campo_livre: Mapped[str] = mapped_column(String(25), default="")
    codigo_barras: Mapped[str] = mapped_column(String(44), default="")
    linha_digitavel: Mapped[str] = mapped_column(String(60), default="")
    pix_payload: Mapped[str] = mapped_column(String(512), default="")  # the bank's, or empty
    printed: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # `boletos.Slip.to_dict()`
    # Charged after the due date: the wallet's, frozen as the boleto says them.
    fine_percent: Mapped[Decimal] = mapped_column(
        Numeric(5, 2), default=Decimal(0), server_default=text("0")
    )
    interest_percent_month: Mapped[Decimal] = mapped_column(
        Numeric(5, 2), default=Decimal(0), server_default=text("0")
    )
    reasons: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)  # the rule's words
    not_sent_code: Mapped[str] = mapped_column(String(40), default="", index=True)  # "" = e-mailed
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]  # cancelled because its whole run was undone
    printed_at: Mapped[datetime | None]

    contract: Mapped[Contract] = relationship()
    client: Mapped[Client] = relationship()
    wallet: Mapped[Wallet] = relationship()

    @property
    def has_boleto(self) -> bool:
        """Whether there is a boleto to print: a Gateway wallet without bank data has none."""
        return bool(self.codigo_barras)
