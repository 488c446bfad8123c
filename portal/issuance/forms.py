"""What the report's URL asks for, and which titles a person chose."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from portal.core.errors import InvalidValue
from portal.core.text import one_line
from portal.issuance.labels import SENDINGS
from portal.receivables.forms import parse_day, parse_id, parse_status, parse_text
from portal.receivables.models import ReceivableStatus
from portal.settings.models import DeliveryType

MAX_SELECTED = 5000
MAX_REASON = 200  # characters
YES, NO = "sim", "nao"
KEY = re.compile(r"[0-9a-f]{16}")
# The names of the filters in the URL.
ARGUMENTS = (
    *("de", "ate", "carteira", "cliente", "numero", "cidade", "tipo", "situacao"),
    *("envio", "impresso", "geracao"),
)


@dataclass(frozen=True, slots=True)
class IssuanceFilters:
    """The filters of Emissão de boletos; each part is empty when it does not narrow."""

    since: date | None = None  # due dates, both included
    until: date | None = None
    wallet_id: int | None = None
    client: str = ""  # name, CPF/CNPJ or code
    number: str = ""  # nosso número or document number, whole
    city: str = ""
    delivery_type: DeliveryType | None = None
    status: ReceivableStatus | None = ReceivableStatus.OPEN
    sending: str = ""  # a key of labels.SENDINGS
    printed: bool | None = None
    generation_id: int | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> "IssuanceFilters":
        """The arguments of ARGUMENTS; what cannot be read is left out.

        Without `situacao` only open titles are shown.
        """
        kind, sending = args.get("tipo", ""), args.get("envio", "")
        return cls(
            since=parse_day(args.get("de", "")),
            until=parse_day(args.get("ate", "")),
            wallet_id=parse_id(args.get("carteira", "")),
            client=parse_text(args.get("cliente", "")),
            number=parse_text(args.get("numero", "")),
            city=parse_text(args.get("cidade", "")),
            delivery_type=DeliveryType(kind) if kind in set(DeliveryType) else None,
            status=parse_status(args.get("situacao", ReceivableStatus.OPEN.value)),
            sending=sending if sending in SENDINGS else "",
            printed={YES: True, NO: False}.get(args.get("impresso", "")),
            generation_id=parse_id(args.get("geracao", "")),
        )

    @property
    def any(self) -> bool:
        """Whether something narrows beyond what the page shows by itself."""
        return self != IssuanceFilters()


@dataclass(frozen=True, slots=True)
class Key:
    """Where a page of the report ends; the order is that of due date, then number."""

    due_date: date
    id: int

    @classmethod
    def parse(cls, raw: str) -> "Key | None":
        """`2026-12-10.1042`; None for anything else, which is the first page."""
        day, _, number = raw.partition(".")
        due_date, receivable_id = parse_day(day), parse_id(number)
        return None if due_date is None or receivable_id is None else cls(due_date, receivable_id)

    def __str__(self) -> str:
        return f"{self.due_date.isoformat()}.{self.id}"


def parse_ids(values: Sequence[str]) -> list[int]:
    """Titles' numbers from form fields, each one or many joined by commas; each once, in order.

    Raises InvalidValue for none, for more than MAX_SELECTED, and for what is not a number.
    """
    ids = parse_some_ids(values)
    if not ids:
        raise InvalidValue("receivables", "Selecione ao menos um boleto e repita.")
    return ids


def parse_some_ids(values: Sequence[str]) -> list[int]:
    """As `parse_ids`, and none at all is fine."""
    parts = [part for value in values for part in value.split(",") if part]
    ids = list(dict.fromkeys(map(parse_id, parts)))
    if len(ids) > MAX_SELECTED:
        raise InvalidValue(
            "receivables", f"São no máximo {MAX_SELECTED} boletos de uma vez: reduza a seleção."
        )
    numbers = [number for number in ids if number is not None]
    if len(numbers) < len(ids):
        raise InvalidValue("receivables", "A seleção veio estragada. Volte e selecione de novo.")
    return numbers


def parse_key(raw: str) -> str:
    """The key that the confirmation page made. Raises InvalidValue."""
    if not KEY.fullmatch(raw):
        raise InvalidValue("key", "O formulário veio estragado. Volte à seleção e repita.")
    return raw


def parse_payment_day(raw: str) -> date:
    """The day on which titles were paid. Raises InvalidValue."""
    day = parse_day(raw)
    if day is None:
        raise InvalidValue("paid_on", "Informe a data do pagamento.")
    return day


def parse_reason(raw: str) -> str:
    """Why titles are cancelled, in one line. Raises InvalidValue when there is none."""
    reason = one_line(raw)
    if not reason:
        raise InvalidValue("reason", "Escreva o motivo do cancelamento: ele fica na auditoria.")
    if len(reason) > MAX_REASON:
        raise InvalidValue("reason", f"O motivo vai até {MAX_REASON} caracteres.")
    return reason
