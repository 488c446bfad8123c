"""What a run would do: preview shows it, the run writes it. One code path for both."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from portal.contracts import schedule
from portal.core.db import db
from portal.core.errors import NotFound
from portal.deliveries import facts as rule_facts
from portal.deliveries.eligibility import Verdict, judge
from portal.generation.orders import Order, PlannedTitle, check_order
from portal.generation.slip_maker import SlipMaker


@dataclass(slots=True)
class Plan:
    """Everything that a run will write, and its numbers."""

    order: Order
    today: date
    account_id: int | None
    group_by_client: bool
    contracts: int = 0
    titles: list[PlannedTitle] = field(default_factory=list)
    not_generated: Counter[str] = field(default_factory=Counter)  # contracts by code
    next_numbers: dict[int, int] = field(default_factory=dict)  # wallet id → next nosso número

    @property
    def amount(self) -> Decimal:
        """Sum of the titles, R$."""
        return sum((title.row.amount for title in self.titles), Decimal(0))

    @property
    def e_mailed(self) -> list[PlannedTitle]:
        """Titles that go by e-mail."""
        return [title for title in self.titles if title.verdict.emails]

    @property
    def printed(self) -> int:
        """Titles for the printer."""
        return sum(title.verdict.printed for title in self.titles)

    @property
    def not_sent(self) -> Counter[str]:
        """Titles generated but neither e-mailed nor printed, by the requirement that stops them."""
        codes = (title.verdict.not_sent_code for title in self.titles)
        return Counter(code for code in codes if code)

    @property
    def messages(self) -> int:
        """E-mails that leave: one per scope and recipient."""
        return len(
            {
                (self.scope(title), address)
                for title in self.e_mailed
                for address in recipients(title)
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


def recipients(title: PlannedTitle) -> list[str]:
    """The addresses of the title's client."""
    return [address for address in title.row.emails.split(", ") if address]


def make_plan(
    order: Order, today: date, now: datetime, context: rule_facts.Context | None = None
) -> Plan:
    """Plan `order` as things stand; writes nothing. Raises PortalError with cause and cure."""
    check_order(order)
    context = context or rule_facts.load_context(now)
    plan = Plan(
        order=order,
        today=today,
        account_id=context.account.id if context.account else None,
        group_by_client=context.group_by_client,
    )
    months = schedule.competences(order.competence, order.installments)
    already = rule_facts.generated_already(months)
    counts = rule_facts.open_counts() if context.max_open_receivables is not None else {}
    plan.next_numbers = {item.id: item.next_nosso_numero for item in context.wallets.values()}
    for row in _chosen(order, context):
        plan.contracts += 1
        first_stop = ""
        made = 0
        for installment, competence in enumerate(months, start=1):
            facts = rule_facts.facts_of(
                row,
                context,
                competence,
                already=(row.contract_id, competence) in already,
                open_receivables=counts.get(row.contract_id, 0) + made,
            )
            verdict = judge(facts)
            if verdict.not_generated_code:
                first_stop = first_stop or verdict.not_generated_code
                continue
            plan.titles.append(_title(plan, context, row, verdict, competence, installment))
            made += 1
        if not made:
            plan.not_generated[first_stop] += 1
    SlipMaker(plan.order, today, context).prove(plan.titles)
    return plan


def _title(
    plan: Plan,
    context: rule_facts.Context,
    row: Any,
    verdict: Verdict,
    competence: date,
    installment: int,
) -> PlannedTitle:
    """One title, with the next nosso número of its wallet where that makes boletos."""
    sequence = None
    document = f"{row.contract_code}-{competence:%m%y}"[:20]
    if context.wallet_facts[row.wallet_id].makes_boleto:
        sequence = plan.next_numbers[row.wallet_id]
        plan.next_numbers[row.wallet_id] = sequence + 1
        document = str(sequence)
    return PlannedTitle(
        row=row,
        competence=competence,
        installment=installment,
        due_date=schedule.due_date(competence, row.due_day),
        delivery_type=row.delivery_type or context.default_delivery_type,
        verdict=verdict,
        sequence=sequence,
        document_number=document,
    )


def _chosen(order: Order, context: rule_facts.Context) -> Sequence[Any]:
    wallet_id = None
    if order.wallet_name:
        wallet_id = next(
            (item.id for item in context.wallets.values() if item.name == order.wallet_name), None
        )
        if wallet_id is None:
            raise NotFound(f"Carteira “{order.wallet_name}” não existe.")
    query = rule_facts.candidates(contract_codes=order.contract_codes, wallet_id=wallet_id)
    rows = db.session.execute(query).all()
    missing = set(order.contract_codes) - {row.contract_code for row in rows}
    if missing:
        raise NotFound(f"Contrato {', '.join(sorted(missing))} não existe.")
    if order.limit is None:
        return rows
    chosen: dict[int, None] = {}
    for row in rows:
        if len(chosen) < order.limit:
            chosen.setdefault(row.client_id)
    return [row for row in rows if row.client_id in chosen]
