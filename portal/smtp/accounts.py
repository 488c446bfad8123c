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
from portal.smtp.models import AuthMethod, Security, SmtpAccount
from portal.smtp.server import OAuth, SmtpServer
from portal.smtp.token_keeping import TokenKeeper

ENTITY = "smtp_account"
# A change to one of these makes the last test worthless.
CONNECTION = frozenset(
    {"host", "port", "security", "username", "password", "requires_auth", "sender_address"}
    | {"auth_method", "oauth_token_url", "oauth_client_id", "oauth_client_secret"}
    | {"oauth_refresh_token", "oauth_scope"}
)
# Kept as ciphertext that is bound to the row and the column.
SECRETS = ("password", "oauth_client_secret", "oauth_refresh_token")
HIDDEN = "•••"
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
    "auth_method": AuthMethod.PASSWORD,
    "oauth_token_url": "",
    "oauth_client_id": "",
    "oauth_scope": "",
    "utf8": True,
    "force_charset": True,
    "test_recipient": "",
    "hourly_limit": 200,
    "daily_limit": 2000,
    "minute_limit": None,
    "max_connections": 2,
    "subject": "",
    "body": "",
}


# What `server_of` reads of an account.
SERVER_COLUMNS = (
    *("id", "host", "port", "security", "sender_address", "sender_name", "reply_to"),
    *("requires_auth", "username", "password", "auth_method", "utf8", "force_charset"),
    *("oauth_token_url", "oauth_client_id", "oauth_client_secret", "oauth_scope"),
    *("oauth_refresh_token", "connection_changed_at"),
)


def server_of(account: SmtpAccount, keys: KeyRing) -> SmtpServer:
    """The account as the transport takes it, its secrets in clear; never log the result.

    Raises SecretUnreadable when a secret was written with a key that is not in the ring.
    """
    by_token = account.auth_method == AuthMethod.XOAUTH2
    return SmtpServer(
        host=account.host,
        port=account.port,
        security=account.security.value,
        sender_address=account.sender_address,
        sender_name=account.sender_name,
        reply_to=account.reply_to,
        requires_auth=account.requires_auth,
        username=account.username,
        password="" if by_token else password_of(account, keys),
        auth_method=account.auth_method.value,
        oauth=_oauth_of(account, keys) if by_token else OAuth(),
        utf8=account.utf8,
        force_charset=account.force_charset,
    )


def _oauth_of(account: SmtpAccount, keys: KeyRing) -> OAuth:
    stored = account.oauth_refresh_token
    return OAuth(
        token_url=account.oauth_token_url,
        client_id=account.oauth_client_id,
        client_secret=secret_of(account, "oauth_client_secret", keys),
        scope=account.oauth_scope,
        grant=f"{account.id}:{account.connection_changed_at}",
        refresh_token=secret_of(account, "oauth_refresh_token", keys),
        keep=TokenKeeper(account.id, stored, place_of(account.id, "oauth_refresh_token"), keys),
    )


def password_of(account: SmtpAccount, keys: KeyRing) -> str:
    """The password in clear, empty when there is none. Raises SecretUnreadable."""
    return secret_of(account, "password", keys)


def secret_of(account: SmtpAccount, column: str, keys: KeyRing) -> str:
    """One of SECRETS in clear, empty when there is none. Raises SecretUnreadable."""
    stored = getattr(account, column)
    return keys.decrypt(stored, bound_to=place_of(account.id, column)) if stored else ""


def by_name(name: str) -> SmtpAccount | None:
    """The account of that name."""
    return db.session.scalar(select(SmtpAccount).where(SmtpAccount.name == name))


def add(
    values: Mapping[str, Any], actor: Actor | None, now: datetime, keys: KeyRing
) -> SmtpAccount:
    """A new account, flushed. `values` may leave out what DEFAULTS has; SECRETS in clear."""
    given = {name: value for name, value in _typed(values).items() if name not in SECRETS}
    account = SmtpAccount(**{**DEFAULTS, **given}, created_at=now, connection_changed_at=now)
    account.message_changed_at = now if account.subject or account.body else None
    _refuse_taken_name(account.name, None)
    db.session.add(account)
    db.session.flush()  # secrets are bound to the row's id
    for column in SECRETS:
        if values.get(column):
            setattr(account, column, _sealed(account, column, values[column], keys))
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

    SECRETS: None keeps what is stored, an empty text removes it, any other text replaces it.
    """
    wanted = _typed(values)
    if wanted.get("name", account.name) != account.name:
        _refuse_taken_name(wanted["name"], account.id)
    for column in SECRETS:
        secret = wanted.pop(column, None)
        if secret is not None and secret != _readable(account, column, keys):
            wanted[column] = _sealed(account, column, secret, keys) if secret else ""
    changes = audit.apply(account, wanted)
    changes |= {column: [HIDDEN, HIDDEN] for column in SECRETS if column in changes}
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


def place_of(account_id: int, column: str) -> str:
    """What a secret of this column is bound to."""
    return f"smtp_accounts.{column}:{account_id}"


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    typed = dict(values)
    if "security" in typed:
        typed["security"] = Security(typed["security"])
    if "auth_method" in typed:
        typed["auth_method"] = AuthMethod(typed["auth_method"])
    return typed


def _sealed(account: SmtpAccount, column: str, secret: str, keys: KeyRing) -> str:
    return keys.encrypt(secret, bound_to=place_of(account.id, column))


def _readable(account: SmtpAccount, column: str, keys: KeyRing) -> str | None:
    try:
        return secret_of(account, column, keys)
    except SecretUnreadable:
        return None


def _refuse_taken_name(name: str, own_id: int | None) -> None:
    taken = by_name(name)
    if taken is not None and taken.id != own_id:
        raise InvalidValue("name", f"Já existe uma conta “{name}”. Escolha outro nome.")
