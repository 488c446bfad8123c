"""A status's words, sign and colour live together; colour never speaks alone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """`tone` is one of success, warning, danger, info, muted; `sign` is one character."""

    text: str
    tone: str
    sign: str
