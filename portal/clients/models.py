"""Table of the clients."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, text_enum


class EmailStatus(StrEnum):
    """Whether a boleto can reach the client by e-mail; kept so that lists can count it."""

    OK = "ok"
    MISSING = "missing"
    INVALID = "invalid"


class Client(Base):
    """Who pays. `code` is the key of imports."""

    __tablename__ = "clients"
    __table_args__ = (Index("ix_clients_active_email_status", "active", "email_status"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    code: Mapped[str] = mapped_column(String(30), unique=True)
    name: Mapped[str] = mapped_column(String(160), index=True)
    cpf_cnpj: Mapped[str] = mapped_column(String(14), index=True)  # upper case, no punctuation
    emails: Mapped[str] = mapped_column(Text, default="")  # valid addresses, joined by ", "
    invalid_emails: Mapped[str] = mapped_column(Text, default="")  # as they were typed
    email_status: Mapped[EmailStatus] = mapped_column(
        text_enum(EmailStatus, "email_status"), default=EmailStatus.MISSING
    )
    bounced_at: Mapped[datetime | None]  # an address of theirs sent a boleto back
    bounce_reason: Mapped[str] = mapped_column(String(300), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    address: Mapped[str] = mapped_column(String(200), default="")
    number: Mapped[str] = mapped_column(String(20), default="")
    complement: Mapped[str] = mapped_column(String(80), default="")
    district: Mapped[str] = mapped_column(String(80), default="")
    city: Mapped[str] = mapped_column(String(80), default="", index=True)
    state: Mapped[str] = mapped_column(String(2), default="")
    postal_code: Mapped[str] = mapped_column(String(8), default="")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    anonymised_at: Mapped[datetime | None]  # their personal data was erased (LGPD, art. 18)

    @property
    def email_list(self) -> tuple[str, ...]:
        """The valid addresses, in the order given."""
        return tuple(filter(None, self.emails.split(", ")))


class DataAccess(Base):
    """Someone saw or took a client's personal data (LGPD, art. 37). Append-only."""

    __tablename__ = "data_accesses"
    __table_args__ = (Index("ix_data_accesses_client", "client_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    user_name: Mapped[str] = mapped_column(String(120))
    client_id: Mapped[int | None] = mapped_column(ForeignKey("clients.id"))  # None: a whole list
    what: Mapped[str] = mapped_column(String(120))  # the page, or the export and its filter
