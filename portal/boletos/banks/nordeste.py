"""Banco do Nordeste."""

from __future__ import annotations

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft
from portal.boletos.checkdigits import mod11
from portal.boletos.model import BankAccount


class BancoDoNordeste(Bank):
    """Campo livre: agência (4), conta (7), its DV, number (7), DV, carteira (2), 000.

    The DV of the number is mod 11 with weights 2…8; 10 and 11 are 0.
    Source: BNB, "Cobrança eletrônica, layout CNAB 400".
    """

    code, name = "004", "Banco do Nordeste"
    numero_digits = 7
    fields = (
        f.agencia(),
        f.agencia_dv(),
        f.conta(7),
        f.conta_dv(required=True, help="Entra no código de barras.", in_barcode=True),
        f.carteira(
            ("21", "21 - simples, emissão pela empresa"),
            ("41", "41 - caucionada, emissão pela empresa"),
            ("51", "51 - simples, sem registro"),
            ("11", "11 - simples, emissão pelo banco"),
            ("31", "31 - caucionada, emissão pelo banco"),
            *f.codes("1", "2", "3", "4", "5", "6"),
        ),
    )

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        return f"{number}-{mod11(number, 8)}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        return (
            f"{account.agencia}{account.conta}{account.conta_dv}"
            f"{number}{mod11(number, 8)}{account.carteira.zfill(2)}000"
        )
