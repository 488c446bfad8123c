"""Banco do Brasil."""

from __future__ import annotations

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft, FieldSpec
from portal.boletos.checkdigits import weighted_sum
from portal.boletos.model import BankAccount, InvalidBoleto

_NUMERO_DIGITS = {4: 7, 6: 5, 7: 10, 8: 9}
_NO = ("", "0", "N", "NAO", "NÃO", "FALSE")


class BancoDoBrasil(Bank):
    """Campo livre by the length of the convênio.

    4: convênio, number (7), agência (4), conta (8), carteira. 6: the same with a number of 5; or,
    in carteiras 16 and 18 when the contract has the free nosso número of 17 positions (serviço 21,
    in some registers variação 017), convênio, number (17), `21`. 7: six zeros, convênio, number
    (10), carteira. 8: the same with a number of 9. The nosso número has a check digit only with
    convênios of 4 and 6: weights 9…2 from the right, remainder 10 is X.

    A number that already is the whole nosso número is taken as such: 17 digits beginning with the
    convênio of 7 or 8; 11 digits beginning with that of 4 or 6; any 17 digits with a convênio of 6
    (the free form). Number 0 is allowed: the bank numbers such titles itself.

    Source: Banco do Brasil, "Especificações técnicas para confecção de boleto de cobrança".
    """

    code, name = "001", "Banco do Brasil"
    numero_digits, numero_min = 17, 0
    fields = (
        f.agencia(paper_only=True),
        f.agencia_dv(),
        f.conta(8, paper_only=True),
        f.conta_dv(),
        f.convenio(8, fill=False, help="Tem 4, 6, 7 ou 8 dígitos; informe-o com os zeros."),
        f.carteira(
            ("17", "17 - simples, registro pela empresa"),
            ("11", "11 - simples, número pelo banco"),
            ("12", "12 - indexada"),
            ("15", "15 - prêmios de seguro"),
            ("16", "16 - simples"),
            ("18", "18 - simples, sem registro"),
            ("31", "31 - caucionada"),
            ("51", "51 - descontada"),
            *f.codes("13", "14", "21", "22", "23"),
        ),
        FieldSpec("variacao", "Variação", 3, False, "Só é impressa.", kind="text"),
        FieldSpec(
            "codigo_servico", "Nosso número livre de 17 posições", 5, False,
            "Marque só se o contrato (convênio de 6 dígitos) prevê o serviço 21.", kind="text",
        ),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        length = len(account.convenio)
        if length not in _NUMERO_DIGITS:
            raise InvalidBoleto(
                "convenio",
                f"Convênio “{account.convenio}”: no Banco do Brasil tem 4, 6, 7 ou 8 dígitos,"
                f" este tem {length}. Confira no contrato, com os zeros à esquerda.",
            )
        if length < 7 and not self._free(account):
            for name, label in (("agencia", "Agência"), ("conta", "Conta")):
                if not getattr(account, name):
                    raise InvalidBoleto(
                        name, f"{label} em branco: convênios de 4 e 6 dígitos precisam dela."
                    )
        return account

    def numero_max(self, account: BankAccount) -> int:
        if self._free(account):
            return 10**17 - 1
        return int("9" * _NUMERO_DIGITS.get(len(account.convenio.strip()), 5))

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        whole = self._whole(account, title)
        if len(whole) == 17:
            return whole
        dv = weighted_sum(whole, 9, 2) % 11
        return f"{whole}-{'X' if dv == 10 else dv}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        whole = self._whole(account, title)
        if len(whole) == 11:
            return f"{whole}{account.agencia}{account.conta}{account.carteira}"
        if len(account.convenio) == 6:
            return f"{account.convenio}{whole}21"
        return f"000000{whole}{account.carteira}"

    def _whole(self, account: BankAccount, title: Draft) -> str:
        """Convênio and number together: 11 or 17 digits."""
        convenio, numero = account.convenio, title.numero
        if self._free(account) or (len(convenio) == 6 and len(numero) == 17):
            return self.sequence(account, title, 17)
        width = 17 if len(convenio) >= 7 else 11
        if len(numero) == width and numero.startswith(convenio):
            return numero
        return convenio + self.sequence(account, title, _NUMERO_DIGITS[len(convenio)])

    @staticmethod
    def _free(account: BankAccount) -> bool:
        said = account.codigo_servico.strip().upper() not in _NO
        said = said or account.variacao.strip() in ("17", "017")
        return said and len(account.convenio.strip()) == 6 and account.carteira in ("16", "18")
