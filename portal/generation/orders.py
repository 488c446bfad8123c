"""What a person asks a run for, and one title of it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.core.errors import InvalidValue
from portal.deliveries.eligibility import Verdict
from portal.settings.models import DeliveryType

MAX_INSTALLMENTS = 24


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
    sequence: int | None  # None: its wallet makes no boleto
    document_number: str


def check_order(order: Order) -> None:
    """Raises InvalidValue for an order that cannot be."""
    if not 1 <= order.installments <= MAX_INSTALLMENTS:
        raise InvalidValue("installments", f"Informe de 1 a {MAX_INSTALLMENTS} parcelas.")
    if order.competence.day != 1:
        raise InvalidValue("competence", "A competência é o primeiro dia do mês.")
