"""What the report's URL asks for, and which titles a person chose."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from portal.core.errors import InvalidValue
from portal.receivables.forms import parse_day, parse_id, parse_status, parse_text
from portal.receivables.models import ReceivableStatus
from portal.settings.models import DeliveryType

MAX_SELECTED = 5000
YES, NO = "sim", "nao"
KEY = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class IssuanceFilters:
    """The filters of Emissão de boletos; each part is empty when it does not narrow."""

    since: date | None = None  # due dates, both included
    until: date | None = None
    wallet_id: int | None = None
    text: str = ""  # client, document number, nosso número
    city: str = ""
    delivery_type: DeliveryType | None = None
    status: ReceivableStatus | None = ReceivableStatus.OPEN
    sent: bool | None = None
    printed: bool | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> "IssuanceFilters":
        """`?de=&ate=&carteira=&cliente=&cidade=&tipo=&situacao=&enviado=&impresso=`.

        What cannot be read is left out; without `situacao` only open titles are shown.
        """
        kind = args.get("tipo", "")
        return cls(
            since=parse_day(args.get("de", "")),
            until=parse_day(args.get("ate", "")),
            wallet_id=parse_id(args.get("carteira", "")),
            text=parse_text(args.get("cliente", "")),
            city=parse_text(args.get("cidade", "")),
            delivery_type=DeliveryType(kind) if kind in set(DeliveryType) else None,
            status=parse_status(args.get("situacao", ReceivableStatus.OPEN.value)),
            sent=_yes_no(args.get("enviado", "")),
            printed=_yes_no(args.get("impresso", "")),
        )

    @property
    def any(self) -> bool:
        """Whether something narrows beyond what the page shows by itself."""
        return self != IssuanceFilters()


def parse_ids(values: list[str]) -> list[int]:
    """Titles' numbers from form fields, each one or many joined by commas; each once, in order.

    Raises InvalidValue for none, for more than MAX_SELECTED, and for what is not a number.
    """
    parts = [part for value in values for part in value.split(",") if part]
    ids = list(dict.fromkeys(map(parse_id, parts)))
    if not ids:
        raise InvalidValue("receivables", "Selecione ao menos um boleto e repita.")
    if len(ids) > MAX_SELECTED:
        raise InvalidValue(
            "receivables", f"São no máximo {MAX_SELECTED} boletos de uma vez: reduza o filtro."
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


def _yes_no(raw: str) -> bool | None:
    return {YES: True, NO: False}.get(raw)
