"""Barcode (44 digits), linha digitável (47) and the due-date factor. Source: FEBRABAN."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from portal.boletos.checkdigits import mod10, mod11
from portal.boletos.model import InvalidBoleto

EPOCH = date(1997, 10, 7)
_CYCLE = 9000  # factors run to 9999, then start again at 1000 (2025-02-22)
# A factor is read, by FEBRABAN's rule, in the window from 3000 days past to 5500 days ahead; the
# 500 days between are a safety gap, which is given to the future here.
_DAYS_PAST = 3000
MAX_CENTS = 9_999_999_999


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a barcode says. `vencimento` is None when the factor is 0000 (no due date)."""

    bank_code: str
    valor: Decimal
    vencimento: date | None
    campo_livre: str
    codigo_barras: str
    linha_digitavel: str


def due_factor(due: date) -> str:
    """The factor of a due date, 4 digits: days since 1997-10-07, in cycles of 9000 past 9999.

    Raises InvalidBoleto for a date before 1997-10-07.
    """
    days = (due - EPOCH).days
    if days < 0:
        raise InvalidBoleto(
            "vencimento",
            f"Vencimento {due:%d/%m/%Y}: boletos só existem a partir de 07/10/1997. Corrija o ano.",
        )
    if days > 9999:
        days = 1000 + (days - 1000) % _CYCLE
    return f"{days:04d}"


def due_date(factor: str | int, reference: date) -> date | None:
    """The due date that a factor means, seen from `reference`; None for 0000 (no due date).

    A factor comes back every 9000 days: the date chosen is the one from 3000 days before the
    reference to 5999 days after it (the first cycle, when that lies before 1997).
    """
    text = str(factor).zfill(4)
    if len(text) != 4 or not _is_digits(text):
        raise InvalidBoleto("vencimento", f"Fator de vencimento “{factor}”: são 4 dígitos.")
    days = int(text)
    if days == 0:
        return None
    if days < 1000:  # only the first cycle had these
        return EPOCH + timedelta(days)
    earliest = (reference - EPOCH).days - _DAYS_PAST
    cycles = max(0, -((days - earliest) // _CYCLE))
    last = (date.max - EPOCH).days
    while days + cycles * _CYCLE > last:
        cycles -= 1
    return EPOCH + timedelta(days + cycles * _CYCLE)


def build_codigo_barras(bank_code: str, factor: str, cents: int, campo_livre: str) -> str:
    """The 44 digits: bank, currency 9, check digit, factor, amount in cents, campo livre."""
    head, tail = bank_code + "9", f"{factor}{cents:010d}{campo_livre}"
    return f"{head}{general_dv(head + tail)}{tail}"


def general_dv(digits: str) -> str:
    """The barcode's check digit: mod 11, weights 2…9, over its other 43 digits; 0, 10, 11 → 1."""
    return mod11(digits, 9, ten="1", eleven="1")


def build_linha_digitavel(codigo: str) -> str:
    """The linha digitável of a 44-digit barcode, with its dots and blanks."""
    one, two, three = codigo[:4] + codigo[19:24], codigo[24:34], codigo[34:44]
    return (
        f"{one[:5]}.{one[5:]}{mod10(one)} {two[:5]}.{two[5:]}{mod10(two)}"
        f" {three[:5]}.{three[5:]}{mod10(three)} {codigo[4]} {codigo[5:19]}"
    )


def parse_codigo_barras(codigo: str, reference: date) -> Decoded:
    """Reads 44 digits. Raises InvalidBoleto when they are not a boleto's or a digit is wrong."""
    digits = "".join(codigo.split())
    if len(digits) != 44 or not _is_digits(digits):
        raise InvalidBoleto(
            "codigo_barras",
            f"Código de barras com {len(digits)} caracteres: são 44 dígitos. Leia-o de novo.",
        )
    if digits[3] != "9":
        raise InvalidBoleto(
            "codigo_barras",
            "O código não é de boleto em reais (a 4ª posição não é 9). Confira o documento.",
        )
    if general_dv(digits[:4] + digits[5:]) != digits[4]:
        raise InvalidBoleto(
            "codigo_barras",
            f"O dígito verificador “{digits[4]}” do código de barras não confere. Leia-o de novo.",
        )
    return Decoded(
        bank_code=digits[:3],
        valor=Decimal(int(digits[9:19])).scaleb(-2),
        vencimento=due_date(digits[5:9], reference),
        campo_livre=digits[19:],
        codigo_barras=digits,
        linha_digitavel=build_linha_digitavel(digits),
    )


def parse_linha(linha: str, reference: date) -> Decoded:
    """Reads 47 digits, with or without dots and blanks.

    Raises InvalidBoleto naming the field of the line whose check digit is wrong.
    """
    digits = "".join(ch for ch in linha if ch not in " .-\t\n\r\u00a0")
    if len(digits) == 48 and digits[:1] == "8":
        raise InvalidBoleto(
            "linha_digitavel",
            "A linha tem 48 dígitos e começa por 8: é conta de consumo ou tributo, não boleto.",
        )
    if len(digits) != 47 or not _is_digits(digits):
        raise InvalidBoleto(
            "linha_digitavel",
            f"Linha digitável com {len(digits)} dígitos: são 47. Copie-a inteira.",
        )
    parts = (digits[:9], digits[10:20], digits[21:31])
    for number, (part, dv) in enumerate(zip(parts, digits[9:32:11], strict=False), start=1):
        if mod10(part) != dv:
            raise InvalidBoleto(
                "linha_digitavel",
                f"O dígito “{dv}” do {number}º campo da linha digitável não confere."
                " Copie-a de novo.",
            )
    one, two, three = parts
    codigo = one[:4] + digits[32:] + one[4:] + two + three
    try:
        return parse_codigo_barras(codigo, reference)
    except InvalidBoleto as error:
        message = str(error).replace("código de barras", "linha digitável")
        raise InvalidBoleto("linha_digitavel", message) from None


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
