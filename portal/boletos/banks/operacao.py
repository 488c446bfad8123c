"""The banks whose key carries an operation: Inter, Daycoval, Sofisa, ABC, Fibra and others."""

from __future__ import annotations

from dataclasses import replace

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft, FieldSpec, agencia_with_dv
from portal.boletos.checkdigits import mod10
from portal.boletos.model import BankAccount, InvalidBoleto


class OperacaoRule(Bank):
    """Campo livre: agência (4), carteira (3), operação (7), number (10), DV.

    The DV is mod 10 over agência, carteira and number. Some of these banks call the operação
    "código do cliente": without an operação the convênio is taken.
    """

    numero_digits = 10
    fields = (
        f.agencia(),
        f.agencia_dv(),
        f.conta(12, required=False, fill=False, help="Só é impressa."),
        f.conta_dv(),
        f.carteira(*f.codes("121")),
        FieldSpec("operacao", "Código da operação", 7, True,
                  "Está no contrato de cobrança; alguns o chamam código do cliente.",
                  paper_only=True),
        f.convenio(10, required=False, fill=False, help="Vale como operação, na falta dela."),
        f.convenio_dv(),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        operacao = account.operacao or account.convenio
        if not operacao or len(operacao.lstrip("0")) > 7:
            raise InvalidBoleto(
                "operacao",
                f"Código da operação “{operacao}”: o {self.name} usa 7 dígitos."
                " Está no contrato de cobrança.",
            )
        return replace(account, operacao=operacao.lstrip("0").zfill(7))

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        agencia = account.agencia + account.agencia_dv
        return f"{agencia}/{account.carteira}/{number}-{self._dv(account, number)}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        return (
            f"{account.agencia}{account.carteira}{account.operacao}"
            f"{number}{self._dv(account, number)}"
        )

    def agencia_codigo(self, account: BankAccount) -> str:
        return f"{agencia_with_dv(account)} / {account.operacao}"

    @staticmethod
    def _dv(account: BankAccount, number: str) -> str:
        return mod10(account.agencia + account.carteira + number)


class Inter(OperacaoRule):
    """In carteira 112 the bank numbers: only a nosso número that it returned (11 digits, with its
    DV) can be used, so a wallet with 112 cannot number by itself.

    Source: Banco Inter, "Layout de cobrança CNAB 400".
    """

    code, name = "077", "Banco Inter"
    fields = (
        *OperacaoRule.fields[:4],
        f.carteira(("110", "110 - numeração pela empresa"), ("112", "112 - numeração pelo banco")),
        *OperacaoRule.fields[5:],
    )

    def check(self, account: BankAccount) -> None:
        if self.prepare(account).carteira == "112":
            raise InvalidBoleto(
                "carteira",
                "Carteira 112: nela é o Banco Inter que dá o nosso número, só conhecido no"
                " retorno. Use a carteira 110, em que a empresa numera.",
            )
        super().check(account)

    def sequence(self, account: BankAccount, title: Draft, digits: int = 0) -> str:
        if account.carteira != "112":
            return super().sequence(account, title, digits)
        number = title.numero.zfill(11)
        if len(number) != 11 or self._dv(account, number[:10]) != number[10]:
            raise InvalidBoleto(
                "numero",
                f"Nosso número {title.numero}: na carteira 112 ele vem do Banco Inter, com o"
                " dígito verificador. Copie do arquivo retorno os 11 dígitos.",
            )
        return number[:10]


class Daycoval(OperacaoRule):
    """Source: Banco Daycoval, "Manual de cobrança CNAB 400"."""

    code, name = "707", "Banco Daycoval"
    fields = (
        *OperacaoRule.fields[:4],
        f.carteira(("121", "121 - direta, com registro"), *f.codes("1", "3", "4", "7", "9", "110")),
        *OperacaoRule.fields[5:],
    )


class Sofisa(OperacaoRule):
    """Source: Banco Sofisa, "Layout de cobrança CNAB 400", which is Daycoval's."""

    code, name = "637", "Banco Sofisa"
    fields = (
        *OperacaoRule.fields[:4],
        f.carteira(("121", "121 - direta, com registro"), *f.codes("101", "110")),
        *OperacaoRule.fields[5:],
    )


_CARTEIRA = FieldSpec("carteira", "Carteira", 3, True, "Está no contrato de cobrança.")


class ABC(OperacaoRule):
    """Carteira 6 of the contract (expressa) is 121, the others 110, as in its key.

    Source: Banco ABC Brasil, "Layout de cobrança CNAB 400".
    """

    code, name = "246", "Banco ABC Brasil"
    fields = (
        *OperacaoRule.fields[:4],
        f.carteira(
            ("121", "121 - expressa, emissão pela empresa"),
            ("110", "110 - emissão pelo banco"),
            ("6", "6 - expressa"), *f.codes("1", "2", "3", "4", "5", "7"),
        ),
        *OperacaoRule.fields[5:],
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        carteira = account.carteira
        if len(carteira) == 1:
            carteira = "121" if carteira == "6" else "110"
        return replace(super().adjust(account), carteira=carteira)


class Fibra(OperacaoRule):
    """Source: Banco Fibra, "Layout de cobrança CNAB 400"."""

    code, name = "224", "Banco Fibra"
    fields = (*OperacaoRule.fields[:4], _CARTEIRA, *OperacaoRule.fields[5:])


class Pine(OperacaoRule):
    """Source: Banco Pine, "Layout de cobrança CNAB 400"."""

    code, name = "643", "Banco Pine"
    fields = (*OperacaoRule.fields[:4], _CARTEIRA, *OperacaoRule.fields[5:])


class Rendimento(OperacaoRule):
    """Source: Banco Rendimento, "Layout de cobrança CNAB 400"."""

    code, name = "633", "Banco Rendimento"
    fields = (*OperacaoRule.fields[:4], _CARTEIRA, *OperacaoRule.fields[5:])
