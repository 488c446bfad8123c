"""What a run would do: preview shows it, the run writes it. One code path for both."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from portal.boletos import InvalidBoleto, Numbers, Slip, Title, compute
from portal.contracts import schedule
from portal.core.db import db
from portal.core.errors import InvalidValue, NotFound, PortalError
from portal.deliveries import facts as rule_facts
from portal.deliveries.eligibility import Facts, Verdict, judge
from portal.receivables import slips
from portal.settings.models import DeliveryType, GeneralSettings
from portal.wallets.models import Wallet

MAX_INSTALLMENTS = 24
NUMBERLESS = Numbers("", "", "", "")


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asks for: months, and which contracts."""

    competence: date
    installments: int = 1
    contract_codes: tuple[str, ...] = ()
    wallet_name: str = ""
    limit: int | None = None  # pilot: only so many clients

    def to_dict(self) -> dict[str, Any]:
        """As kept in the run's row."""
        return {
            "contract_codes": list(self.contract_codes),
            "wallet_name": self.wallet_name,
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True)
class PlannedTitle:
    """One title that will exist."""

    row: Any  # of `rule_facts.candidates`
    competence: date
    installment: int
    due_date: date
    delivery_type: DeliveryType
    verdict: Verdict
    sequence: int | None
    document_number: str
    slip: Slip | None


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


def check_order(order: Order) -> None:
    """Raises InvalidValue for an order that cannot be."""
    if not 1 <= order.installments <= MAX_INSTALLMENTS:
        raise InvalidValue("installments", f"Informe de 1 a {MAX_INSTALLMENTS} parcelas.")
    if order.competence.day != 1:
        raise InvalidValue("competence", "A competência é o primeiro dia do mês.")


def make_plan(order: Order, today: date, now: datetime) -> Plan:
    """Plan `order` as things stand; writes nothing. Raises PortalError with cause and cure."""
    check_order(order)
    context = rule_facts.load_context(now)
    plan = Plan(
        order=order,
        today=today,
        account_id=context.account.id if context.account else None,
        group_by_client=context.group_by_client,
    )
    months = schedule.competences(order.competence, order.installments)
    already = rule_facts.generated_already(months)
    counts = rule_facts.open_counts() if context.max_open_receivables is not None else {}
    maker = _TitleMaker(plan, context)
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
            maker.add(row, facts, verdict, competence, installment)
            made += 1
        if not made:
            plan.not_generated[first_stop] += 1
    return plan


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


class _TitleMaker:
    """Adds titles to a plan: due date, nosso número from the wallet's row, the boleto."""

    def __init__(self, plan: Plan, context: rule_facts.Context) -> None:
        self.plan = plan
        self.wallets = context.wallets
        self.wallet_facts = context.wallet_facts
        self.default_type = context.default_delivery_type
        self.beneficiary = slips.beneficiary(db.session.get(GeneralSettings, 1))
        plan.next_numbers = {item.id: item.next_nosso_numero for item in context.wallets.values()}

    def add(
        self, row: Any, facts: Facts, verdict: Verdict, competence: date, installment: int
    ) -> None:
        """Plan one title."""
        wallet = self.wallets[row.wallet_id]
        due = schedule.due_date(competence, row.due_day)
        sequence, slip = None, None
        document = f"{row.contract_code}-{competence:%m%y}"[:20]
        if self.wallet_facts[wallet.id].makes_boleto:
            sequence = self.plan.next_numbers[wallet.id]
            self.plan.next_numbers[wallet.id] = sequence + 1
            document = str(sequence)
            slip = self._slip(row, wallet, competence, installment, due, sequence)
        self.plan.titles.append(
            PlannedTitle(
                row=row,
                competence=competence,
                installment=installment,
                due_date=due,
                delivery_type=row.delivery_type or self.default_type,
                verdict=verdict,
                sequence=sequence,
                document_number=document,
                slip=slip,
            )
        )

    def _slip(
        self, row: Any, wallet: Wallet, competence: date, installment: int, due: date, sequence: int
    ) -> Slip:
        account = wallet.bank_account
        today = self.plan.today
        title = Title(
            numero=sequence,
            valor=row.amount,
            vencimento=due,
            numero_documento=str(sequence),
            data_documento=today,
            ano=f"{today:%y}",
            parcela=str(installment),
        )
        try:
            numbers = compute(account, title)
        except InvalidBoleto as error:
            raise PortalError(
                f"Carteira “{wallet.name}”, contrato {row.contract_code}: {error}"
            ) from error
        months = self.plan.order.installments
        part = f", parcela {installment}/{months}" if months > 1 else ""
        return slips.make_slip(
            account=account,
            numbers=numbers,
            beneficiario=self.beneficiary,
            pagador=slips.payer(row),
            document_number=str(sequence),
            amount=row.amount,
            due_date=due,
            today=today,
            lines=slips.instructions(wallet, row.amount),
            description=(
                f"Contrato {row.contract_code} · {row.plan} · competência {competence:%m/%Y}{part}"
            ),
        )
