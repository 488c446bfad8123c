"""Banks seen less often: Votorantim, Citibank, Mercantil do Brasil, Banpará."""

from __future__ import annotations

from dataclasses import replace

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft, FieldSpec
from portal.boletos.checkdigits import mod11
from portal.boletos.model import BankAccount


class Votorantim(Bank):
    """Campo livre: convênio (10), carteira (3), number (10), 00.

    The printed DV is mod 11 over the number. Source: Banco Votorantim (BV), "Layout de cobrança".
    """

    code, name = "655", "Banco Votorantim"
    numero_digits = 10
    fields = (
        f.agencia(paper_only=True),
        f.conta(12, required=False, fill=False, help="Só é impressa."),
        f.convenio(10),
        FieldSpec("carteira", "Carteira", 3, True, "Está no contrato de cobrança, como 500."),
    )

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        return f"{number}-{mod11(number)}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        return f"{account.convenio}{account.carteira}{self.sequence(account, title)}00"


class Citibank(Bank):
    """Campo livre: carteira, portfolio (3), conta cosmos without its first digit (9), number (11),
    DV.

    The conta cosmos has 10 digits (base 7, sequence 2, DV) and is the wallet's convênio. The DV is
    mod 11 over the number (weights 2…9); 10 and 11 are 0. Source: Citibank, "Layout de cobrança".
    """

    code, name = "745", "Citibank"
    numero_digits, listed = 11, False
    fields = (
        f.agencia(paper_only=True),
        f.conta(12, required=False, fill=False, help="Só é impressa."),
        f.convenio(10, "Conta Cosmos"),
        f.carteira(("3", "3 - cobrança"), *f.codes("1", "2", "4")),
        FieldSpec("portfolio", "Portfólio", 3, True, "São os três últimos dígitos da empresa."),
    )

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        return f"{number}.{mod11(number)}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        return f"{account.carteira}{account.portfolio}{account.convenio[1:]}{number}{mod11(number)}"


class Mercantil(Bank):
    """Campo livre: agência (4), number (10), DV, contrato (9), indicador (2 no discount, 0 with).

    The DV is mod 11 over agência and number (weights 2…9); 10 and 11 are 0. The indicador is the
    wallet's modalidade, 2 unless said. Source: Banco Mercantil do Brasil, "Layout de cobrança".
    """

    code, name = "389", "Banco Mercantil do Brasil"
    numero_digits, listed = 10, False
    fields = (
        f.agencia(),
        f.agencia_dv(),
        f.conta(12, required=False, fill=False, help="Só é impressa."),
        f.convenio(9, "Contrato"),
        f.carteira_printed(),
        FieldSpec("modalidade", "Indicador de desconto", 1, False, "Em branco é 2, sem desconto.",
                  (("2", "2 - sem desconto"), ("0", "0 - com desconto")), kind="choice"),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        return replace(account, modalidade=account.modalidade or "2")

    def agencia_codigo(self, account: BankAccount) -> str:
        return f"{account.agencia} / {account.convenio}"

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        return f"{number}-{mod11(account.agencia + number)}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        dv = mod11(account.agencia + number)
        return f"{account.agencia}{number}{dv}{account.convenio}{account.modalidade}"


class Banpara(Bank):
    """Campo livre: 0000999, convênio (5), number (13). The nosso número has no DV.

    Source: Banpará, layout handed to municipalities for their own collection.
    """

    code, name = "037", "Banpará"
    numero_digits = 13
    fields = (
        f.agencia(paper_only=True),
        f.agencia_dv(),
        f.conta(8, required=False),
        f.conta_dv(),
        f.convenio(5),
        f.carteira_printed(),
    )

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        return self.sequence(account, title).lstrip("0").zfill(8)

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        return f"0000999{account.convenio}{self.sequence(account, title)}"
