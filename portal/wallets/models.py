"""Table of the wallets."""

from decimal import Decimal
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, CheckConstraint, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.boletos import BankAccount
from portal.core.db import Base, text_enum


class WalletKind(StrEnum):
    """Bank: the portal makes the boleto. Gateway: another system registers and notifies."""

    BANK = "bank"
    GATEWAY = "gateway"


# Columns that say where the wallet's boletos are registered; named as in `boletos.BankAccount`.
BANK_FIELDS = (
    "bank_code",
    "agencia",
    "agencia_dv",
    "conta",
    "conta_dv",
    "convenio",
    "convenio_dv",
    "carteira",
    "variacao",
    "modalidade",
    "posto",
    "byte",
    "operacao",
    "emissao",
    "ios",
    "tipo_carteira",
    "codigo_servico",
    "layout",
    "documento_cedente",
    "incremento",
    "portfolio",
)


class Wallet(Base):
    """A carteira de cobrança."""

    __tablename__ = "wallets"
    __table_args__ = (
        CheckConstraint("next_nosso_numero > 0", name="next_nosso_numero_positive"),
        CheckConstraint("fine_percent BETWEEN 0 AND 100", name="fine_range"),
        CheckConstraint("interest_percent_month BETWEEN 0 AND 100", name="interest_range"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[WalletKind] = mapped_column(
        text_enum(WalletKind, "wallet_kind"), default=WalletKind.BANK
    )
    bank_code: Mapped[str] = mapped_column(String(3), default="")
    agencia: Mapped[str] = mapped_column(String(10), default="")
    agencia_dv: Mapped[str] = mapped_column(String(2), default="")
    conta: Mapped[str] = mapped_column(String(20), default="")
    conta_dv: Mapped[str] = mapped_column(String(2), default="")
    convenio: Mapped[str] = mapped_column(String(20), default="")
    convenio_dv: Mapped[str] = mapped_column(String(2), default="")
    carteira: Mapped[str] = mapped_column(String(6), default="")
    variacao: Mapped[str] = mapped_column(String(4), default="")
    modalidade: Mapped[str] = mapped_column(String(4), default="")
    posto: Mapped[str] = mapped_column(String(3), default="")
    byte: Mapped[str] = mapped_column(String(1), default="")
    operacao: Mapped[str] = mapped_column(String(10), default="")
    emissao: Mapped[str] = mapped_column(String(2), default="")
    ios: Mapped[str] = mapped_column(String(1), default="")
    tipo_carteira: Mapped[str] = mapped_column(String(4), default="")
    codigo_servico: Mapped[str] = mapped_column(String(10), default="")
    layout: Mapped[str] = mapped_column(String(10), default="")
    documento_cedente: Mapped[str] = mapped_column(String(20), default="")
    incremento: Mapped[str] = mapped_column(String(10), default="")
    portfolio: Mapped[str] = mapped_column(String(10), default="")
    # Up to 17 digits at some banks.
    next_nosso_numero: Mapped[int] = mapped_column(BigInteger, default=1)
    # The year that the counter is in, at banks whose nosso número names the year and starts again.
    sequence_year: Mapped[int | None]
    instructions: Mapped[list[str]] = mapped_column(JSON, default=list)
    fine_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(0))
    interest_percent_month: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(0))
    discount: Mapped[Decimal] = mapped_column(Numeric(12, 2), default=Decimal(0))  # R$, until due
    email_on_generation: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)

    @property
    def bank_account(self) -> BankAccount:
        """The bank data as the boleto library takes it."""
        return BankAccount(**{name: getattr(self, name) for name in BANK_FIELDS})
