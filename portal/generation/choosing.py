"""Which contracts an order means: from what a person chose to the rows, in pieces of any size."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.clients.models import Client
from portal.contracts.models import Contract, ContractStatus
from portal.core.db import db
from portal.core.errors import InvalidValue, NotFound
from portal.deliveries.facts import candidates
from portal.generation.orders import Order, check_order
from portal.settings.models import FinancialSettings
from portal.wallets.models import Wallet

NAMED = 500  # codes in one IN list


@dataclass(frozen=True, slots=True)
class Choice:
    """The contracts of an order; those of one client always stand together."""

    where: tuple[ColumnElement[bool], ...]

    def count(self) -> int:
        """How many contracts there are to look at."""
        query = select(func.count()).select_from(Contract)
        query = query.join(Client, Client.id == Contract.client_id).where(*self.where)
        return db.session.scalar(query) or 0

    def rows(self) -> Sequence[Any]:
        """All of them, as `deliveries.facts.candidates` gives them."""
        return db.session.execute(candidates(where=self.where)).all()

    def piece(self, after_client: int, size: int) -> tuple[Sequence[Any], bool]:
        """About `size` contracts of the clients that follow, and whether none is left after them.

        No client is split: one with more contracts than `size` makes a piece alone.
        """
        following = (*self.where, Contract.client_id > after_client)
        rows = db.session.execute(candidates(where=following).limit(size + 1)).all()
        if len(rows) <= size:
            return rows, True
        cut = rows[size].client_id
        whole = [row for row in rows[:size] if row.client_id != cut]
        if whole:
            return whole, False
        alone = (*self.where, Contract.client_id == cut)
        return db.session.execute(candidates(where=alone)).all(), False


def settle(order: Order) -> Order:
    """The order with its pilot group named, as things stand now. Raises InvalidValue.

    The group is the one remembered, filled up with the first clients that have an active contract;
    a smaller group is the first of it.
    """
    check_order(order)
    if order.pilot_client_ids:
        return order
    if order.limit is not None:
        return replace(order, pilot_client_ids=_pilot(order.limit))
    if order.rest:
        remembered = tuple(_remembered())
        if not remembered:
            raise InvalidValue(
                "rest", "Ainda não há grupo piloto: gere primeiro para ele, ou para toda a base."
            )
        return replace(order, pilot_client_ids=remembered)
    return order


def choose(order: Order) -> Choice:
    """The contracts of a settled order. Raises NotFound naming what does not exist."""
    where: list[ColumnElement[bool]] = []
    if order.contract_codes:
        _refuse_missing("Contrato", Contract.code, order.contract_codes)
        where.append(Contract.code.in_(order.contract_codes))
    if order.client_codes:
        _refuse_missing("Cliente", Client.code, order.client_codes)
        where.append(Client.code.in_(order.client_codes))
    if order.wallet_name:
        where.append(Contract.wallet_id == _wallet_id(order.wallet_name))
    if order.plan:
        _refuse_unused("contrato com o plano", Contract.plan, order.plan)
        where.append(Contract.plan == order.plan)
    if order.city:
        _refuse_unused("cliente na cidade", Client.city, order.city)
        where.append(Client.city == order.city)
    if order.due_day is not None:
        where.append(Contract.due_day == order.due_day)
    if order.limit is not None:
        where.append(Contract.client_id.in_(order.pilot_client_ids))
    if order.rest:
        where.append(Contract.client_id.not_in(order.pilot_client_ids))
    return Choice(tuple(where))


def _remembered() -> list[int]:
    financial = db.session.get(FinancialSettings, 1)
    return list(financial.pilot_client_ids or ()) if financial else []


def _pilot(size: int) -> tuple[int, ...]:
    """The remembered clients first, then the others in the order of the base."""
    known = _remembered()
    active = (
        select(Contract.client_id)
        .where(Contract.client_id == Client.id, Contract.status == ContractStatus.ACTIVE)
        .exists()
    )
    first = case((Client.id.in_(known), 0), else_=1)
    query = select(Client.id).where(Client.active.is_(True), active)
    return tuple(db.session.scalars(query.order_by(first, Client.id).limit(size)))


def _wallet_id(name: str) -> int:
    wallet_id = db.session.scalar(select(Wallet.id).where(Wallet.name == name))
    if wallet_id is None:
        raise NotFound(f"Carteira “{name}” não existe.")
    return wallet_id


def _refuse_missing(kind: str, column: InstrumentedAttribute[str], codes: Sequence[str]) -> None:
    known: set[str] = set()
    for start in range(0, len(codes), NAMED):
        part = codes[start : start + NAMED]
        known.update(db.session.scalars(select(column).where(column.in_(part))))
    missing = sorted(set(codes) - known)
    if missing:
        raise NotFound(f"{kind} {_some(missing)} não existe.")


def _refuse_unused(what: str, column: InstrumentedAttribute[str], value: str) -> None:
    if db.session.scalar(select(column).where(column == value).limit(1)) is None:
        raise NotFound(f"Nenhum {what} “{value}”.")


def _some(codes: Iterable[str]) -> str:
    first, *rest = list(codes)
    names = ", ".join([first, *rest[:9]])
    return f"{names} e mais {len(rest) - 9}" if len(rest) > 9 else names
