"""The state banks that share ASBACE's key with two check digits: Banestes, Banrisul, BRB."""

from __future__ import annotations

from dataclasses import replace

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft, FieldSpec
from portal.boletos.checkdigits import mod11, two_digits
from portal.boletos.model import BankAccount, InvalidBoleto


class Banestes(Bank):
    """Campo livre: number (8), conta with DV (11), tipo (2 without, 3 caucionada, 4 with
    registration), 021, two DVs.

    Two check digits are printed with the number: mod 11 of the number (weights 2…9), then of number
    and first digit with weights 2…10. Sources disagree on the second: two
    public libraries go to 10, one stops at 9 and starts again. Nine digits take weights to 10 when
    the rule is read as it stands, so that is done here; it is printed only, never in the barcode.

    Source: Banestes, "Layout de cobrança CNAB 240", anexo "chave ASBACE".
    """

    code, name = "021", "Banestes"
    numero_digits = 8
    fields = (
        f.agencia(paper_only=True),
        f.conta(11, fill=False, help="Sem o dígito, se ele está no campo ao lado."),
        f.conta_dv(help="Vai no código de barras; em branco, já está no fim.", in_barcode=True),
        f.carteira_printed(),
        FieldSpec("variacao", "Tipo de cobrança", 1, True, "Está no contrato de cobrança.",
                  (("4", "4 - com registro"), ("2", "2 - sem registro"), ("3", "3 - caucionada")),
                  kind="choice"),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        conta = account.conta + account.conta_dv
        if len(conta) > 11 and conta.startswith("0"):
            conta = conta.lstrip("0")
        if len(conta) > 11 or not conta.isdigit():
            raise InvalidBoleto(
                "conta", f"Conta “{conta}”: o Banestes usa até 11 dígitos, com o verificador."
            )
        return replace(account, conta=conta.zfill(11), conta_dv="")

    def agencia_codigo(self, account: BankAccount) -> str:
        conta = self.prepare(account).conta
        return f"{account.agencia} / {conta[:-1].lstrip('0')}-{conta[-1]}"

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        first = mod11(number)
        return f"{number}-{first}{mod11(number + first, 10)}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        body = f"{self.sequence(account, title)}{account.conta}{account.variacao}021"
        return body + two_digits(body)


class Banrisul(Bank):
    """Campo livre: produto (2 number by the company, 1 by the bank), 1, agência (4), beneficiário
    (7), number (8), 40, two DVs.

    The produto is the wallet's tipo_carteira; without it, a carteira of 1 or 2 says it, else 2. The
    two DVs of the number are found like those of the campo livre.

    Source: Banrisul, "Cobrança eletrônica, layout 400 posições".
    """

    code, name = "041", "Banrisul"
    numero_digits = 8
    fields = (
        f.agencia(),
        f.convenio(9, "Código do beneficiário", fill=False,
                   help="Tem 7 dígitos, sem a agência e sem os verificadores."),
        f.convenio_dv(2, "Dígitos do beneficiário", help="São dois; só são impressos."),
        f.conta(12, required=False, fill=False, help="Só é impressa em documentos internos."),
        f.carteira_printed(),
        FieldSpec("tipo_carteira", "Quem numera", 1, False, "Em branco é a empresa.",
                  (("2", "A empresa"), ("1", "O banco")), kind="choice"),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        code, dv = account.convenio, account.convenio_dv
        if len(code) == 9 and not dv:
            code, dv = code[:7], code[7:]
        if len(code) > 7:
            raise InvalidBoleto(
                "convenio",
                f"Código do beneficiário “{code}”: o Banrisul usa 7 dígitos. Deixe de fora a"
                " agência, que vai no campo dela, e os dois verificadores.",
            )
        said = account.carteira if account.carteira in ("1", "2") else "2"
        return replace(
            account,
            convenio=code.zfill(7),
            convenio_dv=dv,
            tipo_carteira=account.tipo_carteira or said,
        )

    def agencia_codigo(self, account: BankAccount) -> str:
        a = self.prepare(account)
        dv = f".{a.convenio_dv}" if a.convenio_dv else ""
        return f"{a.agencia} / {a.convenio[:6]}.{a.convenio[6]}{dv}"

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        return f"{number}-{two_digits(number)}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        body = (
            f"{account.tipo_carteira}1{account.agencia}{account.convenio}"
            f"{self.sequence(account, title)}40"
        )
        return body + two_digits(body)


class BancoDeBrasilia(Bank):
    """Campo livre: 000 (or the contract's incremento), agência (3), conta (7), carteira, number
    (6), 070, two DVs.

    Printed as carteira, number, 070 and the two DVs. Source: BRB, "Layout de cobrança".
    """

    code, name = "070", "BRB - Banco de Brasília"
    numero_digits = 6
    fields = (
        f.agencia(3),
        f.conta(7, help="Com o dígito verificador no fim."),
        f.carteira(("1", "1 - sem registro"), ("2", "2 - com registro"), ("3", "3 - direta")),
        FieldSpec("incremento", "Incremento", 3, False,
                  "Só se o contrato o traz; em branco é 000."),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        return replace(account, incremento=account.incremento or "000")

    def agencia_codigo(self, account: BankAccount) -> str:
        a = self.prepare(account)
        return f"{a.incremento}-{a.agencia}-{a.conta}"

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        return self.campo_livre(account, title)[13:]

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        body = (
            f"{account.incremento}{account.agencia}{account.conta}{account.carteira}"
            f"{self.sequence(account, title)}070"
        )
        return body + two_digits(body)
