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
    """One title with its boleto. `amount` in reais."""

    number: str
    amount: Decimal
    due_date: date
    competence: date | None = None
    nosso_numero: str = ""
    linha_digitavel: str = ""


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
