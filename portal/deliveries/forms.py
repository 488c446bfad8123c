"""What the URL of the log asks for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.deliveries.cause_names import SHORT
from portal.deliveries.states import Kind, State
from portal.receivables.forms import parse_day, parse_id, parse_text

# Days back from today, today included.
PERIODS: dict[str, tuple[str, int]] = {
    "hoje": ("Hoje", 1),
    "7": ("7 dias", 7),
    "30": ("30 dias", 30),
}
NOBODY = 0  # the filter's number for what the command line did
BATCH = re.compile(r"[0-9a-f]{16}")
# The names of the filters in the URL.
ARGUMENTS = (
    "q",
    "estado",
    "causa",
    "tipo",
    "conta",
    "usuario",
    "periodo",
    "de",
    "ate",
    "geracao",
    "cliente",
    "lote",
    "emails",
)
MAX_MARKED = 500  # messages that one may mark in the log


@dataclass(frozen=True, slots=True)
class LogFilters:
    """The filters of the log; each part is empty when it does not narrow."""

    text: str = ""  # client, recipient, title, or subject: see log_search
    state: State | None = None
    cause: str = ""
    kind: Kind | None = None
    account_id: int | None = None
    user_id: int | None = None  # NOBODY: the command line
    period: str = ""  # a key of PERIODS; or the days below, both included
    since: date | None = None
    until: date | None = None
    generation_id: int | None = None
    client_id: int | None = None
    batch: str = ""  # the messages of one sending by hand
    ids: tuple[int, ...] = ()  # messages that a person marked

    @classmethod
    def from_args(cls, args: Mapping[str, str], client_id: int | None = None) -> "LogFilters":
        """`?q=&estado=&causa=&tipo=&conta=&usuario=&periodo=&de=&ate=&geracao=&cliente=&lote=&emails=1,2`.

        What cannot be read is left out; a named period goes before days. `client_id` is that of
        the client's own page, whatever the arguments say.
        """
        state, cause, batch = args.get("estado", ""), args.get("causa", ""), args.get("lote", "")
        kind, period = args.get("tipo", ""), args.get("periodo", "")
        period = period if period in PERIODS else ""
        return cls(
            text=parse_text(args.get("q", "")),
            state=State(state) if state in set(State) else None,
            cause=cause if cause in SHORT else "",
            kind=Kind(kind) if kind in set(Kind) else None,
            account_id=parse_id(args.get("conta", "")),
            user_id=parse_id(args.get("usuario", "")),
            period=period,
            since=None if period else parse_day(args.get("de", "")),
            until=None if period else parse_day(args.get("ate", "")),
            generation_id=parse_id(args.get("geracao", "")),
            client_id=client_id or parse_id(args.get("cliente", "")),
            batch=batch if BATCH.fullmatch(batch) else "",
            ids=_ids(args.get("emails", "")),
        )

    @property
    def any(self) -> bool:
        """Whether something is filtered at all."""
        return self != LogFilters()

    def any_but(self, client_id: int | None) -> bool:
        """Whether more is filtered than the client whose page it is."""
        return self != LogFilters(client_id=client_id)

    @property
    def close(self) -> bool:
        """Whether a filter goes before the state: it leaves few messages, or of one state."""
        return bool(self.ids or self.client_id or self.batch or self.cause)

    @property
    def more(self) -> bool:
        """Whether one of the filters that stand apart is set."""
        apart = (self.kind, self.account_id, self.user_id, self.since, self.until)
        return any(item is not None for item in (*apart, self.generation_id))

    def span(self, today: date, timezone: str) -> tuple[datetime | None, datetime | None]:
        """First moment and the moment after the last one; None where it is open."""
        since, until = self.since, self.until
        if self.period:
            since = today - timedelta(days=PERIODS[self.period][1] - 1)
        return (
            _midnight(since, timezone) if since else None,
            _midnight(until + timedelta(days=1), timezone) if until else None,
        )


def _ids(raw: str) -> tuple[int, ...]:
    numbers = (parse_id(part) for part in raw.split(",")[:MAX_MARKED] if part)
    return tuple(number for number in numbers if number is not None)


def _midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
