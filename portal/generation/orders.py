"""What a person asks a run for, and one title of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from portal.contracts.schedule import MAX_INSTALLMENTS
from portal.core.errors import InvalidValue
from portal.deliveries.eligibility import Verdict
from portal.settings.models import DeliveryType


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asks for: months, and which contracts (all conditions together)."""

    competence: date
    installments: int = 1
    contract_codes: tuple[str, ...] = ()
    wallet_name: str = ""
    limit: int | None = None  # pilot: only so many clients
    plan: str = ""
    city: str = ""
    due_day: int | None = None
    client_codes: tuple[str, ...] = ()
    rest: bool = False  # everyone but the pilot group
    # The pilot group as it was when the run was asked for; empty until then.
    pilot_client_ids: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As kept in the run's row."""
        return {
            "contract_codes": list(self.contract_codes),
            "wallet_name": self.wallet_name,
            "limit": self.limit,
            "plan": self.plan,
            "city": self.city,
            "due_day": self.due_day,
            "client_codes": list(self.client_codes),
            "rest": self.rest,
            "pilot_client_ids": list(self.pilot_client_ids),
        }

    @classmethod
    def from_dict(cls, competence: date, installments: int, kept: Mapping[str, Any]) -> "Order":
        """The order of which `to_dict` gave `kept`; what is missing there does not narrow."""
        return cls(
            competence=competence,
            installments=installments,
            contract_codes=tuple(kept.get("contract_codes", ())),
            wallet_name=kept.get("wallet_name", ""),
            limit=kept.get("limit"),
            plan=kept.get("plan", ""),
            city=kept.get("city", ""),
            due_day=kept.get("due_day"),
            client_codes=tuple(kept.get("client_codes", ())),
            rest=kept.get("rest", False),
            pilot_client_ids=tuple(kept.get("pilot_client_ids", ())),
        )


@dataclass(frozen=True, slots=True)
class PlannedTitle:
    """One title that will exist."""

    row: Any  # of `deliveries.facts.candidates`
    competence: date
    installment: int
    due_date: date
    amount: Decimal
    delivery_type: DeliveryType
    verdict: Verdict
    not_sent_code: str
    number: int | None  # of the boleto, in its series; None: its wallet makes no boleto
    sequence: int | None  # the number as it is stored: never twice in a wallet
    document_number: str

    @property
    def e_mailed(self) -> bool:
        """Whether it goes by e-mail."""
        return not (self.not_sent_code or self.verdict.printed)

    @property
    def recipients(self) -> list[str]:
        """The addresses of its client."""
        return [address for address in self.row.emails.split(", ") if address]


@dataclass(frozen=True, slots=True)
class SkippedContract:
    """One contract that gets no title at all, and the first requirement that stops it."""

    row: Any  # of `deliveries.facts.candidates`
    code: str
    verdict: Verdict


def check_order(order: Order) -> None:
    """Raises InvalidValue for an order that cannot be."""
    if not 1 <= order.installments <= MAX_INSTALLMENTS:
        raise InvalidValue("installments", f"Informe de 1 a {MAX_INSTALLMENTS} parcelas.")
    if order.competence.day != 1:
        raise InvalidValue("competence", "A competência é o primeiro dia do mês.")
    if order.due_day is not None and not 1 <= order.due_day <= 31:
        raise InvalidValue("due_day", "O dia de vencimento vai de 1 a 31.")
    if order.limit is not None and order.limit < 1:
        raise InvalidValue("limit", "O grupo piloto tem ao menos 1 cliente.")
    if order.rest and order.limit is not None:
        raise InvalidValue("rest", "Escolha o grupo piloto ou o resto da base, não os dois.")
