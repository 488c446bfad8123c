"""The mailbox of an account: what may be saved, and its password in the clear for reading."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from flask import current_app

from portal.core.errors import InvalidValue
from portal.deliveries.bounces import words
from portal.deliveries.bounces.mailbox import MailboxFacts
from portal.smtp import accounts
from portal.smtp.addresses import IMAP_PORTS, DestinationPolicy, host_problem
from portal.smtp.models import AuthMethod, Security, SmtpAccount

PASSWORD_LIMIT = 500
DEFAULTS: Mapping[str, Any] = {
    "imap_host": "",
    "imap_port": 993,
    "imap_security": Security.SSL,
    "imap_username": "",
    "imap_folder": "INBOX",
}
# With one of these another mailbox is meant: what was read of the last one says nothing.
PLACE = frozenset({"imap_host", "imap_port", "imap_username", "imap_folder"})
_TEXT_LIMITS = {"imap_username": 254, "imap_folder": 120}


def problems(values: Mapping[str, Any], policy: DestinationPolicy) -> Iterator[InvalidValue]:
    """Everything that forbids saving, named as the columns are. An empty host reads nothing."""
    for name, limit in _TEXT_LIMITS.items():
        if len(values[name]) > limit:
            yield InvalidValue(name, f"No máximo {limit} caracteres.")
        elif not values[name].isprintable():
            yield InvalidValue(name, "Tire quebras de linha e caracteres invisíveis.")
    password = values.get("imap_password") or ""
    if len(password) > PASSWORD_LIMIT:
        yield InvalidValue("imap_password", f"A senha passa de {PASSWORD_LIMIT} caracteres.")
    elif any(char in password for char in "\0\r\n"):
        yield InvalidValue("imap_password", "A senha não pode ter quebras de linha.")
    if values["imap_host"]:
        yield from _of_a_mailbox(values, policy)


def _of_a_mailbox(values: Mapping[str, Any], policy: DestinationPolicy) -> Iterator[InvalidValue]:
    host, port = values["imap_host"], values["imap_port"]
    bad_host = host_problem(host)
    if bad_host:
        yield InvalidValue("imap_host", bad_host.replace("smtp.exemplo", "imap.exemplo"))
    if not 1 <= port <= 65535:
        yield InvalidValue("imap_port", "A porta vai de 1 a 65535. Em geral é 993.")
    elif not bad_host:
        cause = _refused(host, port, policy)
        if cause:
            yield words.destination_problem(cause, host, port)
    if not values["imap_username"]:
        yield InvalidValue("imap_username", "Informe o usuário da caixa.")
    if not values["imap_folder"]:
        yield InvalidValue("imap_folder", "Informe a pasta; a caixa de entrada chama-se INBOX.")


def _refused(host: str, port: int, policy: DestinationPolicy) -> str | None:
    """The cause that forbids the destination, as far as it shows without asking a name server."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        opened = port in IMAP_PORTS or any(item.opens(port, IMAP_PORTS) for item in policy.items())
        return None if opened else "port_refused"
    if policy.permits(host, address, port, IMAP_PORTS):
        return None
    known = address.is_global or policy.trusts(host, address)
    return "port_refused" if known else "destination_refused"


def secret_place(account_id: int) -> str:
    """What the password's ciphertext is bound to."""
    return f"smtp_accounts.imap_password:{account_id}"


def reads_by_token(account: SmtpAccount) -> bool:
    """Whether the mailbox is read with an access token: no password, and the account has tokens."""
    return not account.imap_password and account.auth_method == AuthMethod.XOAUTH2


def password_of(account: SmtpAccount) -> str:
    """The mailbox's own password in clear, empty without one. Raises SecretUnreadable."""
    if not account.imap_password:
        return ""
    keys = current_app.config["SETTINGS"].keys
    return str(keys.decrypt(account.imap_password, bound_to=secret_place(account.id)))


def mailbox_of(account: SmtpAccount) -> MailboxFacts:
    """The mailbox with its secrets in clear; never log it. Raises SecretUnreadable.

    Without a password of its own it is read as the account sends: by the same OAuth grant.
    """
    password = password_of(account)
    keys = current_app.config["SETTINGS"].keys
    by_token = reads_by_token(account)
    return MailboxFacts(
        host=account.imap_host,
        port=account.imap_port,
        security=account.imap_security.value,
        username=account.imap_username,
        password=password,
        oauth=accounts.server_of(account, keys).oauth if by_token else None,
        folder=account.imap_folder,
    )
