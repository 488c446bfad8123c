"""Sim / Não as the manual writes it: two radio buttons, never a lone checkbox."""

from typing import Any

from wtforms import RadioField

YES, NO = "1", "0"
YES_NO = ((YES, "Sim"), (NO, "Não"))


def as_bool(value: Any) -> bool:
    """True for `True`, `"1"` and `"True"`; False for everything else."""
    return value is True or str(value) in (YES, "True")


def yes_no(label: str, *, default: bool) -> RadioField:
    """A field whose `data` is a bool."""
    return RadioField(label, choices=YES_NO, coerce=as_bool, default=YES if default else NO)
