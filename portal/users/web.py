"""What the pages of this room share: the blueprint, and the session of who signed in."""

import re
import secrets

from flask import Blueprint, Flask, Response, current_app, g, request, session
from flask_login import login_user

from portal.core import clock
from portal.users import queries, sessions
from portal.users.afterwards import afterwards
from portal.users.models import User
from portal.users.sessions import Origin

bp = Blueprint("users", __name__)
_SESSION_ID = "sid"
_IDENTITY = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})")


def begin_session(user: User) -> None:
    """Start a session for `user`; nothing of the one before lives on."""
    session.clear()
    session.permanent = True
    session[_SESSION_ID] = secrets.token_hex(16)
    login_user(user)
    sessions.begin(session[_SESSION_ID], user.id, _origin(), clock.now())


def session_id() -> str | None:
    """The id of this session, or None for one that was not begun here."""
    return session.get(_SESSION_ID)


def load_user(identity: str) -> User | None:
    """The person of a session's `id.version`, or None when it is over."""
    parts = _IDENTITY.fullmatch(identity)
    if parts is None:
        return None
    found = queries.of_session(int(parts[1]), int(parts[2]), session_id())
    if found is None:
        return None
    user, seen_at = found
    if session_id() and sessions.is_stale(seen_at, clock.now()):
        g.seen_again = (session_id(), user.id, user.session_version)
    return user


def note_session(response: Response) -> Response:
    """After a page: note, at most once a minute, that its session is in use."""
    if seen := g.pop("seen_again", None):
        sid, user_id, version = seen
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        origin, now = _origin(), clock.now()
        afterwards(app, response, lambda: sessions.saw(sid, user_id, version, origin, now))
    return response


def _origin() -> Origin:
    """The address as `portal.web.proxies` left it: no header of a stranger counts."""
    return Origin(request.remote_addr or "", request.user_agent.string)
