"""From a wallet's account and a title to the numbers of its boleto."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from portal.boletos.banks import bank
from portal.boletos.banks.base import Draft
from portal.boletos.barcode import (
    MAX_CENTS,
    build_codigo_barras,
    build_linha_digitavel,
    due_factor,
)
from portal.boletos.model import BankAccount, InvalidBoleto, Numbers, Title


def compute(account: BankAccount, title: Title) -> Numbers:
    """The nosso número, campo livre, barcode and linha digitável of a title.

    Raises InvalidBoleto, naming the field, for what the bank cannot take.
    """
    found = bank(account.bank_code)
    cents = check_valor(title.valor)
    due = check_vencimento(title.vencimento)
    nosso_numero, campo_livre = found.numbers(
        account,
        Draft(
            check_numero(title.numero),
            cents,
            due,
            title.numero_documento,
            title.data_documento,
            title.ano,
            title.parcela,
        ),
    )
    codigo = build_codigo_barras(found.code, due_factor(due), cents, campo_livre)
    return Numbers(nosso_numero, campo_livre, codigo, build_linha_digitavel(codigo))


def check_numero(numero: str | int) -> str:
    """The sequential number in digits. Raises InvalidBoleto."""
    text = str(numero).strip() if not isinstance(numero, bool) else ""
    if not (text.isascii() and text.isdigit()):
        raise InvalidBoleto(
            "numero",
            f"Nosso número “{numero}”: use só números, sem dígito verificador nem traços.",
        )
    return text


def check_valor(valor: Decimal) -> int:
    """The amount in cents, 1 to 9,999,999,999. Raises InvalidBoleto."""
    if not isinstance(valor, Decimal) or not valor.is_finite():
        raise InvalidBoleto("valor", f"Valor “{valor}”: não é uma quantia em reais.")
    if valor <= 0:
        raise InvalidBoleto(
            "valor", f"Valor {valor}: um boleto tem de ter valor maior que zero. Corrija o valor."
        )
    if valor > Decimal(MAX_CENTS) / 100:
        raise InvalidBoleto(
            "valor",
            f"Valor {valor:.2f}: o código de barras vai até 99.999.999,99. Divida a cobrança.",
        )
    cents = valor * 100
    if cents != int(cents):
        raise InvalidBoleto(
            "valor", f"Valor {valor}: tem fração de centavo. Use duas casas decimais."
        )
    return int(cents)


def check_vencimento(vencimento: date) -> date:
    """The due date. Raises InvalidBoleto when it is not a date."""
    if not isinstance(vencimento, date) or isinstance(vencimento, datetime):
        raise InvalidBoleto("vencimento", f"Vencimento “{vencimento}”: não é uma data.")
    return vencimento
