"""Changes to an account's row, without committing: the use-cases of service.py are made of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.core import audit
from portal.core.audit import Actor
from portal.core.crypto import KeyRing, SecretUnreadable
from portal.core.db import db
from portal.core.errors import InvalidValue
from portal.smtp.models import Security, SmtpAccount
from portal.smtp.server import SmtpServer

ENTITY = "smtp_account"
# A change to one of these makes the last test worthless.
CONNECTION = frozenset(
    {"host", "port", "security", "username", "password", "requires_auth", "sender_address"}
)
MESSAGE = frozenset({"subject", "body"})
# What a new account has where nobody says otherwise.
DEFAULTS: Mapping[str, Any] = {
    "name": "",
    "host": "",
    "port": 587,
    "security": Security.STARTTLS,
    "username": "",
    "sender_address": "",
    "sender_name": "",
    "reply_to": "",
    "requires_auth": True,
    "utf8": True,
    "force_charset": True,
    "test_recipient": "",
    "hourly_limit": 200,
    "daily_limit": 2000,
    "max_connections": 2,
    "subject": "",
    "body": "",
}


def server_of(account: SmtpAccount, keys: KeyRing) -> SmtpServer:
    """The account as the transport takes it, its password in clear; never log the result.

    Raises SecretUnreadable when the password was written with a key that is not in the ring.
    """
    return SmtpServer(
        host=account.host,
        port=account.port,
        security=account.security.value,
        sender_address=account.sender_address,
        sender_name=account.sender_name,
        reply_to=account.reply_to,
        requires_auth=account.requires_auth,
        username=account.username,
        password=password_of(account, keys),
        auth_method=account.auth_method.value,
        utf8=account.utf8,
        force_charset=account.force_charset,
    )


def password_of(account: SmtpAccount, keys: KeyRing) -> str:
    """The password in clear, empty when there is none. Raises SecretUnreadable."""
    if not account.password:
        return ""
    return keys.decrypt(account.password, bound_to=_place(account))


def by_name(name: str) -> SmtpAccount | None:
    """The account of that name."""
    return db.session.scalar(select(SmtpAccount).where(SmtpAccount.name == name))


def add(
    values: Mapping[str, Any], actor: Actor | None, now: datetime, keys: KeyRing
) -> SmtpAccount:
    """A new account, flushed. `values` may leave out what DEFAULTS has; `password` in clear."""
    given = {name: value for name, value in _typed(values).items() if name != "password"}
    account = SmtpAccount(**{**DEFAULTS, **given}, created_at=now, connection_changed_at=now)
    account.message_changed_at = now if account.subject or account.body else None
    _refuse_taken_name(account.name, None)
    db.session.add(account)
    db.session.flush()  # the password is bound to the row's id
    if values.get("password"):
        account.password = keys.encrypt(values["password"], bound_to=_place(account))
    audit.record(
        actor, "smtp.create", ENTITY, account.id, now, summary=f"Conta SMTP “{account.name}” criada"
    )
    return account


def update(
    account: SmtpAccount,
    values: Mapping[str, Any],
    actor: Actor | None,
    now: datetime,
    keys: KeyRing,
) -> dict[str, list[Any]]:
    """Set what differs, stamp what it means, and record it; returns the changes.

    `password`: None keeps it, an empty text removes it, any other text replaces it.
    """
    wanted = _typed(values)
    password = wanted.pop("password", None)
    if wanted.get("name", account.name) != account.name:
        _refuse_taken_name(wanted["name"], account.id)
    if password is not None and password != _readable_password(account, keys):
        wanted["password"] = keys.encrypt(password, bound_to=_place(account)) if password else ""
    changes = audit.apply(account, wanted)
    if not changes:
        return changes
    if changes.keys() & CONNECTION:
        account.connection_changed_at = now
    if changes.keys() & MESSAGE:
        account.message_changed_at = now
    account.version += 1
    summary = f"Conta SMTP “{account.name}” alterada"
    audit.record(actor, "smtp.change", ENTITY, account.id, now, summary=summary, changes=changes)
    return changes


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    typed = dict(values)
    if "security" in typed:
        typed["security"] = Security(typed["security"])
    return typed


def _place(account: SmtpAccount) -> str:
    return f"smtp_accounts.password:{account.id}"


def _readable_password(account: SmtpAccount, keys: KeyRing) -> str | None:
    try:
        return password_of(account, keys)
    except SecretUnreadable:
        return None


def _refuse_taken_name(name: str, own_id: int | None) -> None:
    taken = by_name(name)
    if taken is not None and taken.id != own_id:
        raise InvalidValue("name", f"Já existe uma conta “{name}”. Escolha outro nome.")
