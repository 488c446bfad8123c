"""One file per bank or family. Every module here is imported, and so registers its banks.

Where sources disagree, the class's docstring says what was chosen and why: Itaú 112, the second
printed digit of Banestes, Santander's variação 2, two nosso números of Caixa, the free numbers and
the number zero of Banco do Brasil, the weights of CrediSIS, Inter 112.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from portal.boletos.banks.base import Bank, FieldSpec
from portal.boletos.model import InvalidBoleto

for _module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["Bank", "FieldSpec", "bank", "banks"]


def bank(code: str) -> Bank:
    """The bank of a three-digit code. Raises InvalidBoleto when it is not one of ours."""
    found = Bank.registry.get(code) or Bank.registry.get(str(code).strip().zfill(3))
    if found is None:
        raise InvalidBoleto(
            "bank_code",
            f"Banco “{code}”: ainda não é emitido aqui. Escolha um banco da lista.",
        )
    return found


def banks() -> tuple[Bank, ...]:
    """All banks, by code."""
    return tuple(Bank.registry[code] for code in sorted(Bank.registry))
