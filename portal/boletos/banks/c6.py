"""Banco C6."""

from __future__ import annotations

from dataclasses import replace

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft, FieldSpec
from portal.boletos.checkdigits import mod11
from portal.boletos.model import BankAccount

_INDICADOR = {"10": "3", "21": "3", "30": "3", "60": "3"}  # issued by the bank


class C6(Bank):
    """Campo livre: cedente (12), number (10), carteira (2), indicador.

    The indicador is 3 when the bank issues (carteiras 10, 21, 30, 60), 4 when the company does (20,
    40); the wallet's modalidade says otherwise. The printed DV is mod 11, weights 2…7, over
    carteira and number; remainder 1 is P, 0 is 0.

    Source: Banco C6, "Layout de cobrança CNAB 400".
    """

    code, name = "336", "Banco C6"
    numero_digits = 10
    fields = (
        f.agencia(paper_only=True),
        f.conta(12, required=False, fill=False, help="Só é impressa."),
        f.conta_dv(),
        f.convenio(12, "Código do cedente"),
        f.carteira(
            ("20", "20 - emissão pela empresa"), ("10", "10 - emissão pelo banco"),
            *f.codes("21", "22", "23", "24", "30", "40", "60"),
        ),
        FieldSpec("modalidade", "Indicador", 1, False, "3 emissão do banco, 4 da empresa.",
                  (("3", "3 - banco"), ("4", "4 - empresa")), kind="choice"),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        return replace(
            account, modalidade=account.modalidade or _INDICADOR.get(account.carteira, "4")
        )

    def agencia_codigo(self, account: BankAccount) -> str:
        return f"{account.agencia} / {account.convenio}"

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        return f"{number}-{mod11(account.carteira + number, 7, ten='P')}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        return f"{account.convenio}{number}{account.carteira}{account.modalidade}"
