"""A whole configuration goes in, in one transaction, under the rules of the forms; or nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from portal.cli import config_mailbox as mailbox
from portal.cli.config_read import Config, place, raise_all
from portal.cli.config_schema import (
    ACCOUNT,
    COMPANY,
    ENV,
    FINANCIAL,
    HOLIDAY,
    SECRETS,
    SMTP_ACCOUNT,
    WALLET,
    Key,
)
from portal.core.db import db
from portal.core.errors import InvalidValue
from portal.settings import holidays
from portal.settings import rules as settings_rules
from portal.settings import service as settings
from portal.smtp import accounts
from portal.smtp import service as smtp
from portal.smtp.account_rules import account_problems, account_warnings
from portal.smtp.message_rules import message_problems
from portal.smtp.models import SmtpAccount
from portal.wallets import rules as wallet_rules
from portal.wallets import service as wallets
from portal.wallets.models import BANK_FIELDS, Wallet
from portal.wallets.numbering import next_number

CREATED, CHANGED, UNCHANGED = "created", "changed", "unchanged"
ACTOR = None  # the audit trail says "linha de comando"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one table; `keys` as in the file."""

    table: str
    name: str
    action: str
    keys: tuple[str, ...] = ()


def apply(config: Config, path: Path, now: datetime) -> list[Outcome]:
    """Check everything, then write it, and commit once. Raises ConfigError, having changed nothing.

    This is the one use-case that spans several rooms; each room's own functions do its part.
    """
    problems = [
        *_account_problems(config),
        *_wallet_problems(config, now),
        *_settings_problems(config),
        *_holiday_problems(config),
    ]
    if problems:
        db.session.rollback()
    raise_all(path, problems)
    outcomes = [
        *(_put_account(values, now) for values in config.smtp_accounts),
        *(_put_wallet(values, now) for values in config.wallets),
        *_put_settings(config, now),
        *(_put_holiday(values, now) for values in config.holidays),
    ]
    db.session.commit()
    return outcomes


# --- checking -------------------------------------------------------------------------------------


def _account_problems(config: Config) -> Iterator[str]:
    policy = smtp.policy()
    for values in config.smtp_accounts:
        whole = _whole_account(values)
        found = list(account_problems(whole, policy))
        if values.get("subject") or values.get("body"):
            found += message_problems(whole["subject"], whole["body"])
        found += mailbox.problems(accounts.by_name(values["name"]), values)
        yield from _told(place("smtp_accounts", values["name"]), found, SMTP_ACCOUNT)


def _wallet_problems(config: Config, now: datetime) -> Iterator[str]:
    today = wallets.local_today(now)
    for values in config.wallets:
        found: Iterable[InvalidValue]
        try:
            found = wallet_rules.wallet_problems(_whole_wallet(values, today), today)
        except InvalidValue as error:
            found = [error]
        yield from _told(place("wallets", values["name"]), found, WALLET)


def _settings_problems(config: Config) -> Iterator[str]:
    if config.company is not None:
        stored = settings.company_values(settings.general())
        whole = {**stored, **settings_rules.clean_company(config.company)}
        yield from _told("[company]", settings_rules.company_problems(whole), COMPANY)
    if config.financial is not None:
        stored_financial = settings.financial_values(settings.financial())
        found = settings_rules.financial_problems({**stored_financial, **config.financial})
        yield from _told("[financial]", found, FINANCIAL)
        name = config.financial.get(ACCOUNT)
        known = {values["name"] for values in config.smtp_accounts}
        if name and name not in known and accounts.by_name(name) is None:
            names = ", ".join(f"“{item}”" for item in sorted(known)) or "nenhuma no arquivo"
            yield f"[financial], {ACCOUNT}: não há conta “{name}”. Contas: {names}."


def _holiday_problems(config: Config) -> Iterator[str]:
    for values in config.holidays:
        found = holidays.holiday_problems(values["day"], values.get("name", ""))
        yield from _told(place("holidays", str(values["day"])), found, HOLIDAY)


def _told(where: str, found: Iterable[InvalidValue], keys: dict[str, Key] | Any) -> Iterator[str]:
    names = {key.column: name for name, key in keys.items()}
    for problem in found:
        yield f"{where}, {names.get(problem.field, problem.field)}: {problem}"


def warnings(config: Config) -> Iterator[str]:
    """What is odd but allowed about the rows of the file, as they are stored now."""
    for values in config.smtp_accounts:
        account = accounts.by_name(values["name"])
        for text in account_warnings(smtp.facts_of(account)) if account else ():
            yield f"{place('smtp_accounts', values['name'])}: {text}"
    for values in config.wallets:
        where = place("wallets", values["name"])
        wallet = wallets.by_name(values["name"])
        kept = wallets.facts_of(wallet) if wallet else values
        unused = [name for name in BANK_FIELDS if values.get(name) and not kept[name]]
        if unused:
            yield f"{where}: o banco {kept['bank_code']} não usa {', '.join(unused)}; foi ignorado."
        for text in wallet_rules.wallet_warnings(kept) if wallet else ():
            yield f"{where}: {text}"


# --- writing --------------------------------------------------------------------------------------


def _whole_account(values: dict[str, Any]) -> dict[str, Any]:
    stored = accounts.by_name(values["name"])
    base = smtp.facts_of(stored) if stored else dict(accounts.DEFAULTS)
    whole = {**base, **dict.fromkeys(accounts.SECRETS), **mailbox.without(values)}
    whole["sender_address"] = whole["sender_address"] or whole["username"]
    return whole


def _put_account(values: dict[str, Any], now: datetime) -> Outcome:
    keys = smtp.settings().keys
    stored = accounts.by_name(values["name"])
    whole = _whole_account(values)
    if stored is None:
        mailbox.put(accounts.add(whole, ACTOR, now, keys), values, now)
        return Outcome("smtp_accounts", values["name"], CREATED)
    changes = accounts.update(stored, whole, ACTOR, now, keys) | mailbox.put(stored, values, now)
    return _outcome("smtp_accounts", values["name"], changes)


def _whole_wallet(values: dict[str, Any], today: date) -> dict[str, Any]:
    stored = wallets.by_name(values["name"])
    base = wallets.facts_of(stored) if stored else dict(wallets.DEFAULTS)
    if any(name in values for name in BANK_FIELDS):
        base |= dict.fromkeys(BANK_FIELDS, "")  # bank data are one thing: all of it, or none
    whole = wallet_rules.only_asked_for({**base, **values})
    if stored:
        # The file says where numbering began; the boletos made since have moved it on.
        first, asked = next_number(stored, today, whole), values.get("next_nosso_numero", 1)
        whole["next_nosso_numero"] = first if 1 <= asked < first else asked
    return whole


def _put_wallet(values: dict[str, Any], now: datetime) -> Outcome:
    stored = wallets.by_name(values["name"])
    whole = _whole_wallet(values, wallets.local_today(now))
    if stored is None:
        wallets.add(whole, ACTOR, now)
        return Outcome("wallets", values["name"], CREATED)
    return _outcome("wallets", values["name"], wallets.update(stored, whole, ACTOR, now))


def _put_settings(config: Config, now: datetime) -> Iterator[Outcome]:
    if config.company is not None:
        cleaned = settings_rules.clean_company(config.company)
        changes = settings.put_general(settings.general_row(), cleaned, ACTOR, now)
        yield _outcome("company", "", changes, {key.column: name for name, key in COMPANY.items()})
    if config.general is not None:
        changes = settings.put_general(settings.general_row(), config.general, ACTOR, now)
        yield _outcome("general", "", changes)
    if config.financial is not None:
        values = dict(config.financial)
        if ACCOUNT in values:
            account = accounts.by_name(values.pop(ACCOUNT))
            values["smtp_account_id"] = account.id if account else None
        changes = settings.put_financial(settings.financial_row(), values, ACTOR, now)
        yield _outcome("financial", "", changes, {"smtp_account_id": ACCOUNT})


def _put_holiday(values: dict[str, Any], now: datetime) -> Outcome:
    day = values["day"]
    changes = holidays.put_holiday(day, values["name"], ACTOR, now)
    if changes is None:
        return Outcome("holidays", day.isoformat(), CREATED)
    return _outcome("holidays", day.isoformat(), changes)


def _outcome(
    table: str, name: str, changes: dict[str, Any], names: dict[str, str] | None = None
) -> Outcome:
    keys = tuple((names or {}).get(column, column) for column in changes)
    return Outcome(table, name, CHANGED if changes else UNCHANGED, keys)


# --- the way back ---------------------------------------------------------------------------------


def export() -> dict[str, Any]:
    """The stored configuration as the file would say it; a secret only as "there is one"."""
    general, financial = settings.general(), settings.financial()
    found = db.session.get(SmtpAccount, financial.smtp_account_id or 0)
    return {
        "company": {name: getattr(general, key.column) for name, key in COMPANY.items()},
        "general": {
            "default_delivery_type": general.default_delivery_type.value,
            "business_day_rule": general.business_day_rule.value,
        },
        "financial": {
            ACCOUNT: found.name if found else "",
            "group_by_client": financial.group_by_client,
            "max_open_receivables": financial.max_open_receivables or 0,
            "pro_rata": financial.pro_rata,
            "expire_after_days": financial.expire_after_days,
        },
        "smtp_accounts": [_account_table(row) for row in _all(SmtpAccount)],
        "wallets": [_wallet_table(row) for row in _all(Wallet)],
        "holidays": [
            {"day": row.day.isoformat(), "name": row.name} for row in holidays.all_holidays()
        ],
    }


def _all(kind: Any) -> list[Any]:
    return list(db.session.scalars(db.select(kind).order_by(kind.name)))


def _account_table(account: SmtpAccount) -> dict[str, Any]:
    hidden = {*SECRETS, *(name + ENV for name in SECRETS)}
    values = {name: getattr(account, name) for name in SMTP_ACCOUNT if name not in hidden}
    values["security"] = account.security.value
    values["imap_security"] = account.imap_security.value
    values["auth_method"] = account.auth_method.value
    values["minute_limit"] = account.minute_limit or 0
    return {**values, **{f"{name}_set": bool(getattr(account, name)) for name in SECRETS}}


def _wallet_table(wallet: Wallet) -> dict[str, Any]:
    values = {name: getattr(wallet, name) for name in WALLET}
    values["kind"] = wallet.kind.value
    return {name: value for name, value in values.items() if value != "" or name not in BANK_FIELDS}
