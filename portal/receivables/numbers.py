"""Titles by what is printed on them, found by indexes alone: they stay fast at a million titles."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from portal.boletos import Decoded, InvalidBoleto, parse_codigo_barras, parse_linha
from portal.core.db import db
from portal.receivables.models import Receivable
from portal.wallets.models import Wallet
from portal.web.search import contains, starts_with

SHORTEST = 3  # characters with which numbers begin to be looked for
LONGEST = 24  # digits of a nosso número, and some to spare
BIGGEST = 2**63 - 1
_SIGNS = str.maketrans("", "", " .-/")
_CYCLE = date(2025, 2, 22)  # due-date factors began anew that day; they last until 2049


def numbered(text: str) -> Iterator[ColumnElement[bool]]:
    """Conditions, each served by an index: the beginning of the document number, the nosso número
    or a part of it, the whole linha digitável or barcode, typed with or without punctuation."""
    if len(text) < SHORTEST:
        return
    for typed in sorted({text, text.upper()}):
        yield starts_with(Receivable.document_number, typed)
    numbers = _sequences(text)
    if numbers:
        bare: ColumnElement[Any] = func.replace(Receivable.nosso_numero, " ", "")
        for sign in "/-.":
            bare = func.replace(bare, sign, "")
        yield and_(
            Receivable.wallet_id.in_(list(db.session.scalars(select(Wallet.id)))),
            Receivable.sequence.in_(numbers),
            contains(bare, text.translate(_SIGNS)),
        )
    boleto = _boleto(text)
    if boleto:
        yield and_(
            Receivable.due_date == boleto.vencimento,
            Receivable.codigo_barras == boleto.codigo_barras,
        )


def _sequences(text: str) -> list[int]:
    """The wallet's own numbers that the typed nosso número may hold.

    A nosso número is such a number with zeros before it, between digits of the bank (carteira,
    year, convênio) and a check digit: by it, and not by its print, an index finds the title.
    """
    plain = text.translate(_SIGNS)
    digits = "".join(char for char in plain if char.isascii() and char.isdigit())
    if not SHORTEST <= len(digits) <= LONGEST or len(plain) > len(digits) + 1:  # a check letter
        return []
    found = {
        int(digits[start:end]) for end in (len(digits) - 1, len(digits)) for start in range(end)
    }
    return sorted(number for number in found if 0 < number <= BIGGEST)


def _boleto(text: str) -> Decoded | None:
    """What a linha digitável (47 digits) or a barcode (44) says, when it is whole and right."""
    digits = text.translate(_SIGNS)
    parse = {47: parse_linha, 44: parse_codigo_barras}.get(len(digits))
    try:
        return parse(digits, _CYCLE) if parse else None
    except InvalidBoleto:
        return None
