"""What a message speaks of: plain facts, without database rows."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """The client. `cpf_cnpj` without punctuation, `address` in one line."""

    name: str
    cpf_cnpj: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class ContractFacts:
    """One contract; a message for several titles may speak of several."""

    number: str
    plan: str = ""


@dataclass(frozen=True, slots=True)
class TitleFacts:
    """One title with its boleto. `amount` in reais, as printed; `updated_amount` with fine and
    interest to the day, where the title is past due."""

    number: str
    amount: Decimal
    due_date: date
    competence: date | None = None
    nosso_numero: str = ""
    linha_digitavel: str = ""
    updated_amount: Decimal | None = None

    @property
    def to_pay(self) -> Decimal:
        """What the title costs today."""
        return self.amount if self.updated_amount is None else self.updated_amount


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """The company that charges. `cnpj` without punctuation."""

    name: str
    cnpj: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """Everything that variables can show, with the present day and hour in local time."""

    client: ClientFacts
    company: CompanyFacts
    titles: tuple[TitleFacts, ...]
    today: date
    hour: int
    contracts: tuple[ContractFacts, ...] = ()

    @property
    def titles_by_date(self) -> list[TitleFacts]:
        """The titles, first to fall due first."""
        return sorted(self.titles, key=lambda title: (title.due_date, title.number))

    @property
    def first_title(self) -> TitleFacts | None:
        """The title that `#boleto_…#` speaks of."""
        return min(self.titles, key=lambda title: (title.due_date, title.number), default=None)
