"""Cooperative systems with a rule of their own: Ailos, CrediSIS, Unicred."""

from __future__ import annotations

from dataclasses import replace

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft, FieldSpec
from portal.boletos.checkdigits import mod11
from portal.boletos.model import BankAccount, InvalidBoleto


class Ailos(Bank):
    """Campo livre: convênio (6), conta with DV (8), number (9), carteira (2).

    The nosso número is conta with DV and number, and has no DV of its own. A missing DV of the
    conta is mod 11. Source: Ailos (Cecred), "Manual técnico da cobrança".
    """

    code, name = "085", "Ailos"
    numero_digits = 9
    fields = (
        f.agencia(paper_only=True, help="É o número da cooperativa, sem o dígito."),
        f.agencia_dv(),
        f.conta(7, help="Sem o dígito verificador."),
        f.conta_dv(help="Entra no código de barras; em branco é calculado.", in_barcode=True),
        f.convenio(6),
        f.carteira(
            ("01", "01 - com registro"),
            *f.codes("02", "03", "04", "05", "06", "07", "08", "09", "85"),
        ),
    )

    def adjust(self, account: BankAccount) -> BankAccount:
        return replace(account, conta_dv=account.conta_dv or mod11(account.conta))

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        return f"{account.conta}{account.conta_dv}{self.sequence(account, title)}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        return f"{account.convenio}{self.nosso_numero(account, title)}{account.carteira}"


class CrediSIS(Bank):
    """Campo livre: 00000, 097, DV of the company's CPF/CNPJ, agência (4), convênio (6), number (6).

    That DV is mod 11 with weights 2…9 over the document; 10 and 11 are 0. (One library declares
    weights 8…2 and then ignores them; 2…9 is what its own examples show.)

    Source: CrediSIS, "Layout de cobrança CNAB 400".
    """

    code, name = "097", "CrediSIS"
    numero_digits = 6
    fields = (
        f.agencia(help="É o número da cooperativa, sem o dígito."),
        f.conta(12, required=False, fill=False, help="Só é impressa."),
        f.conta_dv(),
        f.convenio(6),
        f.carteira_printed(),
        FieldSpec("documento_cedente", "CPF/CNPJ da empresa", 18, True,
                  "O dígito dele entra no código de barras.", kind="text"),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        document = "".join(ch for ch in account.documento_cedente if ch.isalnum()).upper()
        if len(document) not in (11, 14) or not document.isascii():
            raise InvalidBoleto(
                "documento_cedente",
                f"CPF/CNPJ “{account.documento_cedente}”: são 11 ou 14 posições. Corrija-o.",
            )
        return replace(account, documento_cedente=document)

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        return self.campo_livre(account, title)[5:]

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        return (
            f"00000097{_document_dv(account.documento_cedente)}{account.agencia}"
            f"{account.convenio}{self.sequence(account, title)}"
        )


def _document_dv(document: str) -> str:
    """Mod 11 over a CPF or CNPJ; letters of a CNPJ count as ASCII less 48."""
    total = sum((ord(ch) - 48) * (2 + i % 8) for i, ch in enumerate(reversed(document)))
    result = 11 - total % 11
    return str(result) if result < 10 else "0"


class Unicred(Bank):
    """Campo livre: agência (4), conta with DV (10), number (10), DV.

    The DV is mod 11 over the number (weights 2…9); 10 and 11 are 0. Layout NN11 (one public
    library): the number has 11 digits, its last is the DV as given.

    Source: Unicred, "Manual de integração, cobrança CNAB 400".
    """

    code, name = "136", "Unicred"
    numero_digits = 10
    fields = (
        f.agencia(),
        f.agencia_dv(),
        f.conta(10, fill=False, help="Sem o dígito, se ele está no campo ao lado."),
        f.conta_dv(help="Vai no código de barras; em branco, já está no fim.", in_barcode=True),
        f.convenio(10, required=False, fill=False, help="Só é impresso."),
        f.carteira_printed(),
        FieldSpec("layout", "Nosso número", 4, False, "Em branco são 10 dígitos e o verificador.",
                  (("NN11", "11 dígitos, com o verificador"),), kind="choice"),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        conta = account.conta + account.conta_dv
        if len(conta) > 10 and conta.startswith("0"):
            conta = conta.lstrip("0")
        if len(conta) > 10 or not conta.isdigit():
            raise InvalidBoleto(
                "conta", f"Conta “{conta}”: a Unicred usa até 10 dígitos, com o verificador."
            )
        return replace(account, conta=conta.zfill(10), conta_dv="")

    def agencia_codigo(self, account: BankAccount) -> str:
        conta = self.prepare(account).conta
        return f"{account.agencia} / {conta[:-1].lstrip('0')}-{conta[-1]}"

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self._with_dv(account, title)
        return f"{number[:-1]}-{number[-1]}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        return f"{account.agencia}{account.conta}{self._with_dv(account, title)}"

    def _with_dv(self, account: BankAccount, title: Draft) -> str:
        if account.layout == "NN11":
            return self.sequence(account, title, 11)
        number = self.sequence(account, title)
        return number + mod11(number)
