"""What the URL of the log asks for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.deliveries.cause_names import SHORT
from portal.deliveries.states import State
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
ARGUMENTS = ("q", "estado", "causa", "conta", "usuario", "periodo", "de", "ate", "geracao", "lote")


@dataclass(frozen=True, slots=True)
class LogFilters:
    """The filters of the log; each part is empty when it does not narrow."""

    text: str = ""  # recipient, client, subject, document number or nosso número
    state: State | None = None
    cause: str = ""
    account_id: int | None = None
    user_id: int | None = None  # NOBODY: the command line
    period: str = ""  # a key of PERIODS; or the days below, both included
    since: date | None = None
    until: date | None = None
    generation_id: int | None = None
    client_id: int | None = None
    batch: str = ""  # the messages of one sending by hand

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> "LogFilters":
        """`?q=&estado=&causa=&conta=&usuario=&periodo=&de=&ate=&geracao=&lote=`.

        What cannot be read is left out; a named period goes before days.
        """
        state, cause, batch = args.get("estado", ""), args.get("causa", ""), args.get("lote", "")
        period = args.get("periodo", "")
        period = period if period in PERIODS else ""
        return cls(
            text=parse_text(args.get("q", "")),
            state=State(state) if state in set(State) else None,
            cause=cause if cause in SHORT else "",
            account_id=parse_id(args.get("conta", "")),
            user_id=parse_id(args.get("usuario", "")),
            period=period,
            since=None if period else parse_day(args.get("de", "")),
            until=None if period else parse_day(args.get("ate", "")),
            generation_id=parse_id(args.get("geracao", "")),
            batch=batch if BATCH.fullmatch(batch) else "",
        )

    @property
    def any(self) -> bool:
        """Whether something is filtered at all, the client's own page apart."""
        empty = LogFilters()
        return any(
            getattr(self, field.name) != getattr(empty, field.name)
            for field in fields(self)
            if field.name != "client_id"
        )

    def span(self, today: date, timezone: str) -> tuple[datetime | None, datetime | None]:
        """First moment and the moment after the last one; None where it is open."""
        since, until = self.since, self.until
        if self.period:
            since = today - timedelta(days=PERIODS[self.period][1] - 1)
        return (
            _midnight(since, timezone) if since else None,
            _midnight(until + timedelta(days=1), timezone) if until else None,
        )


def _midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
