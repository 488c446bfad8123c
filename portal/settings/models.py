"""Tables of the parameters; each has exactly one row, id 1."""

from datetime import date
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.db import Base, text_enum
from portal.smtp.models import SmtpAccount


class DeliveryType(StrEnum):
    """Tipo de envio de cobrança. A contract's `None` inherits the general one."""

    EMAIL = "email"
    PRINTED = "printed"


class BusinessDayRule(StrEnum):
    """What happens to a due date on a weekend or bank holiday when financials are generated."""

    KEEP = "keep"  # printed as it is; payable on the next business day
    NEXT = "next"  # moved to the next business day


class GeneralSettings(Base):
    """Parâmetros gerais: the company that charges, and what holds for every contract."""

    __tablename__ = "general_settings"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    company_name: Mapped[str] = mapped_column(String(120), default="")
    company_cpf_cnpj: Mapped[str] = mapped_column(String(14), default="")  # without punctuation
    company_email: Mapped[str] = mapped_column(String(254), default="")
    company_phone: Mapped[str] = mapped_column(String(30), default="")
    company_address: Mapped[str] = mapped_column(String(200), default="")
    company_district: Mapped[str] = mapped_column(String(80), default="")
    company_city: Mapped[str] = mapped_column(String(80), default="")
    company_state: Mapped[str] = mapped_column(String(2), default="")
    company_postal_code: Mapped[str] = mapped_column(String(8), default="")
    default_delivery_type: Mapped[DeliveryType] = mapped_column(
        text_enum(DeliveryType, "default_delivery_type"), default=DeliveryType.PRINTED
    )
    business_day_rule: Mapped[BusinessDayRule] = mapped_column(
        text_enum(BusinessDayRule, "business_day_rule"), default=BusinessDayRule.KEEP
    )
    logo_png: Mapped[bytes | None] = mapped_column(LargeBinary)  # printed on boletos


class FinancialSettings(Base):
    """Parâmetros financeiro: which account sends many boletos, and how."""

    __tablename__ = "financial_settings"
    __table_args__ = (
        CheckConstraint("id = 1", name="single_row"),
        CheckConstraint("max_open_receivables > 0", name="max_open_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    smtp_account_id: Mapped[int | None] = mapped_column(ForeignKey("smtp_accounts.id"))
    group_by_client: Mapped[bool] = mapped_column(default=True)
    max_open_receivables: Mapped[int | None]  # per contract; None = no limit
    pro_rata: Mapped[bool] = mapped_column(default=False)  # first month by days
    pilot_client_ids: Mapped[list[int]] = mapped_column(JSON, default=list)  # the last pilot group
    expire_after_days: Mapped[int] = mapped_column(default=30)  # days after the due date
    # Retention (LGPD): None keeps for ever. Titles, states and proof (SHA-256) are always kept.
    keep_bodies_days: Mapped[int | None]  # text and HTML of e-mails as they were sent
    keep_accesses_days: Mapped[int | None]  # who saw whose data, and sessions that ended

    smtp_account: Mapped[SmtpAccount | None] = relationship()


class Holiday(Base):
    """A municipal holiday of the company's own; national bank holidays are known already."""

    __tablename__ = "holidays"

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(String(80))
