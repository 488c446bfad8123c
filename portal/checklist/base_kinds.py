"""The active contracts in kinds: what the rule cannot tell apart, the database counts together.

The verdict hangs on a few facts that thousands of contracts share. One contract of each kind is
judged, by the very rule and facts of preview, run and `portal explain`, and speaks for the rest.
As `portal explain` does, each contract is judged for its next month without a title.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import current_app
from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    case,
    func,
    literal,
    select,
    tuple_,
    type_coerce,
)

from portal.checklist.flow import next_month
from portal.clients.models import Client
from portal.contracts.models import Contract, ContractStatus
from portal.contracts.schedule import competences, last_day
from portal.core import clock
from portal.core.db import db
from portal.core.upsert import batches
from portal.deliveries import facts as rule_facts
from portal.deliveries.eligibility import Facts, Verdict
from portal.deliveries.explain import LOOK_AHEAD
from portal.deliveries.jury import Jury
from portal.receivables.models import Receivable, ReceivableStatus

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One contract (a row of `deliveries.facts.candidates`) with its month and its verdict."""

    row: Any
    competence: date
    facts: Facts
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Kind:
    """Contracts that the rule cannot tell apart: how many, and one of them, judged."""

    key: Key
    count: int
    example: Judged


class Base:
    """The active contracts as they stand at `now`; reads only."""

    def __init__(self, now: datetime) -> None:
        self.context = rule_facts.load_context(now)
        today = clock.local_date(now, current_app.config["SETTINGS"].timezone)
        self.months = competences(next_month(today), LOOK_AHEAD)
        self._taken = _months_taken(self.months)
        self._open = _open_titles() if self.context.max_open_receivables is not None else None
        self._key = (
            Contract.wallet_id,
            func.coalesce(type_coerce(Contract.delivery_type, String), ""),
            _flag(Client.active.is_(True)),
            _flag(Client.emails != ""),
            self._starts_late(),
            func.coalesce(self._taken.c.months, 0),
            self._over_limit(),
        )

    def select(self, *columns: Any) -> Select[Any]:
        """A query over the active contracts, with their clients, to be narrowed further."""
        query = select(*columns).select_from(Contract).join(Client, Client.id == Contract.client_id)
        query = query.outerjoin(self._taken, self._taken.c.contract_id == Contract.id)
        if self._open is not None:
            query = query.outerjoin(self._open, self._open.c.contract_id == Contract.id)
        return query.where(Contract.status == ContractStatus.ACTIVE)

    def kinds(self, where: Sequence[ColumnElement[bool]] = ()) -> list[Kind]:
        """The kinds that there are among the active contracts that `where` leaves."""
        # Grouped by name: to PostgreSQL, the same expression with other parameters is another one.
        key: list[Any] = [column.label(f"kind_{place}") for place, column in enumerate(self._key)]
        query = self.select(*key, func.count(), func.min(Contract.id)).where(*where)
        rows = db.session.execute(query.group_by(*(column.name for column in key))).all()
        examples = {item.row.contract_id: item for item in self.judge([row[-1] for row in rows])}
        return [Kind(tuple(row[:-2]), row[-2], examples[row[-1]]) for row in rows]

    def is_one_of(self, kinds: Collection[Kind]) -> ColumnElement[bool]:
        """The condition, within `select`, for the contracts of these kinds."""
        return tuple_(*self._key).in_([kind.key for kind in kinds])

    def judge(self, contract_ids: Sequence[int]) -> Iterator[Judged]:
        """Each of these contracts by itself, those of a client together."""
        jury = Jury()
        for ids in batches(contract_ids):
            taken = rule_facts.generated_already(self.months, ids)
            counts = rule_facts.open_counts(ids) if self._open is not None else {}
            for row in db.session.execute(rule_facts.candidates(contract_ids=ids)):
                free = (m for m in self.months if (row.contract_id, m) not in taken)
                competence = next(free, self.months[0])
                facts = rule_facts.facts_of(
                    row,
                    self.context,
                    competence,
                    already=(row.contract_id, competence) in taken,
                    open_receivables=counts.get(row.contract_id, 0),
                )
                yield Judged(row, competence, facts, jury.verdict(facts))

    def _starts_late(self) -> ColumnElement[date]:
        """When the contract starts, for those that start after the first month; else its end."""
        end = last_day(self.months[0])
        return case((Contract.activated_on > end, Contract.activated_on), else_=end)

    def _over_limit(self) -> ColumnElement[int]:
        if self._open is None:
            return literal(0)
        return _flag(func.coalesce(self._open.c.titles, 0) >= self.context.max_open_receivables)


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _months_taken(months: Sequence[date]) -> Any:
    """Which of the months have a title, by contract: a sum of one power of two for each."""
    powers = {month: 1 << place for place, month in enumerate(months)}
    bit = case(powers, value=Receivable.competence, else_=0)
    query = select(Receivable.contract_id, func.sum(bit, type_=Integer).label("months"))
    query = query.where(Receivable.competence >= months[0], Receivable.undone_at.is_(None))
    return query.group_by(Receivable.contract_id).subquery("taken")


def _open_titles() -> Any:
    query = select(Receivable.contract_id, func.count().label("titles"))
    open_ = Receivable.status == ReceivableStatus.OPEN
    query = query.where(open_, Receivable.undone_at.is_(None))
    return query.group_by(Receivable.contract_id).subquery("open_titles")
