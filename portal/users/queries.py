"""Reads for the pages of people, and who a session belongs to."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from portal.core.db import db
from portal.users.models import EndedSession, User, UserSession


def everybody() -> Sequence[User]:
    """All people: the active first, then by name."""
    return db.session.scalars(select(User).order_by(User.active.desc(), User.name, User.id)).all()


def of_session(
    user_id: int, version: int, session_id: str | None
) -> tuple[User, datetime | None] | None:
    """The active person of a session that neither they nor a password change has ended.

    With them, when the session was last seen; None where it has no row.
    """
    query = (
        select(User, UserSession.seen_at)
        .outerjoin(UserSession, UserSession.id == (session_id or ""))
        .where(User.id == user_id, User.session_version == version, User.active)
    )
    if session_id:
        query = query.where(~select(1).where(EndedSession.id == session_id).exists())
    found = db.session.execute(query).first()
    return (found[0], found[1]) if found else None
