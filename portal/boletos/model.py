"""What the library takes and gives back: the wallet's bank data, a title, its numbers, a slip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Self

LOCAL_PAGAMENTO = "Pagável em qualquer banco, lotérica ou aplicativo até o vencimento"


class InvalidBoleto(ValueError):
    """Input that a bank cannot take.

    `field` is the name of the `BankAccount`, `Title` or argument field; the text is pt-BR and says
    which value was refused, why, and what to do.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field

    def __reduce__(self) -> tuple[type[InvalidBoleto], tuple[str, str]]:
        return type(self), (self.field, str(self))


@dataclass(frozen=True, slots=True)
class BankAccount:
    """What a wallet knows of its bank. Each bank asks for some of these (`Bank.fields`)."""

    bank_code: str = ""
    agencia: str = ""
    agencia_dv: str = ""
    conta: str = ""
    conta_dv: str = ""
    convenio: str = ""
    convenio_dv: str = ""
    carteira: str = ""
    variacao: str = ""
    modalidade: str = ""
    posto: str = ""
    byte: str = ""
    operacao: str = ""
    emissao: str = ""
    ios: str = ""
    tipo_carteira: str = ""
    codigo_servico: str = ""
    layout: str = ""
    documento_cedente: str = ""
    incremento: str = ""
    portfolio: str = ""


@dataclass(frozen=True, slots=True)
class Title:
    """One charge: sequential number, amount in reais, due date, and what some banks add to it."""

    numero: str | int
    valor: Decimal
    vencimento: date
    numero_documento: str = ""
    data_documento: date | None = None
    ano: str = ""
    parcela: str = ""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a boleto, as printed; the barcode in its 44 digits."""

    nosso_numero: str
    campo_livre: str
    codigo_barras: str
    linha_digitavel: str


@dataclass(frozen=True, slots=True)
class Party:
    """Beneficiário, pagador or sacador/avalista, as printed."""

    name: str = ""
    cpf_cnpj: str = ""
    address: str = ""
    district: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True)
class Slip:
    """Everything printed on one boleto, frozen when it was generated.

    `to_dict` and `from_dict` make a JSON round trip of all but `logo_png`, which belongs to the
    company and is given again when printing.
    """

    account: BankAccount
    numbers: Numbers
    beneficiario: Party
    pagador: Party
    numero_documento: str
    data_documento: date
    data_processamento: date
    valor: Decimal
    vencimento: date
    especie: str = "DM"
    aceite: str = "N"
    instructions: tuple[str, ...] = ()
    demonstrativo: tuple[str, ...] = ()
    local_pagamento: str = LOCAL_PAGAMENTO
    sacador: Party = Party()
    pix_payload: str = ""
    logo_png: bytes = b""

    def to_dict(self) -> dict[str, Any]:
        """The slip as plain JSON values: dates in ISO, the amount as text."""
        plain = {f.name: _to_plain(getattr(self, f.name)) for f in fields(self)}
        del plain["logo_png"]
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], logo_png: bytes = b"") -> Self:
        """The slip of which `to_dict` gave `data`; unknown names raise TypeError."""
        values = {name: _READERS.get(name, str)(value) for name, value in data.items()}
        return cls(**values, logo_png=logo_png)


def _to_plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, (BankAccount, Numbers, Party)):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    return value


def _lines(values: list[str]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


_READERS: dict[str, Any] = {
    "account": lambda value: BankAccount(**value),
    "numbers": lambda value: Numbers(**value),
    "beneficiario": lambda value: Party(**value),
    "pagador": lambda value: Party(**value),
    "sacador": lambda value: Party(**value),
    "data_documento": date.fromisoformat,
    "data_processamento": date.fromisoformat,
    "vencimento": date.fromisoformat,
    "valor": Decimal,
    "instructions": _lines,
    "demonstrativo": _lines,
}
