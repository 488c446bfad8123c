"""One value for many contracts: what it may be, and what it would change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal.clients.models import Client
from portal.contracts.labels import DELIVERY_FILTERS, INHERIT
from portal.contracts.models import Contract
from portal.core.db import db
from portal.core.errors import InvalidValue
from portal.core.upsert import batches
from portal.settings.models import DeliveryType
from portal.wallets.models import Wallet

DELIVERY, WALLET = "delivery_type", "wallet_id"
NAMES = {DELIVERY: "Tipo de Envio de Cobrança", WALLET: "Carteira de cobrança"}


@dataclass(frozen=True, slots=True)
class Edit:
    """The column and its new value; `raw` is the value as forms write it."""

    column: str
    raw: str
    value: Any
    text: str  # as people read it

    def __str__(self) -> str:
        return f"{NAMES[self.column]}: {self.text}"

    @property
    def values(self) -> dict[str, Any]:
        """Column values, as a contract stores them."""
        return {self.column: self.value}


@dataclass(frozen=True, slots=True)
class Line:
    """One contract that would change, from what, and the version that was looked at."""

    code: str
    version: int
    client: str
    before: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What an edit would do: the contracts that change, and how many are so already."""

    lines: Sequence[Line]
    same: int


def parse_edit(column: str, raw: str) -> Edit:
    """The edit that a form asks for: `email`, `printed`, `inherit`, or a wallet's number.

    Raises InvalidValue naming the column.
    """
    if column == DELIVERY and raw in DELIVERY_FILTERS:
        value = None if raw == INHERIT else DeliveryType(raw)
        return Edit(column, raw, value, DELIVERY_FILTERS[raw])
    if column == DELIVERY:
        raise InvalidValue(DELIVERY, "Escolha o tipo de envio: E-mail, Impresso ou Padrão.")
    if column != WALLET:
        raise InvalidValue("column", "Escolha o que mudar: o tipo de envio ou a carteira.")
    is_id = raw.isascii() and raw.isdigit() and len(raw) < 10
    wallet = db.session.get(Wallet, int(raw)) if is_id else None
    if wallet is None:
        raise InvalidValue(WALLET, "Escolha uma carteira da lista.")
    if not wallet.active:
        raise InvalidValue(
            WALLET, f"A carteira “{wallet.name}” está inativa: ative-a ou escolha outra."
        )
    return Edit(column, raw, wallet.id, wallet.name)


def preview(edit: Edit, contract_ids: Sequence[int]) -> Preview:
    """What the edit would do to these contracts, in the order given; reads only."""
    found = {
        contract_id: (line, same) for contract_id, line, same in _looked_at(edit, contract_ids)
    }
    ordered = [found[contract_id] for contract_id in contract_ids if contract_id in found]
    return Preview([line for line, same in ordered if not same], sum(s for _, s in ordered))


def _looked_at(edit: Edit, contract_ids: Sequence[int]) -> Iterator[tuple[int, Line, bool]]:
    names = dict(db.session.execute(select(Wallet.id, Wallet.name)).all())
    column = getattr(Contract, edit.column)
    query = select(Contract.id, Contract.code, Contract.version, Client.name, column)
    query = query.join(Client, Client.id == Contract.client_id)
    for ids in batches(contract_ids):
        for contract_id, code, version, client, before in db.session.execute(
            query.where(Contract.id.in_(ids))
        ):
            text = names[before] if edit.column == WALLET else DELIVERY_FILTERS[before or INHERIT]
            yield contract_id, Line(code, version, client, text), before == edit.value
