"""Santander."""

from __future__ import annotations

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft, FieldSpec
from portal.boletos.checkdigits import mod11
from portal.boletos.model import BankAccount


class Santander(Bank):
    """Campo livre: 9, beneficiário (7), number (12), DV, IOS, carteira (3).

    The DV is mod 11 over the number, weights 2…9; 10 and 11 are 0. IOS is 0 except for insurers.
    A variant with the nosso número of 13 digits without DV is seen in one public library
    (carteira 101, variação 2); the manual knows only the one with DV, which is used here.

    Source: Santander, "Layout de código de barras" (January 2017).
    """

    code, name = "033", "Santander"
    numero_digits = 12
    fields = (
        f.agencia(5, paper_only=True),
        f.agencia_dv(),
        f.conta(12, required=False, fill=False, help="Só é impressa em documentos internos."),
        f.conta_dv(),
        f.convenio(7, "Código do beneficiário",
                   help="Tem até 7 dígitos; não é a conta corrente."),
        f.carteira(
            ("101", "101 - rápida, com registro"),
            ("102", "102 - sem registro"),
            ("104", "104 - eletrônica, com registro"),
            ("201", "201 - penhor"),
            *f.codes("103", "105", "107", "121", "131", "202", "203", "204", "206"),
        ),
        FieldSpec("ios", "IOS", 1, False, "Só para seguradoras; nos demais casos 0."),
    )  # fmt: skip

    def agencia_codigo(self, account: BankAccount) -> str:
        dv = f"-{account.agencia_dv}" if account.agencia_dv else ""
        return f"{account.agencia}{dv} / {self.prepare(account).convenio}"

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        return f"{number}-{mod11(number)}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        ios = account.ios or "0"
        return f"9{account.convenio}{number}{mod11(number)}{ios}{account.carteira}"
