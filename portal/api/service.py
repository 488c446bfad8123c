"""Use-cases of the tokens: create, revoke, note that one was used."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from portal.api.models import ApiToken
from portal.api.scopes import Scope
from portal.core import audit
from portal.core.db import db
from portal.core.errors import Conflict, InvalidValue, NotFound
from portal.core.text import one_line
from portal.users.models import User
from portal.web.permissions import ROLE_PERMISSIONS, Permission

ENTITY = "api_token"
PREFIX = "pontual_"
SHOWN = 12  # first characters of a token that lists show
USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TokenActor:
    """Who acts through the API, for the audit trail and the rows that name a person."""

    token_id: int
    name: str
    scopes: frozenset[str]
    id: None = None  # no person: these rows refer to users


def digest(token: str) -> str:
    """The only form in which a token is kept. It has 256 bits: no salt, no slow hash needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def create(
    name: str, scopes: Sequence[str], expires_at: datetime | None, actor: User, now: datetime
) -> tuple[ApiToken, str]:
    """A new token's row, and the token itself, which is shown this once. Raises InvalidValue."""
    chosen = [scope.value for scope in Scope if scope.value in scopes]
    if not chosen:
        raise InvalidValue("scopes", "Escolha ao menos uma permissão.")
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        name=one_line(name),
        prefix=token[:SHOWN],
        digest=digest(token),
        scopes=chosen,
        created_by_id=actor.id,
        created_by=actor.name,
        created_at=now,
        expires_at=expires_at,
    )
    db.session.add(row)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise InvalidValue("name", "Já há um token com este nome. Escolha outro.") from None
    changes = {"scopes": [None, chosen], "expires_at": [None, audit.plain(expires_at)]}
    _record(actor, "create_token", row, "criado", now, changes)
    db.session.commit()
    return row, token


def revoke(token_id: int, actor: User, now: datetime) -> ApiToken:
    """The token opens nothing any more. Raises NotFound, Conflict."""
    row = db.session.get(ApiToken, token_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("Este token não existe.")
    if row.revoked_at is not None:
        raise Conflict("Este token já foi revogado.")
    row.revoked_at = now
    _record(actor, "revoke_token", row, "revogado", now)
    db.session.commit()
    return row


def find(token: str, now: datetime) -> ApiToken | None:
    """The row of a token that is known, backed, not revoked and not expired."""
    row = db.session.scalar(
        select(ApiToken)
        .where(
            ApiToken.digest == digest(token),
            ApiToken.revoked_at.is_(None),
            or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now),
        )
        .options(joinedload(ApiToken.maker))
    )
    return row if row is not None and is_backed(row) else None


def is_backed(row: ApiToken) -> bool:
    """Whether the person who made the token may still make one: else their copy of it would go on
    opening what their account no longer does."""
    maker = row.maker
    return maker is None or (
        maker.active and Permission.MANAGE_USERS in ROLE_PERMISSIONS[maker.role]
    )


def note_use(token_id: int, now: datetime) -> None:
    """Write down when the token was last used, to within a minute. Commits."""
    db.session.execute(
        update(ApiToken)
        .where(
            ApiToken.id == token_id,
            or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= now - USED_EVERY),
        )
        .values(last_used_at=now),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()


def is_noted(row: ApiToken, now: datetime) -> bool:
    """Whether the last use that is written down is recent enough."""
    return row.last_used_at is not None and row.last_used_at > now - USED_EVERY


def all_tokens() -> Sequence[ApiToken]:
    """Every token: those that open something first, then by name."""
    order = (ApiToken.revoked_at.is_not(None), ApiToken.name)
    query = select(ApiToken).options(joinedload(ApiToken.maker))
    return db.session.scalars(query.order_by(*order)).all()


def _record(
    actor: User,
    verb: str,
    row: ApiToken,
    words: str,
    now: datetime,
    changes: dict[str, list[object]] | None = None,
) -> None:
    summary = f"Token “{row.name}” ({row.prefix}…) {words}"
    audit.record(actor, f"api.{verb}", ENTITY, row.id, now, summary=summary, changes=changes)
