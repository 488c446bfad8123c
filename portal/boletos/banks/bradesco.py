"""Bradesco, and the banks that took its rule over: Uniprime, BTG Pactual, Cresol."""

from __future__ import annotations

from typing import ClassVar

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft, FieldSpec
from portal.boletos.checkdigits import mod11
from portal.boletos.model import BankAccount


class BradescoRule(Bank):
    """Campo livre: agência (4), carteira (2), number (11), conta (7), zero.

    Check digit of the nosso número: mod 11, weights 2…7, over carteira and number; remainder 1 is
    P, remainder 0 is 0. Source: Bradesco, "Layout de cobrança", 4008.524.0121.
    """

    numero_digits = 11
    fields: ClassVar[tuple[FieldSpec, ...]] = (
        f.agencia(),
        f.agencia_dv(),
        f.conta(7),
        f.conta_dv(),
        f.carteira(*f.codes("09")),
    )

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        dv = mod11(account.carteira + number, 7, ten="P")
        return f"{account.carteira}/{number}-{dv}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        return f"{account.agencia}{account.carteira}{number}{account.conta}0"


class Bradesco(BradescoRule):
    """As the rule; the carteira is printed with three digits, as in the remessa."""

    code, name = "237", "Bradesco"
    fields = (
        *BradescoRule.fields[:-1],
        f.carteira(
            ("09", "09 - com registro"),
            ("02", "02 - com registro, emissão pelo banco"),
            ("26", "26 - com registro, emissão pela empresa"),
            ("06", "06 - sem registro"),
            *f.codes("03", "04", "05", "07", "08", "12", "14", "16", "17", "19", "20", "21", "22"),
            *f.codes("23", "24", "25", "28", "30"),
        ),
    )

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        return "0" + super().nosso_numero(account, title)


class Uniprime(BradescoRule):
    """Uniprime Norte do Paraná. Source: its own layout, which is Bradesco's."""

    code, name = "084", "Uniprime"
    fields = (*BradescoRule.fields[:-1], f.carteira(*f.codes("09", "01", "02", "06", "21", "22")))


class BTGPactual(BradescoRule):
    """BTG Pactual. Prints the carteira with three digits and the number without zeros.

    Source: BTG Pactual, "Máscara do boleto".
    """

    code, name = "208", "BTG Pactual"
    fields = (*BradescoRule.fields[:-1], f.carteira(*f.codes("01", "02", "09")))

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        carteira, number = super().nosso_numero(account, title).split("/")
        number, dv = number.split("-")
        return f"0{carteira}/{int(number)}-{dv}"


class Cresol(BradescoRule):
    """Cresol. The conta is the one in Cresol's own system, the wallet's convênio if that is given.

    Source: Cresol, "Especificações técnicas da cobrança".
    """

    code, name = "133", "Cresol"
    fields = (
        *BradescoRule.fields[:-1],
        f.convenio(7, "Código do cedente", required=False,
                   help="Só se for diferente da conta."),
        f.carteira(*f.codes("09")),
    )  # fmt: skip

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        cedente = account.convenio or account.conta
        return f"{account.agencia}{account.carteira}{number}{cedente}0"
