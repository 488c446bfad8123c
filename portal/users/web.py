"""What the pages of this room share: the blueprint, and the session of who signed in."""

import re
import secrets

from flask import Blueprint, session
from flask_login import login_user

from portal.users import queries
from portal.users.models import User

bp = Blueprint("users", __name__)
_SESSION_ID = "sid"
_IDENTITY = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})")


def begin_session(user: User) -> None:
    """Start a session for `user`; nothing of the one before lives on."""
    session.clear()
    session.permanent = True
    session[_SESSION_ID] = secrets.token_hex(16)
    login_user(user)


def session_id() -> str | None:
    """The id of this session, or None for one that was not begun here."""
    return session.get(_SESSION_ID)


def load_user(identity: str) -> User | None:
    """The person of a session's `id.version`, or None when it is over."""
    parts = _IDENTITY.fullmatch(identity)
    return queries.of_session(int(parts[1]), int(parts[2]), session_id()) if parts else None
