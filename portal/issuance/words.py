"""What an action says afterwards: how many it changed, which it did not, and why."""

from flask import flash

from portal.receivables.service import Outcome
from portal.web.formatters import number

NAMED = 5  # titles named for each reason; the rest is counted


def tell(outcome: Outcome, one: str, many: str) -> None:
    """Flash the outcome: `one` is "título baixado", `many` "títulos baixados"."""
    parts = ["Nenhum título mudou."]
    if outcome.done:
        parts = [f"{number(outcome.done)} {one if outcome.done == 1 else many}."]
    if outcome.skipped:
        reasons = [f"{why} ({_named(list(which))})" for why, which in outcome.skipped.items()]
        parts.append(f"De fora: {'; '.join(reasons)}.")
    flash(" ".join(parts), "success" if outcome.done and not outcome.skipped else "warning")


def _named(which: list[str]) -> str:
    rest = len(which) - NAMED
    more = f" e mais {number(rest)}" if rest > 0 else ""
    return ", ".join(which[:NAMED]) + more
