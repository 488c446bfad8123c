"""Use-cases of the wallets. Commits once each; the pieces without commit serve other ways in."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import InvalidValue, NotFound, refuse_stale
from portal.wallets import numbering
from portal.wallets.models import BANK_FIELDS, Wallet, WalletKind
from portal.wallets.rules import only_asked_for, wallet_problems

ENTITY = "wallet"
DEFAULTS: Mapping[str, Any] = {
    "name": "",
    "kind": WalletKind.BANK,
    **dict.fromkeys(BANK_FIELDS, ""),
    "next_nosso_numero": 1,
    "instructions": [],
    "fine_percent": Decimal("0.00"),
    "interest_percent_month": Decimal("0.00"),
    "discount": Decimal("0.00"),
    "email_on_generation": False,
    "active": True,
}


def create(values: Mapping[str, Any], actor: Actor | None, now: datetime) -> Wallet:
    """A new wallet. Raises InvalidValue naming the field."""
    whole = only_asked_for({**DEFAULTS, **values})
    _refuse_first(wallet_problems(whole, local_today(now)))
    with _unique_name():
        wallet = add(whole, actor, now)
        db.session.commit()
    return wallet


def change(
    wallet_id: int,
    values: Mapping[str, Any],
    version: int,
    actor: Actor | None,
    now: datetime,
) -> Wallet:
    """Change some columns. Raises InvalidValue naming the field, Conflict.

    `next_nosso_numero` may only grow: below it every number may already be on a boleto.
    """
    wallet = db.session.get(Wallet, wallet_id, with_for_update=True, populate_existing=True)
    if wallet is None:
        raise NotFound("Esta carteira não existe. Volte à lista de carteiras.")
    refuse_stale(wallet.version, version, "esta carteira")
    today = local_today(now)
    whole = only_asked_for({**facts_of(wallet), **values})
    first = numbering.next_number(wallet, today, whole)
    whole["next_nosso_numero"] = values.get("next_nosso_numero", first)
    _refuse_first(wallet_problems(whole, today))
    _refuse_lower_number(first, whole["next_nosso_numero"])
    with _unique_name():
        update(wallet, whole, actor, now)
        db.session.commit()
    return wallet


def add(values: Mapping[str, Any], actor: Actor | None, now: datetime) -> Wallet:
    """A new wallet, flushed but not committed; `values` are whole and checked."""
    wallet = Wallet(**{**values, "kind": WalletKind(values["kind"])})
    _refuse_taken_name(wallet.name, None)
    db.session.add(wallet)
    db.session.flush()
    summary = f"Carteira “{wallet.name}” criada"
    audit.record(actor, "wallets.create", ENTITY, wallet.id, now, summary=summary)
    return wallet


def update(
    wallet: Wallet, values: Mapping[str, Any], actor: Actor | None, now: datetime
) -> dict[str, list[Any]]:
    """Set what differs and record it, not committed; returns the changes."""
    if values["name"] != wallet.name:
        _refuse_taken_name(values["name"], wallet.id)
    wanted = {**values, "kind": WalletKind(values["kind"])}
    today = local_today(now)
    if wanted["next_nosso_numero"] == numbering.next_number(wallet, today):
        del wanted["next_nosso_numero"]  # of a year that ended, the counter may say another
    else:
        wanted["sequence_year"] = numbering.year_of(values, today)
    changes = audit.apply(wallet, wanted)
    if changes:
        wallet.version += 1
        summary = f"Carteira “{wallet.name}” alterada"
        audit.record(
            actor, "wallets.change", ENTITY, wallet.id, now, summary=summary, changes=changes
        )
    return changes


def _refuse_lower_number(first: int, number: int) -> None:
    """Raises InvalidValue when numbers that may already be in use would come again."""
    if number < first:
        raise InvalidValue(
            "next_nosso_numero",
            f"Os números abaixo de {first} já podem estar em boletos: informe {first} ou mais. "
            "Para outra faixa, cadastre outra carteira.",
        )


def get(wallet_id: int) -> Wallet:
    """The wallet. Raises NotFound."""
    wallet = db.session.get(Wallet, wallet_id)
    if wallet is None:
        raise NotFound("Esta carteira não existe. Volte à lista de carteiras.")
    return wallet


def by_name(name: str) -> Wallet | None:
    """The wallet of that name."""
    return db.session.scalar(select(Wallet).where(Wallet.name == name))


def facts_of(wallet: Wallet) -> dict[str, Any]:
    """The wallet's values as the rules take them."""
    return {name: getattr(wallet, name) for name in DEFAULTS}


def shown_facts(wallet: Wallet, today: date) -> dict[str, Any]:
    """The wallet's values as they are shown: the next number is that of a title of `today`."""
    return {**facts_of(wallet), "next_nosso_numero": numbering.next_number(wallet, today)}


def local_today(now: datetime) -> date:
    """The calendar day in the portal's timezone."""
    return clock.local_date(now, current_app.config["SETTINGS"].timezone)


def _refuse_first(problems: Iterable[InvalidValue]) -> None:
    for problem in problems:
        raise problem


def _refuse_taken_name(name: str, own_id: int | None) -> None:
    taken = by_name(name)
    if taken is not None and taken.id != own_id:
        raise InvalidValue("name", f"Já existe uma carteira “{name}”. Escolha outro nome.")


@contextmanager
def _unique_name() -> Iterator[None]:
    """Two people who save the same new name at once: the second one is told."""
    try:
        yield
    except IntegrityError as error:
        db.session.rollback()
        if "name" not in str(error.orig):
            raise
        raise InvalidValue("name", "Já existe uma carteira com este nome.") from error
