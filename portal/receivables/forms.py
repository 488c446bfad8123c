"""What the URL of a list of titles asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date

from portal.core.text import one_line
from portal.receivables.labels import SENDING_FILTERS
from portal.receivables.models import ReceivableStatus
from portal.web.search import MAX_QUERY

MAX_ID = 2**31 - 1  # what an INTEGER column holds


@dataclass(frozen=True, slots=True)
class TitleFilters:
    """The filters of Títulos; each part is empty when it does not narrow."""

    text: str = ""  # client, document number, nosso número or linha digitável
    status: ReceivableStatus | None = None
    sending: str = ""  # a key of labels.SENDING_FILTERS
    since: date | None = None  # due dates, both included
    until: date | None = None
    contract_id: int | None = None
    generation_id: int | None = None
    client_id: int | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> "TitleFilters":
        """`?q=&situacao=&envio=&de=&ate=&contrato=&geracao=`; what cannot be read is left out."""
        sending = args.get("envio", "")
        return cls(
            text=parse_text(args.get("q", "")),
            status=parse_status(args.get("situacao", "")),
            sending=sending if sending in SENDING_FILTERS else "",
            since=parse_day(args.get("de", "")),
            until=parse_day(args.get("ate", "")),
            contract_id=parse_id(args.get("contrato", "")),
            generation_id=parse_id(args.get("geracao", "")),
        )

    @property
    def any(self) -> bool:
        """Whether something is filtered at all, the client's own page apart."""
        return any(getattr(self, field.name) for field in fields(self) if field.name != "client_id")


def parse_text(raw: str) -> str:
    """One clean line of what was typed into a search box."""
    return one_line(raw)[:MAX_QUERY]


def parse_status(raw: str) -> ReceivableStatus | None:
    """`open`, `paid` or `cancelled`; None for anything else."""
    return ReceivableStatus(raw) if raw in set(ReceivableStatus) else None


def parse_day(raw: str) -> date | None:
    """A day as date fields send it, `2026-12-10`, from 2000 to 2100; None for anything else."""
    try:
        day = date.fromisoformat(raw)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None


def parse_id(raw: str) -> int | None:
    """A row's number; None for anything else."""
    fine = raw.isascii() and raw.isdigit() and len(raw) <= len(str(MAX_ID)) and int(raw) <= MAX_ID
    return int(raw) if fine else None
