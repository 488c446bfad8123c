"""The usual fields of a wallet, to be declared by banks in one line each."""

from __future__ import annotations

from portal.boletos.banks.base import FieldSpec


def agencia(
    digits: int = 4,
    *,
    required: bool = True,
    paper_only: bool = False,
    fill: bool = True,
    help: str = "",
) -> FieldSpec:
    """The agência, without its check digit."""
    text = help or "Informe a agência sem o dígito verificador."
    return FieldSpec("agencia", "Agência", digits, required, text, paper_only=paper_only, fill=fill)


def agencia_dv(
    *, required: bool = False, help: str = "Só é impresso.", in_barcode: bool = False
) -> FieldSpec:
    """The check digit of the agência; in the barcode it has to be a digit."""
    kind = "digit" if in_barcode else "dv"
    return FieldSpec("agencia_dv", "Dígito da agência", 1, required, help, kind=kind)


def conta(
    digits: int,
    *,
    required: bool = True,
    paper_only: bool = False,
    fill: bool = True,
    help: str = "",
) -> FieldSpec:
    """The account, without its check digit."""
    text = help or "Informe a conta sem o dígito verificador."
    return FieldSpec("conta", "Conta", digits, required, text, paper_only=paper_only, fill=fill)


def conta_dv(
    *, required: bool = False, help: str = "Só é impresso.", in_barcode: bool = False
) -> FieldSpec:
    """The check digit of the account; in the barcode it has to be a digit."""
    kind = "digit" if in_barcode else "dv"
    return FieldSpec("conta_dv", "Dígito da conta", 1, required, help, kind=kind)


def convenio(
    digits: int,
    label: str = "Convênio",
    *,
    required: bool = True,
    paper_only: bool = False,
    fill: bool = True,
    help: str = "É o código que o banco deu à empresa no contrato de cobrança.",
) -> FieldSpec:
    """The code that the bank gave the company, whatever the bank calls it."""
    return FieldSpec("convenio", label, digits, required, help, paper_only=paper_only, fill=fill)


def convenio_dv(digits: int = 1, label: str = "Dígito do convênio", *, help: str = "") -> FieldSpec:
    """The check digit(s) of the convênio."""
    return FieldSpec("convenio_dv", label, digits, False, help, kind="dv")


def carteira(
    *choices: tuple[str, str],
    required: bool = True,
    help: str = "Está no contrato de cobrança.",
) -> FieldSpec:
    """The carteira, one of those that the bank has."""
    width = max(len(value) for value, _ in choices)
    return FieldSpec("carteira", "Carteira", width, required, help, choices, kind="choice")


def carteira_printed() -> FieldSpec:
    """A carteira that is printed and does not enter the barcode."""
    return FieldSpec("carteira", "Carteira", 4, False, "Só é impressa.", kind="text")


def codes(*values: str) -> tuple[tuple[str, str], ...]:
    """Choices whose label is the code itself."""
    return tuple((value, value) for value in values)
