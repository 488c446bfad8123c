"""Reads for the contracts' pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from portal.clients.models import Client
from portal.contracts.labels import DELIVERY_FILTERS, INHERIT, STATUS_LABELS
from portal.contracts.models import Contract, ContractStatus
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.text import one_line
from portal.settings.models import DeliveryType
from portal.wallets.models import Wallet
from portal.web.pagination import Page, after_key, page_of
from portal.web.search import HITS, MAX_QUERY, Hit, Wanted, contains, starts_with


@dataclass(frozen=True, slots=True)
class ContractFilters:
    """What the list's URL asks for; unknown values count as no filter."""

    text: str = ""
    status: str = ""  # active | suspended | cancelled
    wallet_id: int | None = None
    delivery: str = ""  # email | printed | inherit: the contract's own setting
    city: str = ""
    by_client: bool = True  # whether `text` may be a part of the client's name

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> "ContractFilters":
        """The filters of `?q=&status=&carteira=&tipo=&cidade=`."""
        status, wallet, delivery = (args.get(name, "") for name in ("status", "carteira", "tipo"))
        is_id = wallet.isascii() and wallet.isdigit() and len(wallet) < 10
        return cls(
            text=one_line(args.get("q", ""))[:MAX_QUERY],
            status=status if status in set(ContractStatus) else "",
            wallet_id=int(wallet) if is_id else None,
            delivery=delivery if delivery in DELIVERY_FILTERS else "",
            city=one_line(args.get("cidade", ""))[:MAX_QUERY],
        )

    @property
    def any(self) -> bool:
        """Whether something is filtered at all."""
        return self != ContractFilters()


def get(contract_id: int) -> Contract:
    """The contract with its client and wallet. Raises NotFound."""
    query = select(Contract).where(Contract.id == contract_id)
    found = db.session.scalars(
        query.options(joinedload(Contract.client), joinedload(Contract.wallet))
    ).first()
    if found is None:
        raise NotFound("Este contrato não existe.")
    return found


def search(filters: ContractFilters) -> Page[Contract]:
    """One page of the list, the newest first, each with its client and wallet."""
    query = narrowed(select(Contract).join(Contract.client), filters)
    query = query.options(contains_eager(Contract.client), joinedload(Contract.wallet))
    return page_of(query, Contract.id, after=after_key())


def total(filters: ContractFilters) -> int:
    """How many contracts the filters leave."""
    query = select(func.count()).select_from(Contract).join(Contract.client)
    return db.session.scalar(narrowed(query, filters)) or 0


def of_client(client_id: int) -> Sequence[Contract]:
    """The client's contracts, the active ones first, then the newest."""
    query = select(Contract).where(Contract.client_id == client_id)
    query = query.options(joinedload(Contract.wallet))
    # "active" comes first in the alphabet too, but the order must not hang on that.
    is_other = Contract.status != ContractStatus.ACTIVE
    return db.session.scalars(query.order_by(is_other, Contract.id.desc())).all()


def wallets() -> Sequence[Wallet]:
    """Every wallet by name, for filters and forms."""
    return db.session.scalars(select(Wallet).order_by(Wallet.name)).all()


def hits(wanted: Wanted) -> list[Hit]:
    """Contracts for the search of the top bar: by code, then those of the clients found."""
    query = select(Contract).options(joinedload(Contract.client)).limit(HITS)
    by_code = query.where(starts_with(Contract.code, wanted.text)).order_by(Contract.code)
    found = {contract.id: contract for contract in db.session.scalars(by_code)}
    if wanted.client_ids and len(found) < HITS:
        is_other = Contract.status != ContractStatus.ACTIVE
        of_them = query.where(Contract.client_id.in_(wanted.client_ids))
        rows = db.session.scalars(of_them.order_by(is_other, Contract.id.desc()))
        found |= {contract.id: contract for contract in rows}
    return [
        Hit(
            "Contratos",
            f"Contrato {contract.code}",
            f"{contract.client.name} · {contract.plan} · "
            f"{STATUS_LABELS[contract.status].text.lower()}",
            url_for("contracts.show", contract_id=contract.id),
        )
        for contract in list(found.values())[:HITS]
    ]


def narrowed(query: Select[Any], filters: ContractFilters) -> Select[Any]:
    if filters.text:
        found = [Contract.code == filters.text, contains(Contract.plan, filters.text)]
        if filters.by_client:
            found.append(contains(Client.name, filters.text))
        query = query.where(or_(*found))
    if filters.status:
        query = query.where(Contract.status == ContractStatus(filters.status))
    if filters.wallet_id is not None:
        query = query.where(Contract.wallet_id == filters.wallet_id)
    if filters.delivery:
        own = None if filters.delivery == INHERIT else DeliveryType(filters.delivery)
        query = query.where(Contract.delivery_type == own)  # None becomes IS NULL
    if filters.city:
        query = query.where(contains(Client.city, filters.city))
    return query
