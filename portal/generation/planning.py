"""What a run would do: preview shows it, the run writes it. One code path for both."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from portal.contracts import schedule
from portal.deliveries import facts as rule_facts
from portal.deliveries.eligibility import Verdict
from portal.deliveries.jury import Jury
from portal.generation.choosing import choose, settle
from portal.generation.numbering import Series, series_of
from portal.generation.orders import Order, PlannedTitle, SkippedContract
from portal.generation.slip_maker import SlipMaker

MOST_NAMED = 5000  # contracts in one IN list; of more, what exists is read for the whole base


@dataclass(slots=True)
class Plan:
    """Everything that a run (or a piece of one) will write, and its numbers."""

    order: Order
    today: date
    account_id: int | None
    group_by_client: bool
    contracts: int = 0
    titles: list[PlannedTitle] = field(default_factory=list)
    skipped: list[SkippedContract] = field(default_factory=list)
    series: dict[int, Series] = field(default_factory=dict)  # wallet id → where it stood before
    next_numbers: dict[int, int] = field(default_factory=dict)  # wallet id → where it stands after

    @property
    def amount(self) -> Decimal:
        """Sum of the titles, R$."""
        return sum((title.amount for title in self.titles), Decimal(0))

    @property
    def e_mailed(self) -> list[PlannedTitle]:
        """Titles that go by e-mail."""
        return [title for title in self.titles if title.e_mailed]

    @property
    def printed(self) -> int:
        """Titles for the printer."""
        return sum(title.verdict.printed for title in self.titles)

    @property
    def not_sent(self) -> Counter[str]:
        """Titles generated but neither e-mailed nor printed, by the requirement that stops them."""
        return Counter(title.not_sent_code for title in self.titles if title.not_sent_code)

    @property
    def not_generated(self) -> Counter[str]:
        """Contracts without any title, by the requirement that stops them."""
        return Counter(item.code for item in self.skipped)

    @property
    def messages(self) -> int:
        """E-mails that leave: one per scope and recipient."""
        return len(
            {
                (self.scope(title), address)
                for title in self.e_mailed
                for address in title.recipients
            }
        )

    @property
    def overdue(self) -> int:
        """Titles that would be born past their due date."""
        return sum(title.due_date < self.today for title in self.titles)

    def scope(self, title: PlannedTitle) -> str:
        """What one message covers: all of a client, or one contract."""
        if self.group_by_client:
            return f"client:{title.row.client_id}"
        return f"contract:{title.row.contract_id}"

    def to_dict(self) -> dict[str, Any]:
        """The numbers, as `portal preview --json` prints them."""
        return {
            "contracts": self.contracts,
            "receivables": len(self.titles),
            "amount": str(self.amount),
            "emails": len(self.e_mailed),
            "printed": self.printed,
            "not_sent": dict(self.not_sent),
            "not_generated": dict(self.not_generated),
            "messages": self.messages,
        }


class Planner:
    """Plans contracts row by row; what it looks up, it looks up for the rows given together."""

    def __init__(self, order: Order, today: date, context: rule_facts.Context) -> None:
        self.context = context
        self.months = schedule.competences(order.competence, order.installments)
        series = {
            key: series_of(wallet, today)
            for key, wallet in context.wallets.items()
            if context.wallet_facts[key].makes_boleto
        }
        self.plan = Plan(
            order=order,
            today=today,
            account_id=context.account.id if context.account else None,
            group_by_client=context.group_by_client,
            series=series,
            next_numbers={key: item.next_number for key, item in series.items()},
        )
        self._jury = Jury()

    def add(self, rows: Sequence[Any], *, before: int = 0) -> None:
        """Plan these rows of `deliveries.facts.candidates`.

        `before` is a run: only what earlier ones made then counts as existing.
        """
        ids = [row.contract_id for row in rows] if len(rows) <= MOST_NAMED else None
        already = rule_facts.generated_already(self.months, ids, before)
        limited = self.context.max_open_receivables is not None
        counts = rule_facts.open_counts(ids, before) if limited else {}
        for row in rows:
            self._add_contract(row, already, counts.get(row.contract_id, 0))

    def _add_contract(self, row: Any, already: set[tuple[int, date]], open_before: int) -> None:
        plan = self.plan
        plan.contracts += 1
        first_stop: SkippedContract | None = None
        made = 0
        for installment, competence in enumerate(self.months, start=1):
            verdict = self._jury.verdict(
                rule_facts.facts_of(
                    row,
                    self.context,
                    competence,
                    already=(row.contract_id, competence) in already,
                    open_receivables=open_before + made,
                )
            )
            stop = verdict.not_generated_code
            if stop:
                first_stop = first_stop or SkippedContract(row, stop, verdict)
                continue
            plan.titles.append(self._title(row, verdict, competence, installment))
            made += 1
        if first_stop and not made:
            plan.skipped.append(first_stop)

    def _title(
        self, row: Any, verdict: Verdict, competence: date, installment: int
    ) -> PlannedTitle:
        """One title, with the next nosso número of its wallet where that makes boletos."""
        context, numbers = self.context, self.plan.next_numbers
        number = sequence = None
        if row.wallet_id in numbers:
            number = numbers[row.wallet_id]
            numbers[row.wallet_id] = number + 1
            sequence = self.plan.series[row.wallet_id].base + number
            document = str(sequence)
        else:
            document = f"{row.contract_code}-{competence:%m%y}"[:20]
        return PlannedTitle(
            row=row,
            competence=competence,
            installment=installment,
            due_date=context.due_date(competence, row.due_day),
            amount=context.amount(row, competence),
            delivery_type=row.delivery_type or context.default_delivery_type,
            verdict=verdict,
            not_sent_code=verdict.not_sent_code,
            number=number,
            sequence=sequence,
            document_number=document,
        )


def make_plan(order: Order, today: date, now: datetime) -> Plan:
    """Plan `order` as things stand; writes nothing. Raises PortalError with cause and cure."""
    order = settle(order)
    context = rule_facts.load_context(now)
    planner = Planner(order, today, context)
    planner.add(choose(order).rows())
    SlipMaker(order, today, context).prove(planner.plan.titles)
    return planner.plan


def skipped_contracts(order: Order, today: date, now: datetime, before: int) -> Plan:
    """The contracts that a run left without a title, as they stand now.

    What the run itself and later ones made does not count as made already.
    """
    planner = Planner(order, today, rule_facts.load_context(now))
    planner.add(choose(order).rows(), before=before)
    return planner.plan
