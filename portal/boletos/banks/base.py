"""What every bank has: its facts, the fields it asks a wallet for, and its rule of 25 digits.

A bank is one class in a file of this package; defining it registers it. It states `code`, `name`,
`fields` and `numero_digits`, and writes `nosso_numero` and `campo_livre` over an account whose
fields are already checked and padded (`prepare`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import ClassVar

from portal.boletos.checkdigits import mod11
from portal.boletos.model import BankAccount, InvalidBoleto


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field that a bank asks for, as the wallet's form shows it.

    `max_length` is the width in the campo livre: shorter numbers are filled with zeros. `choices`
    are (value, label) pairs; any other value is refused. `paper_only` fields are printed but not
    needed to compute the numbers, so only `Bank.check` insists on them.
    """

    name: str
    label: str
    max_length: int
    required: bool
    help: str
    choices: tuple[tuple[str, str], ...] = ()
    paper_only: bool = False
    kind: str = "digits"  # digits | digit (one) | dv (a digit, X or P) | choice | text
    fill: bool = True  # fill digits with zeros up to max_length


@dataclass(frozen=True, slots=True)
class Draft:
    """A title as a bank's rule sees it: the number in digits, blanks where nothing was said."""

    numero: str
    cents: int | None = None
    vencimento: date | None = None
    numero_documento: str = ""
    data_documento: date | None = None
    ano: str = ""
    parcela: str = ""


SAMPLE = Draft("1", 100, date(2026, 12, 10), "1", date(2026, 12, 1), "26", "1")


class Bank(ABC):
    """A bank's rule. Instances are stateless; get them from `bank()` or `banks()`."""

    code: ClassVar[str]
    code_dv: ClassVar[str]
    name: ClassVar[str]
    fields: ClassVar[tuple[FieldSpec, ...]]
    numero_digits: ClassVar[int]
    numero_min: ClassVar[int] = 1
    yearly: ClassVar[bool] = False  # its numbers start again at 1 each year: see `series_base`
    used_up: ClassVar[str] = "peça outra ao banco ou use outra carteira"  # what to do then
    listed: ClassVar[bool] = True  # False: legacy bank, computed but not offered to new wallets

    registry: ClassVar[dict[str, Bank]] = {}

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "code" not in cls.__dict__:
            return  # a family: its members have the codes
        if "code_dv" not in cls.__dict__:
            cls.code_dv = mod11(cls.code, 9, ten="X")
        if cls.code in Bank.registry:
            raise TypeError(f"two banks with code {cls.code}")
        Bank.registry[cls.code] = cls()

    # --- the rule -----------------------------------------------------------------------------

    @abstractmethod
    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        """The number as printed, with its check digit when the bank has one."""

    @abstractmethod
    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        """The bank's 25 digits of the barcode."""

    def adjust(self, account: BankAccount) -> BankAccount:
        """Last look at an account whose fields passed: defaults, and what fields say together."""
        return account

    # --- what the rest of the house asks ------------------------------------------------------

    def prepare(self, account: BankAccount) -> BankAccount:
        """The account with its fields checked and padded. Raises InvalidBoleto."""
        return _prepared(self, account)

    def check(self, account: BankAccount) -> None:
        """Raises InvalidBoleto unless a wallet can issue boletos with this account."""
        prepared = self.prepare(account)
        for spec in self.fields:
            if spec.required and not getattr(prepared, spec.name):
                raise missing(spec, self.name)
        self.numbers(account, replace(SAMPLE, numero=str(max(1, self.numero_min))))

    def numbers(self, account: BankAccount, title: Draft) -> tuple[str, str]:
        """Nosso número as printed and campo livre. Raises InvalidBoleto."""
        prepared = self.prepare(account)
        free = self.campo_livre(prepared, title)
        if len(free) != 25 or not (free.isascii() and free.isdigit()):
            raise InvalidBoleto(
                "bank_code",
                f"Os dados da carteira não formam um código de barras do {self.name}"
                f" ({len(free)} posições em vez de 25). Confira agência, conta e convênio.",
            )
        return self.nosso_numero(prepared, title), free

    def numero_max(self, account: BankAccount) -> int:
        """The largest sequential number; beyond it the nosso número of this account is used up."""
        return int("9" * self.numero_digits)

    def series_base(self, account: BankAccount, year: int) -> int:
        """What makes a number of this year another than the same number of other years, when added
        to it. Only `yearly` banks have one."""
        return 0

    def agencia_codigo(self, account: BankAccount) -> str:
        """Agência and código do beneficiário, as printed."""
        return f"{agencia_with_dv(account)} / {conta_with_dv(account)}"

    def carteira_printed(self, account: BankAccount) -> str:
        """The carteira as printed on the slip."""
        return self.prepare(account).carteira

    def sequence(self, account: BankAccount, title: Draft, digits: int = 0) -> str:
        """The title's number in the bank's width. Raises InvalidBoleto when it is used up."""
        width = digits or self.numero_digits
        number = title.numero.lstrip("0")
        limit = self.numero_max(account) if not digits else int("9" * digits)
        if len(number) > width or (number and int(number) > limit):
            raise InvalidBoleto(
                "numero",
                f"Nosso número {title.numero}: o {self.name} vai até {limit} nesta carteira."
                f" A faixa acabou: {self.used_up}.",
            )
        if int(number or "0") < self.numero_min:
            raise InvalidBoleto(
                "numero", f"Nosso número {title.numero}: comece em {self.numero_min}."
            )
        return number.zfill(width)


def agencia_with_dv(account: BankAccount) -> str:
    """`1234-5`, or `1234` when the agência has no check digit."""
    return "-".join(filter(None, (account.agencia, account.agencia_dv)))


def conta_with_dv(account: BankAccount) -> str:
    """`12345-6`, or `12345` when the conta has no check digit."""
    return "-".join(filter(None, (account.conta, account.conta_dv)))


def missing(spec: FieldSpec, bank_name: str) -> InvalidBoleto:
    """The refusal of an account that lacks a field."""
    return InvalidBoleto(
        spec.name, f"{spec.label} em branco: o {bank_name} precisa dele. {spec.help}".rstrip()
    )


@lru_cache(maxsize=1024)
def _prepared(bank: Bank, account: BankAccount) -> BankAccount:
    values = {spec.name: _clean(spec, getattr(account, spec.name), bank) for spec in bank.fields}
    return bank.adjust(replace(account, **values))


def _clean(spec: FieldSpec, value: str, bank: Bank) -> str:
    text = value.strip()
    if not text:
        if spec.required and not spec.paper_only:
            raise missing(spec, bank.name)
        return ""
    if spec.choices:
        return _choice(spec, text, bank)
    if spec.kind == "text" and len(text) <= spec.max_length:
        return text
    if spec.kind == "text":
        raise InvalidBoleto(
            spec.name, f"{spec.label} “{text[:40]}”: use até {spec.max_length} caracteres."
        )
    if spec.kind in ("dv", "digit"):
        return _check_digit(spec, text)
    if not (text.isascii() and text.isdigit()):
        raise InvalidBoleto(
            spec.name,
            f"{spec.label} “{text}”: use só números, sem pontos, traços ou espaços.",
        )
    if len(text) > spec.max_length:
        text = text.lstrip("0")
    if len(text) > spec.max_length:
        raise InvalidBoleto(
            spec.name,
            f"{spec.label} “{value.strip()}”: o {bank.name} usa até {spec.max_length} dígitos."
            f" {spec.help}".rstrip(),
        )
    return text.zfill(spec.max_length) if spec.fill else text


def _choice(spec: FieldSpec, text: str, bank: Bank) -> str:
    values = [value for value, _ in spec.choices]
    for candidate in (text, text.upper(), text.zfill(spec.max_length), text.lstrip("0")):
        if candidate in values:
            return candidate
    raise InvalidBoleto(
        spec.name,
        f"{spec.label} “{text}”: o {bank.name} não a conhece. Use {_listing(values)}.",
    )


def _listing(values: list[str]) -> str:
    if len(values) == 1:
        return values[0]
    return f"{', '.join(values[:-1])} ou {values[-1]}"


def _check_digit(spec: FieldSpec, text: str) -> str:
    dv = text.upper()
    letter = spec.kind == "dv" and dv in ("X", "P")
    if len(dv) > spec.max_length or not (letter or (dv.isascii() and dv.isdigit())):
        raise InvalidBoleto(
            spec.name, f"{spec.label} “{text}”: é o dígito depois do traço. {spec.help}".rstrip()
        )
    return dv
