"""Sicredi."""

from __future__ import annotations

from dataclasses import replace

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft, FieldSpec
from portal.boletos.checkdigits import mod11
from portal.boletos.model import BankAccount, InvalidBoleto


class Sicredi(Bank):
    """Campo livre: tipo (1 with, 3 without registration), carteira, nosso número (9), cooperativa
    (4), posto (2), beneficiário (5), 1 when there is an amount, 0, DV.

    The nosso número: year (2), byte (2…9 when the company numbers, 1 when the bank does), number
    (5), DV: mod 11 (weights 2…9) over cooperativa, posto, beneficiário, year, byte and number. Both
    DVs are 0 when the result is 10 or 11. The series starts again each year.

    In a wallet, `carteira` is the tipo (1 or 3; A is 1) and `tipo_carteira` the second digit.

    Source: Sicredi, "Manual do beneficiário, cobrança".
    """

    code, name, code_dv = "748", "Sicredi", "X"
    numero_digits = 5
    yearly = True
    used_up = "suba o byte de geração da carteira, e a numeração recomeça em 1"
    fields = (
        f.agencia(help="É o número da cooperativa, com 4 dígitos."),
        FieldSpec("posto", "Posto", 2, True, "É a unidade de atendimento (UA), com 2 dígitos."),
        f.conta(12, required=False, fill=False, help="Só é impressa em documentos internos."),
        f.conta_dv(),
        f.convenio(5, "Código do beneficiário", help="Tem 5 dígitos."),
        FieldSpec("byte", "Byte de geração", 1, False,
                  "De 2 a 9; em branco é 2. O byte 1 é do banco.",
                  tuple((digit, digit) for digit in "234567891"), kind="choice"),
        f.carteira(
            ("1", "1 - com registro"), ("3", "3 - sem registro"), ("A", "A - com registro"),
        ),
        FieldSpec("tipo_carteira", "Tipo de carteira", 1, False, "1 = simples; em branco é 1."),
        FieldSpec("variacao", "Variação", 3, False, "Só é guardada.", kind="text"),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        return replace(
            account,
            carteira="1" if account.carteira == "A" else account.carteira,
            byte=account.byte or "2",
            tipo_carteira=account.tipo_carteira or "1",
        )

    def agencia_codigo(self, account: BankAccount) -> str:
        a = self.prepare(account)
        return f"{a.agencia}.{a.posto}.{a.convenio}"

    def series_base(self, account: BankAccount, year: int) -> int:
        """Year and byte before the five digits: 26200000 for 2026 and byte 2."""
        byte = account.byte.strip() or "2"
        return year % 100 * 1_000_000 + int(byte if byte.isdecimal() else 0) * 100_000

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self._whole(account, title)
        return f"{number[:2]}/{number[2:8]}-{number[8]}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        body = (
            f"{account.carteira}{account.tipo_carteira}{self._whole(account, title)}"
            f"{account.agencia}{account.posto}{account.convenio}"
            f"{'0' if title.cents == 0 else '1'}0"
        )
        return body + mod11(body)

    def _whole(self, account: BankAccount, title: Draft) -> str:
        start = _year(title) + account.byte
        if len(title.numero) == 8 and title.numero.startswith(start):  # year and byte with it
            number = title.numero
        else:
            number = start + self.sequence(account, title)
        return number + mod11(account.agencia + account.posto + account.convenio + number)


def _year(title: Draft) -> str:
    """Two digits of the year in which the title was numbered."""
    year = title.ano.strip()
    if not year and title.data_documento:
        year = str(title.data_documento.year)
    if not (year.isascii() and year.isdigit() and len(year) in (2, 4)):
        raise InvalidBoleto(
            "ano",
            f"Ano “{title.ano}”: o nosso número do Sicredi leva o ano da emissão, como 26."
            " Informe o ano ou a data do documento.",
        )
    return year[-2:]
