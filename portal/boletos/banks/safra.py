"""Banco Safra."""

from __future__ import annotations

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft, FieldSpec
from portal.boletos.checkdigits import mod11
from portal.boletos.model import BankAccount, InvalidBoleto


class Safra(Bank):
    """Campo livre: 7, agência with DV (5), conta with DV (9), number (8), DV, 2.

    The DV is mod 11 (weights 2…9) with remainder 0 giving 1 and remainder 1 giving 0; a number of 9
    digits is taken with its DV. Layout nao_registrada: 7, cliente (conta with DV, 6), number (17),
    4.

    Source: Banco Safra, "Layout de cobrança CNAB 400".
    """

    code, name = "422", "Banco Safra"
    numero_digits = 8
    fields = (
        f.agencia(5, fill=False, help="Sem o dígito, se ele está no campo ao lado."),
        f.agencia_dv(help="Vai no código de barras; em branco, já está no fim.", in_barcode=True),
        f.conta(9, fill=False, help="Sem o dígito, se ele está no campo ao lado."),
        f.conta_dv(help="Vai no código de barras; em branco, já está no fim.", in_barcode=True),
        f.convenio(10, required=False, fill=False, help="Só é impresso."),
        f.carteira_printed(),
        FieldSpec("layout", "Modelo", 14, False, "Em branco é a cobrança registrada.",
                  (("nao_registrada", "Cobrança não registrada"),), kind="choice"),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        for name, label, width in (("agencia", "Agência", 5), ("conta", "Conta", 9)):
            dv = getattr(account, name + "_dv")
            whole = (getattr(account, name) + dv).lstrip("0")
            if name == "conta" and account.layout == "nao_registrada":
                width = 6
            if len(whole) > width:
                raise InvalidBoleto(
                    name,
                    f"{label} “{whole}”: o Banco Safra usa até {width} dígitos, com o verificador.",
                )
        return account

    def numero_max(self, account: BankAccount) -> int:
        return int("9" * (17 if account.layout == "nao_registrada" else 8))

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        if account.layout == "nao_registrada":
            return self.sequence(account, title, 17)
        number = self._with_dv(account, title)
        return f"{number[:8]}-{number[8]}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        conta = account.conta + account.conta_dv
        if account.layout == "nao_registrada":
            return f"7{conta.lstrip('0').zfill(6)}{self.sequence(account, title, 17)}4"
        agencia = account.agencia + account.agencia_dv
        agencia, conta = agencia.lstrip("0").zfill(5), conta.lstrip("0").zfill(9)
        return f"7{agencia}{conta}{self._with_dv(account, title)}2"

    def _with_dv(self, account: BankAccount, title: Draft) -> str:
        given = title.numero
        if len(given) == 9 and given[0] != "0" and mod11(given[:8], eleven="1") == given[8]:
            return given
        number = self.sequence(account, title)
        return number + mod11(number, eleven="1")
