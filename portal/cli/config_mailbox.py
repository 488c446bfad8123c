"""The mailbox of an account, as the configuration file says it: the keys `imap_…`."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from portal.core.errors import InvalidValue
from portal.deliveries.bounces import service as bounces
from portal.deliveries.bounces import settings
from portal.smtp.models import SmtpAccount

SECRET = "imap_password"  # noqa: S105 - the name of a key
KEYS = frozenset({*settings.DEFAULTS, SECRET})


def without(values: Mapping[str, Any]) -> dict[str, Any]:
    """The rest of the account's values."""
    return {name: value for name, value in values.items() if name not in KEYS}


def problems(account: SmtpAccount | None, values: Mapping[str, Any]) -> Iterator[InvalidValue]:
    """What forbids the mailbox that the file and what is stored make together."""
    if _said(values):
        yield from settings.problems(_whole(account, values), bounces.policy())


def put(account: SmtpAccount, values: Mapping[str, Any], now: datetime) -> dict[str, list[Any]]:
    """Set what differs, not committed; returns the changes."""
    if not _said(values):
        return {}
    return bounces.put_mailbox(account, _whole(account, values), None, now)


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in KEYS}


def _whole(account: SmtpAccount | None, values: Mapping[str, Any]) -> dict[str, Any]:
    stored = {name: getattr(account, name) for name in settings.DEFAULTS} if account else {}
    return {**settings.DEFAULTS, SECRET: None, **stored, **_said(values)}
