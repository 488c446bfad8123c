"""Sicoob (Bancoob)."""

from __future__ import annotations

from dataclasses import replace

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft, FieldSpec, agencia_with_dv
from portal.boletos.model import BankAccount, InvalidBoleto

_WEIGHTS = (3, 1, 9, 7)


class Sicoob(Bank):
    """Campo livre: carteira, cooperativa (4), modalidade (2), beneficiário with DV (7), number
    (7), DV, parcela (3).

    The DV: cooperativa (4), beneficiário in 10 and number (7), times 3-1-9-7 from the left, mod 11;
    remainders 0 and 1 give 0. Modalidade is 01 and parcela 001 unless said; some registers keep
    the modalidade as variação.

    Source: Sicoob, "Manual de integração da cobrança bancária".
    """

    code, name = "756", "Sicoob"
    numero_digits = 7
    fields = (
        f.agencia(help="É o número da cooperativa, sem o dígito verificador."),
        f.agencia_dv(),
        f.conta(12, required=False, fill=False, help="Só é impressa em documentos internos."),
        f.conta_dv(),
        f.convenio(7, "Código do beneficiário", fill=False,
                   help="Com o dígito no fim, ou com o dígito no campo ao lado."),
        f.convenio_dv(label="Dígito do beneficiário",
                      help="Deixe em branco se o código já o traz no fim."),
        f.carteira(("1", "1 - simples"), ("3", "3 - garantida"), *f.codes("2", "5", "8", "9")),
        FieldSpec("modalidade", "Modalidade", 2, False, "01 simples, 02 direta; em branco é 01."),
        FieldSpec("variacao", "Variação", 2, False, "Use se o contrato traz a modalidade aqui."),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        code = account.convenio + account.convenio_dv
        if len(code) > 7 and code.startswith("0"):
            code = code.lstrip("0")
        if len(code) > 7 or not code.isdigit():
            raise InvalidBoleto(
                "convenio",
                f"Código do beneficiário “{code}”: o Sicoob usa até 7 dígitos, com o verificador."
                " Não repita o dígito nos dois campos.",
            )
        modalidade = account.modalidade or account.variacao or "01"
        return replace(account, convenio=code.zfill(7), convenio_dv="", modalidade=modalidade)

    def agencia_codigo(self, account: BankAccount) -> str:
        code = self.prepare(account).convenio
        return f"{agencia_with_dv(account)} / {code[:-1].lstrip('0')}-{code[-1]}"

    def carteira_printed(self, account: BankAccount) -> str:
        prepared = self.prepare(account)
        return f"{prepared.carteira}/{prepared.modalidade}"

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        return f"{number}-{self._dv(account, number)}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        number = self.sequence(account, title)
        parcela = _parcela(title.parcela)
        return (
            f"{account.carteira}{account.agencia}{account.modalidade}{account.convenio}"
            f"{number}{self._dv(account, number)}{parcela}"
        )

    @staticmethod
    def _dv(account: BankAccount, number: str) -> str:
        digits = account.agencia + account.convenio.zfill(10) + number
        rest = sum(int(d) * _WEIGHTS[i % 4] for i, d in enumerate(digits)) % 11
        return "0" if rest < 2 else str(11 - rest)


def _parcela(text: str) -> str:
    parcela = text.strip() or "1"
    if not (parcela.isascii() and parcela.isdigit()) or len(parcela.lstrip("0")) > 3:
        raise InvalidBoleto("parcela", f"Parcela “{text}”: no Sicoob vai de 1 a 999.")
    return parcela.lstrip("0").zfill(3)
