"""Health of the base: how many active contracts would be e-mailed now, and why not the others."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.checklist.base_kinds import Base, Kind
from portal.deliveries.eligibility import DELIVERY, GENERATION, Status, Verdict

EMAILS = "emails"  # the list of those that nothing stops; every other list is a code of the rule


@dataclass(frozen=True, slots=True)
class Reason:
    """What stops contracts: how many it stops, and with those that something else stops before."""

    code: str
    count: int
    every: int


@dataclass(frozen=True, slots=True)
class Health:
    """The counts; `emails` and the counts of the reasons add up to `contracts`."""

    contracts: int
    emails: int
    reasons: Sequence[Reason]  # the most frequent first

    def reason(self, code: str) -> Reason:
        """The reason of that code, with zeros where it stops no contract."""
        return next((item for item in self.reasons if item.code == code), Reason(code, 0, 0))

    def to_dict(self) -> dict[str, Any]:
        """As `portal base --json` prints it."""
        return {
            "contracts": self.contracts,
            "emails": self.emails,
            "reasons": {item.code: item.count for item in self.reasons},
            "every": {item.code: item.every for item in self.reasons},
        }


def stopped_by(verdict: Verdict) -> list[str]:
    """Every code that blocks, first what stops the title, then what stops its e-mail."""
    blocked = {item.code for item in verdict.requirements if item.status == Status.BLOCKED}
    return [code for code in (*GENERATION, *DELIVERY) if code in blocked]


def measure(now: datetime) -> Health:
    """Count the whole base."""
    return count(Base(now).kinds())


def count(kinds: Sequence[Kind]) -> Health:
    """The counts of these kinds."""
    first: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for kind in kinds:
        codes = stopped_by(kind.example.verdict)
        first[codes[0] if codes else EMAILS] += kind.count
        for code in codes:
            every[code] += kind.count
    emails = first.pop(EMAILS, 0)
    reasons = [Reason(code, first[code], total) for code, total in every.items()]
    reasons.sort(key=lambda item: (-item.count, -item.every, item.code))
    return Health(emails + first.total(), emails, reasons)
