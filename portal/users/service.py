"""People and their passwords: signing in and out, creating, changing, letting go.

Hashing takes long on purpose, so it always happens between transactions, never inside one.
"""

import hashlib
import logging
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db, end_read, reading
from portal.core.errors import Conflict, InvalidValue, NotFound, refuse_stale
from portal.users import passwords, sessions
from portal.users.models import EndedSession, Role, User

log = logging.getLogger(__name__)
_EMAIL = re.compile(r"[!-?A-~]+@[a-z0-9-]+(\.[a-z0-9-]+)+")  # a name to sign in; not mailed to

ENTITY = "users"
FIRST_ADMIN = "admin@pontual.local"
TAKEN = "Já existe um usuário com este e-mail."
WRONG_CURRENT = "A senha atual não confere."
LAST_ADMIN = (
    "É o único administrador ativo. Torne outra pessoa administradora antes, "
    "para que alguém continue a cuidar dos usuários."
)


def sign_in(email: str, password: str, now: datetime) -> User | None:
    """The person, when e-mail and password are right and they are active; else None.

    A wrong password, an unknown e-mail and a person let go look and take the same.
    """
    with reading():
        person = _find(clean_email(email))
    kept, active = (person.password_hash, person.active) if person else (None, False)
    person_id = person.id if person else None
    end_read()
    if not (passwords.fits(password) and passwords.matches(kept, password) and active):
        log.warning("sign-in refused: %s", email[:254])
        return None
    fresh = passwords.hash_password(password) if kept and passwords.is_outdated(kept) else None
    user = db.session.get(User, person_id, with_for_update=True)
    if user is None or not user.active or user.password_hash != kept:
        end_read()
        return None
    user.password_hash = fresh or user.password_hash
    user.last_login_at = now
    audit.record(user, "users.sign_in", ENTITY, user.id, now)
    db.session.commit()
    return user


def sign_out(session_id: str | None, user: User, now: datetime) -> None:
    """End one session for good: a copy of its cookie opens nothing either."""
    old = EndedSession.ended_at < now - sessions.KEPT_ENDED
    db.session.execute(delete(EndedSession).where(old))
    if session_id and sessions.close(session_id, now):
        audit.record(user, "users.sign_out", ENTITY, user.id, now)
    db.session.commit()


def create(values: Mapping[str, Any], actor: Actor | None, now: datetime) -> tuple[User, str]:
    """A new person (name, email, role), and the password to hand over. Raises InvalidValue."""
    email = clean_email(values["email"])
    if not _EMAIL.fullmatch(email) or len(email) > 254:
        raise InvalidValue("email", "E-mail inválido: escreva como ana@exemplo.com.br.")
    password, user = _new(str(values["name"]), email, Role(values["role"]), now)
    if _find(email):
        raise InvalidValue("email", TAKEN)
    db.session.add(user)
    try:
        db.session.flush()
        new = {"email": [None, email], "role": [None, user.role.value]}
        _record(actor, "users.create", user, now, new)
        db.session.commit()
    except IntegrityError:  # another request was first
        db.session.rollback()
        raise InvalidValue("email", TAKEN) from None
    return user, password


def mark_of(user: User) -> str:
    """A mark that is another one once the person's name or role changed."""
    return hashlib.sha256(f"{user.role.value} {user.name}".encode()).hexdigest()[:16]


def change(
    user_id: int,
    values: Mapping[str, Any],
    actor: Actor | None,
    now: datetime,
    *,
    mark: str | None = None,
) -> User:
    """Change name and role.

    Raises NotFound, and Conflict when `mark` (what the page showed) is not the current one, and
    for the last active administrator.
    """
    if values.get("role", Role.ADMIN) != Role.ADMIN:
        _keep_an_admin(user_id)
    user = _locked(user_id)
    if mark is not None:
        refuse_stale(mark_of(user), mark, "esta pessoa")
    role = Role(values.get("role", user.role))
    changes = audit.apply(user, {"name": values.get("name", user.name), "role": role})
    if changes:
        _record(actor, "users.change", user, now, changes)
    db.session.commit()
    return user


def set_active(user_id: int, active: bool, actor: Actor | None, now: datetime) -> User:
    """Let a person go, which ends their sessions at once, or take them back.

    Raises NotFound, and Conflict for the last active administrator.
    """
    if not active:
        _keep_an_admin(user_id)
    user = _locked(user_id)
    changes = audit.apply(user, {"active": active})
    if changes:
        sessions.end_known(user)
        action = "users.reactivate" if active else "users.deactivate"
        _record(actor, action, user, now, changes)
    db.session.commit()
    return user


def reset_password(
    user_id: int, actor: Actor | None, now: datetime, *, version: int | None = None
) -> tuple[User, str]:
    """Give a person a new generated password, which ends their sessions; returns it once.

    Raises NotFound, and Conflict when `version` (what the page showed) is not the current one:
    the same click, sent again, must not take away the password that was just handed over.
    """
    end_read()
    password = passwords.generate()
    kept = passwords.hash_password(password)
    user = _locked(user_id)
    if version is not None and version != user.session_version:
        raise Conflict("A senha desta pessoa já foi trocada. Recarregue a página.")
    _set_password(user, kept)
    _record(actor, "users.reset_password", user, now, {"password": ["•••", "•••"]})
    db.session.commit()
    return user, password


def change_own(user: User, name: str, now: datetime) -> None:
    """A person changes their own name."""
    changes = audit.apply(user, {"name": name})
    if changes:
        _record(user, "users.change_own", user, now, changes)
    db.session.commit()


def change_own_password(user_id: int, current: str, new: str, now: datetime) -> User:
    """A person changes their own password, which ends their other sessions.

    Raises InvalidValue: `current` is wrong, or `new` is too weak.
    """
    with reading():
        user = get(user_id)
        kept, email = user.password_hash, user.email
    end_read()
    if not (passwords.fits(current) and passwords.matches(kept, current)):
        log.warning("own password: wrong current password of %s", email)
        raise InvalidValue("current", WRONG_CURRENT)
    if current == new:
        raise InvalidValue("password", "A senha nova é igual à atual.")
    passwords.check_new(new, email=email)
    fresh = passwords.hash_password(new)
    user = _locked(user_id)
    if user.password_hash != kept:
        raise InvalidValue("current", WRONG_CURRENT)
    _set_password(user, fresh)
    _record(user, "users.change_password", user, now, {"password": ["•••", "•••"]})
    db.session.commit()
    return user


def ensure_first_admin(now: datetime) -> str | None:
    """Create the first administrator where there is nobody; returns the password, this once.

    None when somebody exists. Two processes that start together create one.
    """
    anybody = select(User.id).limit(1)
    with reading():
        exists = db.session.scalar(anybody) is not None
    end_read()
    if exists:
        return None
    password, user = _new("Administrador", FIRST_ADMIN, Role.ADMIN, now)
    if db.session.scalar(anybody) is not None:
        end_read()
        return None
    db.session.add(user)
    try:
        db.session.flush()
        audit.record(
            None, "users.create", ENTITY, user.id, now, summary=f"{user.name}: primeiro acesso"
        )
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return None
    return password


def get(user_id: int) -> User:
    """The person. Raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("Este usuário não existe.")
    return user


def by_email(email: str) -> User:
    """The person with this e-mail. Raises NotFound."""
    user = _find(clean_email(email))
    if user is None:
        raise NotFound(f"não há usuário com o e-mail {email}")
    return user


def clean_email(email: str) -> str:
    """How an e-mail is kept and compared here."""
    return email.strip().lower()


def _new(name: str, email: str, role: Role, now: datetime) -> tuple[str, User]:
    end_read()
    password = passwords.generate()
    kept = passwords.hash_password(password)
    return password, User(name=name, email=email, role=role, password_hash=kept, created_at=now)


def _find(email: str) -> User | None:
    return db.session.scalar(select(User).where(User.email == email))


def _locked(user_id: int) -> User:
    user = db.session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("Este usuário não existe.")
    return user


def _keep_an_admin(user_id: int) -> None:
    """Raises Conflict when this is the last active administrator; locks all of them till then.

    Called before the person's own row is locked: whoever locks all takes them in the same order.
    """
    admins = select(User.id).where(User.role == Role.ADMIN, User.active).order_by(User.id)
    if db.session.scalars(admins.with_for_update()).all() == [user_id]:
        raise Conflict(LAST_ADMIN)


def _set_password(user: User, kept: str) -> None:
    user.password_hash = kept
    sessions.end_known(user)


def _record(
    actor: Actor | None, action: str, user: User, now: datetime, changes: dict[str, list[Any]]
) -> None:
    audit.record(actor, action, ENTITY, user.id, now, summary=user.name, changes=changes)
