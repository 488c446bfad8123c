"""The configuration file: its tables, their keys, and how each value is read.

Names are fixed; a key that is left out keeps what is stored, and in a new row has its default.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from portal.core.text import one_line
from portal.settings.models import BusinessDayRule, DeliveryType
from portal.smtp.models import AuthMethod, Security
from portal.wallets.models import BANK_FIELDS, WalletKind
from portal.web.forms import clean

Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Key:
    """One key: the column that it fills, and its reader (ValueError in pt-BR)."""

    column: str
    read: Read


def text(value: Any) -> str:
    """One line of text."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        raise ValueError(f'escreva o valor entre aspas: "{value}" (zeros à esquerda contam).')
    if not isinstance(value, str):
        raise ValueError("escreva um texto entre aspas.")
    return one_line(value)


def secret(value: Any) -> str:
    """A text taken as it is."""
    if not isinstance(value, str):
        raise ValueError("escreva um texto entre aspas.")
    return value


def long_text(value: Any) -> str:
    """Lines of text; line ends become `\\n`, as on screen."""
    if not isinstance(value, str):
        raise ValueError('escreva um texto entre aspas (""" para várias linhas).')
    return str(clean(value.replace("\r\n", "\n").replace("\r", "\n")))


def lines(value: Any) -> list[str]:
    """A list of lines of text; blank ones are dropped."""
    if not isinstance(value, list):
        raise ValueError('escreva uma lista: ["linha 1", "linha 2"].')
    return [line for line in map(text, value) if line]


def flag(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise ValueError("escreva true ou false, sem aspas.")
    return value


def whole(value: Any) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("escreva um número inteiro, sem aspas.")
    if not -(10**18) < value < 10**18:
        raise ValueError("o número é grande demais.")
    return value


def limit(value: Any) -> int | None:
    """A whole number; 0 means no limit."""
    return whole(value) or None


def decimal(value: Any) -> Decimal:
    """A number with two places, written "2.00", "2,00" or 2."""
    raw = str(value).strip().replace(",", ".") if not isinstance(value, bool) else ""
    try:
        number = Decimal(raw)
        fits = number.is_finite() and abs(number) < 10**8
        rounded = number.quantize(Decimal("0.01")) if fits else number
    except InvalidOperation:
        fits, number, rounded = False, Decimal(0), Decimal(0)
    if not fits or rounded != number:
        raise ValueError('escreva um número com até duas casas: "2.00".')
    return rounded


def day(value: Any) -> date:
    """A day, written 2026-07-14 with or without quotes."""
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError('escreva um dia assim: "2026-07-14".') from None


def choice(**names: Any) -> Read:
    """One of the given words."""

    def read(value: Any) -> Any:
        if value not in names:
            words = ", ".join(f'"{name}"' for name in names)
            raise ValueError(f"escreva um destes: {words}.")
        return names[value]

    return read


def _same_name(**readers: Read) -> dict[str, Key]:
    return {name: Key(name, read) for name, read in readers.items()}


ACCOUNT = "smtp_account"
# Each may also be named by an environment variable, as `password_env`; none is ever shown.
SECRETS = ("password", "oauth_client_secret", "oauth_refresh_token", "imap_password")
ENV = "_env"
COMPANY: Mapping[str, Key] = {
    name: Key(f"company_{name}", text)
    for name in (
        "name",
        "cpf_cnpj",
        "email",
        "phone",
        "address",
        "district",
        "city",
        "state",
        "postal_code",
    )
}
GENERAL: Mapping[str, Key] = _same_name(
    default_delivery_type=choice(email=DeliveryType.EMAIL, printed=DeliveryType.PRINTED),
    business_day_rule=choice(keep=BusinessDayRule.KEEP, next=BusinessDayRule.NEXT),
)
FINANCIAL: Mapping[str, Key] = _same_name(
    smtp_account=text,
    group_by_client=flag,
    max_open_receivables=limit,
    pro_rata=flag,
    expire_after_days=whole,
)
_security = choice(none=Security.NONE, starttls=Security.STARTTLS, ssl=Security.SSL)
SMTP_ACCOUNT: Mapping[str, Key] = _same_name(
    name=text,
    host=text,
    port=whole,
    security=_security,
    requires_auth=flag,
    username=text,
    auth_method=choice(password=AuthMethod.PASSWORD, xoauth2=AuthMethod.XOAUTH2),
    oauth_token_url=text,
    oauth_client_id=text,
    oauth_scope=text,
    **dict.fromkeys(SECRETS, secret),
    **{name + ENV: text for name in SECRETS},
    sender_address=text,
    sender_name=text,
    reply_to=text,
    utf8=flag,
    force_charset=flag,
    test_recipient=text,
    hourly_limit=whole,
    daily_limit=whole,
    minute_limit=limit,
    max_connections=whole,
    subject=text,
    body=long_text,
    imap_host=text,
    imap_port=whole,
    imap_security=_security,
    imap_username=text,
    imap_folder=text,
)
WALLET: Mapping[str, Key] = {
    **_same_name(name=text, kind=choice(bank=WalletKind.BANK, gateway=WalletKind.GATEWAY)),
    **{name: Key(name, text) for name in BANK_FIELDS},
    **_same_name(
        next_nosso_numero=whole,
        instructions=lines,
        fine_percent=decimal,
        interest_percent_month=decimal,
        discount=decimal,
        email_on_generation=flag,
        active=flag,
    ),
}
TABLES: Mapping[str, Mapping[str, Key]] = {
    "company": COMPANY,
    "general": GENERAL,
    "financial": FINANCIAL,
}
HOLIDAY: Mapping[str, Key] = _same_name(day=day, name=text)  # municipal
LISTS: Mapping[str, Mapping[str, Key]] = {
    "smtp_accounts": SMTP_ACCOUNT,
    "wallets": WALLET,
    "holidays": HOLIDAY,
}
KEY_OF = {"holidays": "day"}  # what identifies a row of the list; of the others it is the name
