"""Tables of the JSON API: tokens, and the answers kept for repeated requests."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.db import Base
from portal.users.models import User


class ApiToken(Base):
    """What another system signs in with. Only a digest is kept: the token is shown once."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    prefix: Mapped[str] = mapped_column(String(12))  # its first letters, to tell tokens apart
    digest: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256, hexadecimal
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]  # to within a minute
    revoked_at: Mapped[datetime | None]

    maker: Mapped[User | None] = relationship()


class ApiRequest(Base):
    """A write that carried an Idempotency-Key, and its answer: the same key gets it again."""

    __tablename__ = "api_requests"
    __table_args__ = (UniqueConstraint("token_id", "key", name="uq_api_request_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("api_tokens.id"))
    key: Mapped[str] = mapped_column(String(128))
    fingerprint: Mapped[str] = mapped_column(String(64))  # of method, path and body
    status: Mapped[int | None]  # None while it is being worked on
    answer: Mapped[Any] = mapped_column(JSON, default=None, nullable=True)
    location: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(index=True)

    token: Mapped[ApiToken] = relationship()
