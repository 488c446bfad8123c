"""Taking a client's marks out of texts and of plain (JSON) values. Pure."""

import re
from collections.abc import Iterable
from typing import Any

ERASED = "[dado apagado]"
_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;]+")  # any: a server may name a forwarded one


def marks(*, names: Iterable[str]) -> re.Pattern[str] | None:
    """What finds these names (4 letters and more), in any case; None when there is none."""
    known = sorted(
        {name.strip() for name in names if len(name.strip()) >= 4}, key=len, reverse=True
    )
    return re.compile("|".join(map(re.escape, known)), re.IGNORECASE) if known else None


def redact(value: Any, known: re.Pattern[str] | None) -> Any:
    """`value` without e-mail addresses and without what `known` finds, through lists and dicts."""
    if isinstance(value, str):
        text = _ADDRESS.sub(ERASED, value)
        return known.sub(ERASED, text) if known else text
    if isinstance(value, list):
        return [redact(item, known) for item in value]
    if isinstance(value, dict):
        return {name: redact(item, known) for name, item in value.items()}
    return value
