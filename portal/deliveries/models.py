"""Tables of the outbox and log: one row per recipient, its tries, and the quota it used."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.clients.models import Client
from portal.core.db import Base, text_enum
from portal.deliveries.states import Kind, State
from portal.receivables.models import Receivable
from portal.smtp.models import SmtpAccount


class EmailMessage(Base):
    """One e-mail to one recipient: outbox row while it waits, log row ever after."""

    __tablename__ = "email_messages"
    __table_args__ = (
        # NULL generations (manual, test) are distinct: only automatic messages are held to one.
        UniqueConstraint("generation_id", "scope", "recipient", name="uq_message_once"),
        Index("ix_email_messages_due", "smtp_account_id", "state", "next_attempt_at", "id"),
        Index("ix_email_messages_client", "client_id", "id"),
        # The log, newest first, whole and by each of its filters.
        Index("ix_email_messages_created", "created_at", "id"),
        Index("ix_email_messages_state", "state", "created_at", "id"),
        Index("ix_email_messages_cause", "cause", "created_at", "id"),
        Index("ix_email_messages_account", "smtp_account_id", "created_at", "id"),
        Index("ix_email_messages_generation", "generation_id", "created_at", "id"),
        Index("ix_email_messages_person", "requested_by_id", "created_at", "id"),
        Index(
            "ix_email_messages_by_hand",
            "kind",
            "created_at",
            "id",
            sqlite_where=text("kind <> 'automatic'"),
            postgresql_where=text("kind <> 'automatic'"),
        ),
        Index(
            "ix_email_messages_recipient",
            "recipient",
            postgresql_ops={"recipient": "text_pattern_ops"},
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Kind] = mapped_column(text_enum(Kind, "message_kind"))
    client_id: Mapped[int | None] = mapped_column(ForeignKey("clients.id"))
    contract_id: Mapped[int | None] = mapped_column(ForeignKey("contracts.id"))
    generation_id: Mapped[int | None] = mapped_column(ForeignKey("generations.id"))
    scope: Mapped[str] = mapped_column(String(40), default="")  # "client:12" or "contract:34"
    smtp_account_id: Mapped[int] = mapped_column(ForeignKey("smtp_accounts.id"))
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(400), default="")  # as sent, once it was
    state: Mapped[State] = mapped_column(text_enum(State, "message_state"), default=State.QUEUED)
    reason: Mapped[str] = mapped_column(Text, default="")  # why it stands where it stands
    cause: Mapped[str] = mapped_column(String(40), default="")  # stable code
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    claim: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]
    # True from just before the body is handed over: if the process dies then, no one can know.
    handed_over: Mapped[bool] = mapped_column(default=False)
    message_id: Mapped[str] = mapped_column(String(200), unique=True)
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    requested_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    reply: Mapped[str] = mapped_column(Text, default="")  # the server's last word
    text: Mapped[str] = mapped_column(Text, default="")  # the parts as sent
    html: Mapped[str] = mapped_column(Text, default="")
    pdf_sha256: Mapped[str] = mapped_column(String(64), default="")

    client: Mapped[Client | None] = relationship()
    smtp_account: Mapped[SmtpAccount] = relationship()
    links: Mapped[list["MessageReceivable"]] = relationship(
        back_populates="message", order_by="MessageReceivable.receivable_id"
    )
    tries: Mapped[list["DeliveryAttempt"]] = relationship(
        back_populates="message", order_by="DeliveryAttempt.id"
    )

    @property
    def receivables(self) -> list[Receivable]:
        """The titles that this message carries, first to fall due first."""
        titles = [link.receivable for link in self.links]
        return sorted(titles, key=lambda title: (title.due_date, title.id))


class MessageReceivable(Base):
    """Joins a message to its titles, and holds guarantee D in the database."""

    __tablename__ = "email_message_receivables"
    __table_args__ = (
        # One automatic e-mail per title and recipient, whatever runs twice. NULL for manual ones.
        UniqueConstraint("receivable_id", "automatic_recipient", name="uq_automatic_once"),
    )

    message_id: Mapped[int] = mapped_column(ForeignKey("email_messages.id"), primary_key=True)
    receivable_id: Mapped[int] = mapped_column(
        ForeignKey("receivables.id"), primary_key=True, index=True
    )
    automatic_recipient: Mapped[str | None] = mapped_column(String(254))

    message: Mapped[EmailMessage] = relationship(back_populates="links")
    receivable: Mapped[Receivable] = relationship()


class DeliveryAttempt(Base):
    """One try of a message. Append-only (a trigger refuses updates)."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (Index("ix_delivery_attempts_outcome", "outcome", "started_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("email_messages.id"), index=True)
    number: Mapped[int]
    started_at: Mapped[datetime]
    stage: Mapped[str] = mapped_column(String(20))  # the last stage reached
    outcome: Mapped[str] = mapped_column(String(20))  # accepted, temporary, permanent, …
    code: Mapped[int | None]
    reply: Mapped[str] = mapped_column(Text, default="")
    cause: Mapped[str] = mapped_column(String(40), default="")
    milliseconds: Mapped[int] = mapped_column(default=0)

    message: Mapped[EmailMessage] = relationship(back_populates="tries")


class Bounce(Base):
    """A delivery-status notification (RFC 3464) that came back for a message."""

    __tablename__ = "bounces"
    __table_args__ = (
        UniqueConstraint("smtp_account_id", "notification_id", name="uq_bounce_once"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    smtp_account_id: Mapped[int] = mapped_column(ForeignKey("smtp_accounts.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("email_messages.id"), index=True)
    notification_id: Mapped[str] = mapped_column(String(200))  # its own Message-ID, or a digest
    recipient: Mapped[str] = mapped_column(String(254))
    action: Mapped[str] = mapped_column(String(20))  # failed, delayed, …
    status: Mapped[str] = mapped_column(String(20))  # enhanced code, RFC 3463
    diagnostic: Mapped[str] = mapped_column(Text, default="")
    received_at: Mapped[datetime]


class QuotaUse(Base):
    """One recipient counted against an account's limits, reserved before the try."""

    __tablename__ = "quota_uses"
    __table_args__ = (Index("ix_quota_uses_account_time", "smtp_account_id", "used_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    smtp_account_id: Mapped[int] = mapped_column(ForeignKey("smtp_accounts.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("email_messages.id"), index=True)
    used_at: Mapped[datetime]
