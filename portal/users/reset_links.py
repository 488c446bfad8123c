"""A link that lets a person choose a new password, once, within a day.

The link is signed and names the person, the version of their sessions and their password's hash as
they were: whatever changes either of these (the link's own use, too) kills it. Nothing of it is
stored, and the trail says that it was made, never what it is.
"""

import hashlib
from datetime import datetime, timedelta

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db, end_read, reading
from portal.core.errors import Conflict, NotFound
from portal.users import passwords, sessions
from portal.users.models import User

VALID = timedelta(hours=24)
MAX_TOKEN = 400  # characters
DEAD = "Este link não vale mais: já foi usado ou passou de 24 horas. Peça outro a um administrador."


def make(user_id: int, actor: Actor, now: datetime) -> tuple[User, str]:
    """The person, and the token of a fresh link. Raises NotFound, Conflict: they were let go."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("Este usuário não existe.")
    if not user.active:
        raise Conflict("Este usuário está desativado. Reative-o antes de criar o link.")
    until = int((now + VALID).timestamp())
    token = _signer().dumps([user.id, user.session_version, _mark(user), until])
    audit.record(actor, "users.make_link", "users", user.id, now, summary=user.name)
    db.session.commit()
    return user, str(token)


def person_of(token: str, now: datetime) -> User:
    """Whose password the link changes. Raises NotFound: not ours, too old, or used."""
    try:
        user_id, version, mark, until = _signer().loads(token[:MAX_TOKEN])
    except (BadData, TypeError, ValueError):
        raise NotFound(DEAD) from None
    user = db.session.get(User, user_id, populate_existing=True)
    if user is None or not user.active or now.timestamp() > until:
        raise NotFound(DEAD)
    if (version, mark) != (user.session_version, _mark(user)):
        raise NotFound(DEAD)
    return user


def use(token: str, password: str, now: datetime) -> User:
    """Set the password, which ends every session and the link.

    Raises NotFound, and InvalidValue when the password is too weak.
    """
    with reading():
        email = person_of(token, now).email
    end_read()
    passwords.check_new(password, email=email)
    fresh = passwords.hash_password(password)
    user_id = person_of(token, now).id
    db.session.get(User, user_id, with_for_update=True, populate_existing=True)
    user = person_of(token, now)  # of two that use the link at once, the second finds it dead
    user.password_hash = fresh
    sessions.end_known(user)
    audit.record(
        user, "users.use_link", "users", user.id, now,
        summary=user.name, changes={"password": ["•••", "•••"]},
    )  # fmt: skip
    db.session.commit()
    return user


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="portal.users.reset_links")


def _mark(user: User) -> str:
    return hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]
