"""Banks that no longer issue; old titles are still computed and read.

Real, HSBC, Unibanco, Nossa Caixa, Rural.
"""

from __future__ import annotations

from datetime import date

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft, FieldSpec
from portal.boletos.checkdigits import mod10, mod11, two_digits, weighted_sum
from portal.boletos.model import BankAccount, InvalidBoleto


class Real(Bank):
    """Campo livre: agência (4), conta (7), digitão, number (13).

    The digitão is mod 10 over number, agência and conta. Source: Banco Real (ABN AMRO), "Cobrança".
    """

    code, name = "356", "Banco Real"
    numero_digits, listed = 13, False
    fields = (
        f.agencia(),
        f.conta(7, help="Com o dígito verificador no fim."),
        f.carteira_printed(),
    )

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        return self.sequence(account, title)

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        digit = mod10(number + account.agencia + account.conta)
        return f"{account.agencia}{account.conta}{digit}{number}"

    def agencia_codigo(self, account: BankAccount) -> str:
        return f"{account.agencia} / {account.conta}"


class HSBC(Bank):
    """Carteira CNR: cedente (7), number (13), juliano (4), 2. Carteira CSB: number (10), DV,
    agência (4), conta (7), 00, 1.

    CNR: the cedente is the wallet's convênio, or its conta; the juliano is the day of the year of
    the due date and the last digit of the year (0000 without one). Printed: number (13), a first DV
    (weights 9…2 from the right, remainder 0 and 10 give 0), 4 (with due date; 5 without), a second
    DV of the sum of all that, the cedente and the due date DDMMAA. CSB: the DV is mod 11 with
    weights 2…7, remainders 0 and 1 giving 0.

    Source: HSBC, "Cobrança CNR, manual técnico" and "Cobrança diretiva (CSB)".
    """

    code, name = "399", "HSBC"
    numero_digits, listed = 13, False
    fields = (
        f.agencia(required=False),
        f.agencia_dv(),
        f.conta(7, required=False),
        f.convenio(7, "Código do cedente", required=False),
        f.carteira(("CNR", "CNR - sem registro"), ("CSB", "CSB - com registro")),
    )

    def adjust(self, account: BankAccount) -> BankAccount:
        if account.carteira == "CSB":
            for name, label in (("agencia", "Agência"), ("conta", "Conta")):
                if not getattr(account, name):
                    raise InvalidBoleto(name, f"{label} em branco: a carteira CSB precisa dela.")
        elif not (account.convenio or account.conta):
            raise InvalidBoleto("convenio", "Código do cedente em branco: a CNR precisa dele.")
        return account

    def numero_max(self, account: BankAccount) -> int:
        return int("9" * (10 if account.carteira.upper() == "CSB" else 13))

    def agencia_codigo(self, account: BankAccount) -> str:
        return account.convenio or f"{account.agencia} / {account.conta}"

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        if account.carteira == "CSB":
            number = self.sequence(account, title, 10)
            return f"{number}-{mod11(number, 7)}"
        number = self.sequence(account, title)
        due = title.vencimento
        first = number + _first_dv(number) + ("4" if due else "5")
        total = int(first) + int(self._cedente(account)) + (int(f"{due:%d%m%y}") if due else 0)
        return first + _first_dv(str(total))

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        if account.carteira == "CSB":
            number = self.sequence(account, title, 10)
            return f"{number}{mod11(number, 7)}{account.agencia}{account.conta}001"
        number = self.sequence(account, title)
        return f"{self._cedente(account)}{number}{_juliano(title.vencimento)}2"

    @staticmethod
    def _cedente(account: BankAccount) -> str:
        return account.convenio or account.conta


def _first_dv(digits: str) -> str:
    rest = weighted_sum(digits, 9, 2) % 11
    return "0" if rest == 10 else str(rest)


def _juliano(due: date | None) -> str:
    return f"{due:%j}{due.year % 10}" if due else "0000"


class Unibanco(Bank):
    """Carteira 5 (sem registro): 5, cliente (7), 00, number (14), DV. Carteira 4: 04, due date
    AAMMDD, agência with DV (5), number (11), DV.

    The DV is mod 11 over the number (weights 2…9); 10 and 11 are 0.
    Source: Unibanco, "Cobrança, código de barras".
    """

    code, name = "409", "Unibanco"
    numero_digits, listed = 14, False
    fields = (
        f.agencia(required=False),
        f.agencia_dv(help="Entra no código de barras da carteira 4.", in_barcode=True),
        f.conta(12, required=False, fill=False, help="Só é impressa."),
        f.conta_dv(),
        f.convenio(7, "Código do cliente", required=False),
        f.carteira(("5", "5 - sem registro"), ("4", "4 - com registro")),
    )

    def adjust(self, account: BankAccount) -> BankAccount:
        if account.carteira == "5" and not account.convenio:
            raise InvalidBoleto("convenio", "Código do cliente em branco: a carteira 5 o usa.")
        if account.carteira == "4" and not (account.agencia and account.agencia_dv.isdigit()):
            raise InvalidBoleto("agencia", "Agência e dígito em branco: a carteira 4 os usa.")
        return account

    def numero_max(self, account: BankAccount) -> int:
        return int("9" * self._digits(account))

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title, self._digits(account))
        return f"{number}-{mod11(number)}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title, self._digits(account))
        if account.carteira == "5":
            return f"5{account.convenio}00{number}{mod11(number)}"
        if title.vencimento is None:
            raise InvalidBoleto("vencimento", "Vencimento em branco: a carteira 4 o usa.")
        return (
            f"04{title.vencimento:%y%m%d}{account.agencia}{account.agencia_dv}"
            f"{number}{mod11(number)}"
        )

    @staticmethod
    def _digits(account: BankAccount) -> int:
        return 11 if account.carteira == "4" else 14


class NossaCaixa(Bank):
    """Campo livre: number (9, beginning with 99), agência (4), modalidade (1), conta (6), 151, two
    DVs of ASBACE.

    The modalidade of the account has two digits, of which the last is used (01, 04, 09, 13, 16, 17,
    18). Source: Nossa Caixa, "Cobrança, código de barras".
    """

    code, name = "151", "Nossa Caixa"
    numero_digits, numero_min, listed = 9, 990_000_000, False
    fields = (
        f.agencia(),
        f.agencia_dv(),
        f.conta(6),
        f.conta_dv(),
        FieldSpec("modalidade", "Modalidade da conta", 2, True, "Está no número da conta.",
                  f.codes("01", "04", "09", "13", "16", "17", "18"), kind="choice"),
        f.carteira_printed(),
    )  # fmt: skip

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        return f"{number}-{mod10(number)}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        body = (
            f"{self.sequence(account, title)}{account.agencia}{account.modalidade[-1]}"
            f"{account.conta}151"
        )
        return body + two_digits(body)


class Rural(Bank):
    """Registered: 0, agência (3), conta with DV (10), number (7), DV, 000. Layout nao_registrada:
    9, agência (3), código reduzido (3, the convênio), number (15), 000.

    The DV of the number is mod 11 (weights 2…9); 10 and 11 are 0. Source: Banco Rural, "Cobrança".
    """

    code, name = "453", "Banco Rural"
    numero_digits, listed = 7, False
    fields = (
        f.agencia(3),
        f.conta(9, required=False),
        f.conta_dv(help="Vai no código de barras.", in_barcode=True),
        f.convenio(3, "Código reduzido", required=False),
        f.carteira_printed(),
        FieldSpec("layout", "Modelo", 14, False, "Em branco é a cobrança registrada.",
                  (("nao_registrada", "Cobrança não registrada"),), kind="choice"),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        if account.layout and not account.convenio:
            raise InvalidBoleto("convenio", "Código reduzido em branco: este modelo o usa.")
        if not account.layout and not (account.conta and account.conta_dv):
            raise InvalidBoleto("conta", "Conta e dígito em branco: a cobrança registrada os usa.")
        return account

    def numero_max(self, account: BankAccount) -> int:
        return int("9" * (15 if account.layout else 7))

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title, 15 if account.layout else 7)
        return number if account.layout else f"{number}-{mod11(number)}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        if account.layout:
            number = self.sequence(account, title, 15)
            return f"9{account.agencia}{account.convenio}{number}000"
        number = self.sequence(account, title)
        conta = account.conta + account.conta_dv
        return f"0{account.agencia}{conta}{number}{mod11(number)}000"
