"""Tables of the SMTP accounts and of their tests."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.db import Base, text_enum


class Security(StrEnum):
    """Tipo de segurança of the connection."""

    NONE = "none"
    STARTTLS = "starttls"  # "TLS" on screen, port 587
    SSL = "ssl"  # port 465


class AuthMethod(StrEnum):
    """How the account signs in."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    XOAUTH2 = "xoauth2"


class AccountState(StrEnum):
    """A paused account keeps its messages queued until a person resumes it."""

    ACTIVE = "active"
    PAUSED = "paused"


class SmtpTestState(StrEnum):
    """A test e-mail, from the button to the server's answer."""

    QUEUED = "queued"
    RUNNING = "running"
    ACCEPTED = "accepted"
    FAILED = "failed"


class SmtpAccount(Base):
    """One account that sends, with its message and its limits."""

    __tablename__ = "smtp_accounts"
    __table_args__ = (
        CheckConstraint("port BETWEEN 1 AND 65535", name="port_range"),
        CheckConstraint("hourly_limit > 0 AND daily_limit > 0", name="limits_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    host: Mapped[str] = mapped_column(String(255))
    port: Mapped[int]
    username: Mapped[str] = mapped_column(String(254), default="")
    sender_address: Mapped[str] = mapped_column(String(254))
    sender_name: Mapped[str] = mapped_column(String(120), default="")
    reply_to: Mapped[str] = mapped_column(String(254), default="")
    password: Mapped[str] = mapped_column(Text, default="")  # ciphertext, bound to this row
    requires_auth: Mapped[bool] = mapped_column(default=True)
    auth_method: Mapped[AuthMethod] = mapped_column(
        text_enum(AuthMethod, "auth_method"), default=AuthMethod.PASSWORD
    )
    security: Mapped[Security] = mapped_column(text_enum(Security, "security"))
    # XOAUTH2: where a fresh access token is had. Secrets are ciphertext, bound to this row.
    oauth_token_url: Mapped[str] = mapped_column(String(300), default="")
    oauth_client_id: Mapped[str] = mapped_column(String(200), default="")
    oauth_client_secret: Mapped[str] = mapped_column(Text, default="")
    oauth_refresh_token: Mapped[str] = mapped_column(Text, default="")
    oauth_scope: Mapped[str] = mapped_column(String(300), default="")
    utf8: Mapped[bool] = mapped_column(default=True)
    force_charset: Mapped[bool] = mapped_column(default=True)
    test_recipient: Mapped[str] = mapped_column(String(254), default="")
    hourly_limit: Mapped[int] = mapped_column(default=200)  # recipients in any 3600 s
    daily_limit: Mapped[int] = mapped_column(default=2000)  # recipients in any 86400 s
    minute_limit: Mapped[int | None]  # recipients in any 60 s; None = no such limit
    max_connections: Mapped[int] = mapped_column(default=2)
    subject: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    message_changed_at: Mapped[datetime | None]
    connection_changed_at: Mapped[datetime | None]
    state: Mapped[AccountState] = mapped_column(
        text_enum(AccountState, "state"), default=AccountState.ACTIVE
    )
    pause_reason: Mapped[str] = mapped_column(String(500), default="")
    paused_at: Mapped[datetime | None]
    # The server or its quota asks for a rest: nothing leaves before then, nobody need act.
    hold_until: Mapped[datetime | None]
    hold_reason: Mapped[str] = mapped_column(String(500), default="")
    holds: Mapped[int] = mapped_column(default=0)  # in a row; each one waits longer
    # The mailbox that receives delivery-status notifications; an empty host reads none.
    imap_host: Mapped[str] = mapped_column(String(255), default="")
    imap_port: Mapped[int] = mapped_column(default=993)
    imap_security: Mapped[Security] = mapped_column(
        text_enum(Security, "imap_security"), default=Security.SSL
    )
    imap_username: Mapped[str] = mapped_column(String(254), default="")
    imap_password: Mapped[str] = mapped_column(Text, default="")  # ciphertext, bound to this row
    imap_folder: Mapped[str] = mapped_column(String(120), default="INBOX")
    imap_uid_validity: Mapped[int | None] = mapped_column(BigInteger)
    imap_last_uid: Mapped[int] = mapped_column(BigInteger, default=0)
    imap_checked_at: Mapped[datetime | None]
    imap_error: Mapped[str] = mapped_column(String(500), default="")
    tested_at: Mapped[datetime | None]  # the last test, whatever came of it
    test_accepted: Mapped[bool | None]
    tested_by: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]

    tests: Mapped[list["SmtpTest"]] = relationship(
        back_populates="account", order_by="SmtpTest.id.desc()", passive_deletes=True
    )

    @property
    def has_credentials(self) -> bool:
        """Whether all that signing in needs has been filled in."""
        if not self.requires_auth:
            return True
        if self.auth_method == AuthMethod.XOAUTH2:
            given = (self.oauth_token_url, self.oauth_client_id, self.oauth_refresh_token)
            return bool(self.username and all(given))
        return bool(self.username and self.password)

    @property
    def test_is_current(self) -> bool:
        """Whether the last test was accepted and the connection is still as it was tested."""
        return bool(
            self.test_accepted
            and self.tested_at
            and (not self.connection_changed_at or self.connection_changed_at <= self.tested_at)
        )


class SmtpTest(Base):
    """One run of "Enviar e-mail de teste": stages are written while it runs."""

    __tablename__ = "smtp_tests"

    id: Mapped[int] = mapped_column(primary_key=True)
    smtp_account_id: Mapped[int] = mapped_column(
        ForeignKey("smtp_accounts.id", ondelete="CASCADE"), index=True
    )
    recipient: Mapped[str] = mapped_column(String(254))
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    requested_by: Mapped[str] = mapped_column(String(120))
    state: Mapped[SmtpTestState] = mapped_column(
        text_enum(SmtpTestState, "test_state"), default=SmtpTestState.QUEUED
    )
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    cause: Mapped[str] = mapped_column(Text, default="")
    cure: Mapped[str] = mapped_column(Text, default="")
    reply: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    account: Mapped[SmtpAccount] = relationship(back_populates="tests")
