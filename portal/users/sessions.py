"""Sessions of people: where from, when last seen, and their end. The only writer of both tables.

A session lives in its signed cookie; `user_sessions` says that it exists, `ended_sessions` that its
cookie opens nothing any more. Without a row it is valid all the same: it was begun before the
table was, and gets its row at its next page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import NotFound
from portal.users import queries
from portal.users.models import EndedSession, User, UserSession
from portal.web.sessions import LIFETIME

SEEN_EVERY = timedelta(minutes=1)
KEPT_ENDED = timedelta(days=2)  # longer than any session lives
GONE = "Esta sessão já terminou."


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from: the connection's address and the browser's name of itself."""

    address: str
    agent: str

    def columns(self) -> dict[str, str]:
        """As the table keeps it."""
        return {"address": self.address[:45], "agent": self.agent[:200]}


def begin(session_id: str, user_id: int, origin: Origin, now: datetime) -> None:
    """Keep a session that has just begun."""
    row = UserSession(id=session_id, user_id=user_id, began_at=now, seen_at=now, **origin.columns())
    db.session.add(row)
    db.session.commit()


def is_stale(seen_at: datetime | None, now: datetime) -> bool:
    """Whether it is time to note again that a session is in use; None: it has no row yet."""
    return seen_at is None or seen_at <= now - SEEN_EVERY


def saw(session_id: str, user_id: int, version: int, origin: Origin, now: datetime) -> None:
    """Note that a session is in use. One that ended meanwhile stays ended, without a row."""
    moved = db.session.execute(
        update(UserSession)
        .where(UserSession.id == session_id)
        .values(seen_at=now, **origin.columns())
    )
    if moved.rowcount == 0 and queries.of_session(user_id, version, session_id):  # type: ignore[attr-defined]
        begin(session_id, user_id, origin, now)
    db.session.commit()


def of_user(user_id: int, now: datetime) -> Sequence[UserSession]:
    """The sessions that are open, the last seen first."""
    query = select(UserSession).where(
        UserSession.user_id == user_id, UserSession.seen_at > now - LIFETIME
    )
    return db.session.scalars(query.order_by(UserSession.seen_at.desc(), UserSession.id)).all()


def end(user_id: int, session_id: str, actor: Actor, now: datetime) -> None:
    """End one session of this person at once. Raises NotFound: another's, or ended already."""
    row = db.session.get(UserSession, session_id)
    if row is None or row.user_id != user_id:
        raise NotFound(GONE)
    where = row.address
    close(session_id, now)
    name = db.session.get_one(User, user_id).name
    audit.record(
        actor, "users.end_session", "users", user_id, now, summary=f"{name}: sessão de {where}"
    )
    db.session.commit()


def end_all(user_id: int, actor: Actor, now: datetime) -> User:
    """End every session of this person at once, also those without a row. Raises NotFound."""
    user = db.session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("Este usuário não existe.")
    end_known(user)
    audit.record(actor, "users.end_sessions", "users", user_id, now, summary=user.name)
    db.session.commit()
    return user


# --- pieces without commit ------------------------------------------------------------------------


def end_known(user: User) -> None:
    """Every cookie of `user` given out so far is dead from the commit on."""
    user.session_version += 1
    db.session.execute(delete(UserSession).where(UserSession.user_id == user.id))


def close(session_id: str, now: datetime) -> bool:
    """The session's cookie is dead from the commit on; False when it was before."""
    db.session.execute(delete(UserSession).where(UserSession.id == session_id))
    if db.session.get(EndedSession, session_id) is not None:
        return False
    db.session.add(EndedSession(id=session_id, ended_at=now))
    return True
