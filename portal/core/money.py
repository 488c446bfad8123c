"""Money as people write it in Brazil. Always `Decimal`, two places, never float."""

import re
from decimal import Decimal, InvalidOperation

from portal.core.errors import InvalidValue

CENT = Decimal("0.01")
MAX_AMOUNT = Decimal("99999999.99")  # the barcode has ten digits, cents included
_PT_BR = re.compile(r"(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d{1,2})?")
_PLAIN = re.compile(r"\d+\.\d{1,2}")


def parse_amount(text: str, field: str = "amount") -> Decimal:
    """An amount in reais from `1.234,56`, `R$ 1.499,00`, `89,9`, `100` or `100.50`.

    Raises InvalidValue for anything else: zero, negative, more than two decimals, NaN,
    exponents, or more than a boleto's barcode can carry (99.999.999,99).
    """
    raw = text.replace("R$", "").replace("\xa0", " ").strip()
    if _PT_BR.fullmatch(raw):
        plain = raw.replace(".", "").replace(",", ".")
    elif _PLAIN.fullmatch(raw):
        plain = raw
    else:
        raise InvalidValue(field, f"Valor “{text.strip()[:30]}” inválido: escreva como 1.234,56.")
    try:
        amount = Decimal(plain).quantize(CENT)
    except InvalidOperation:
        raise InvalidValue(field, f"Valor “{raw[:30]}” é grande demais.") from None
    if amount <= 0:
        raise InvalidValue(field, "O valor deve ser maior que zero.")
    if amount > MAX_AMOUNT:
        raise InvalidValue(field, "O valor não cabe em um boleto (máximo R$ 99.999.999,99).")
    return amount


def format_amount(amount: Decimal) -> str:
    """`1.234,56`: thousands by dot, cents by comma, no currency sign."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def format_brl(amount: Decimal) -> str:
    """`R$ 1.234,56`, with a no-break space after the sign."""
    return f"R$\xa0{format_amount(amount)}"
