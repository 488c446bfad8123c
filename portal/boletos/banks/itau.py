"""Itaú."""

from __future__ import annotations

from dataclasses import replace

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft
from portal.boletos.checkdigits import mod10
from portal.boletos.model import BankAccount, InvalidBoleto

_CARTEIRA_AND_NUMBER = ("126", "131", "146", "150", "168")
_FIFTEEN_POSITIONS = ("107", "122", "142", "143", "196", "198")
_OTHERS = f.codes(
    *("104", "105", "106", "107", "108", "111", "113", "114", "115", "116", "117", "119", "121"),
    *("122", "126", "129", "131", "134", "135", "136", "138", "139", "140", "141", "142", "143"),
    *("145", "146", "147", "150", "153", "155", "156", "157", "158", "166", "167", "168", "169"),
    *("171", "172", "173", "174", "176", "177", "178", "179", "180", "182", "184", "188", "189"),
    *("191", "195", "196", "198", "202", "203", "204", "205", "206", "207", "210", "211", "221"),
)


class Itau(Bank):
    """Campo livre: carteira (3), number (8), DAC, agência (4), conta (5), DAC of agência and
    conta, 000.

    The first DAC is mod 10 over agência, conta, carteira and number; in 126, 131, 146, 150 and 168
    over carteira and number only. Carteiras 107, 122, 142, 143, 196 and 198 (15 positions):
    carteira, number (8), seu número (7), cliente (5), mod 10 of all before, 0; the cliente is the
    wallet's convênio, seu número the title's document number.

    Carteira 112 is done in three ways by the public libraries. Here it follows the general rule:
    the list of exceptions in the manual's Anexo 4 does not have it. A DAC of the conta given by the
    wallet is kept even when it is not the mod 10 of agência and conta: accounts that came from
    other banks have their own.

    Source: Itaú, "Cobrança 400 bytes", July 2021, notes 10 and 23, anexos 4 and 5.
    """

    code, name = "341", "Itaú"
    numero_digits = 8
    fields = (
        f.agencia(required=True, paper_only=True),
        f.conta(5, paper_only=True),
        f.conta_dv(help="Entra no código de barras; em branco é calculado.", in_barcode=True),
        f.carteira(
            ("109", "109 - direta eletrônica sem emissão"),
            ("175", "175 - sem registro"),
            ("110", "110 - direta eletrônica, emissão integral"),
            ("112", "112 - escritural eletrônica"),
            *_OTHERS,
        ),
        f.convenio(5, "Código do cliente", required=False,
                   help="Só nas carteiras 107, 122, 142, 143, 196 e 198."),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        needed = ("convenio",) if account.carteira in _FIFTEEN_POSITIONS else ("agencia", "conta")
        for name in needed:
            if not getattr(account, name):
                label = {"convenio": "Código do cliente", "agencia": "Agência", "conta": "Conta"}
                raise InvalidBoleto(
                    name,
                    f"{label[name]} em branco: a carteira {account.carteira} do Itaú precisa dele.",
                )
        if account.conta and account.agencia and not account.conta_dv:
            account = replace(account, conta_dv=mod10(account.agencia + account.conta))
        return account

    def agencia_codigo(self, account: BankAccount) -> str:
        a = self.prepare(account)
        return f"{a.agencia} / {a.conta}-{a.conta_dv}"

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        if account.carteira in _FIFTEEN_POSITIONS:
            dac = self.campo_livre(account, title)[23]
        else:
            dac = self.campo_livre(account, title)[11]
        return f"{account.carteira}/{self.sequence(account, title)}-{dac}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        number = account.carteira + self.sequence(account, title)
        if account.carteira in _FIFTEEN_POSITIONS:
            body = number + _seu_numero(title) + account.convenio
            return f"{body}{mod10(body)}0"
        origin = account.agencia + account.conta
        base = number if account.carteira in _CARTEIRA_AND_NUMBER else origin + number
        return f"{number}{mod10(base)}{origin}{account.conta_dv}000"


def _seu_numero(title: Draft) -> str:
    text = title.numero_documento.strip()
    if not (text.isascii() and text.isdigit()) or len(text.lstrip("0")) > 7:
        raise InvalidBoleto(
            "numero_documento",
            f"Número do documento “{text}”: nesta carteira o Itaú o leva no código de barras."
            " Use só números, até 7 dígitos.",
        )
    return text.lstrip("0").zfill(7)
