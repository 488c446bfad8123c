"""One page of a list that is counted in memory, by `?inicio=`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

PAGE = 100


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows shown, of how many, and where the next page begins."""

    shown: Sequence[Any]
    count: int
    start: int

    @classmethod
    def of(cls, found: Sequence[Any]) -> "Rows":
        """The page that the URL asks for."""
        raw = request.args.get("inicio", "")
        start = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 8 else 0
        return cls(found[start : start + PAGE], len(found), start)

    @property
    def next_start(self) -> int | None:
        """Where the next page begins; None on the last one."""
        after = self.start + PAGE
        return after if self.count > after else None
