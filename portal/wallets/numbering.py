"""The series that a wallet's numbers come from: one for ever or, at some banks, one a year.

`receivables.sequence` is used once in a wallet, for ever. Of a series that starts again it holds
what stands before the number in the nosso número too (Sicredi: year and byte), so that the number 1
of two years is two sequences.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from portal.boletos import BankAccount, InvalidBoleto, bank
from portal.core.errors import InvalidValue
from portal.wallets.models import BANK_FIELDS, Wallet

Place = tuple[int | None, int]


def place_of(account: BankAccount, today: date) -> Place:
    """The series of titles issued `today`: its year (None: it never starts again), and what is
    added to a number to make the sequence."""
    try:
        found = bank(account.bank_code)
    except InvalidBoleto:
        return None, 0
    return (today.year, found.series_base(account, today.year)) if found.yearly else (None, 0)


def next_number(wallet: Wallet, today: date, values: Mapping[str, Any] | None = None) -> int:
    """The number of the wallet's next title, issued `today`; smaller ones may be on boletos.

    `values`: as if the wallet were saved with these bank data. Raises InvalidValue for bank data
    of which it is not known any more which numbers are free.
    """
    own = place_of(wallet.bank_account, today)
    place = own
    if values is not None:
        place = place_of(BankAccount(**{name: values[name] for name in BANK_FIELDS}), today)
    begun = wallet.sequence_year is None or wallet.sequence_year >= today.year
    if place == own:
        return wallet.next_nosso_numero if place[0] is None or begun else 1
    if place[0] is None:
        if wallet.sequence_year:
            raise InvalidValue(
                "bank_code",
                "Esta carteira já numerou boletos por ano. Para outro banco, cadastre outra.",
            )
        return wallet.next_nosso_numero
    used = wallet.next_nosso_numero > 1 or wallet.sequence_year is not None
    if own[0] is not None and place[1] < own[1] and begun and used:
        raise InvalidValue(
            "byte",
            f"Em {today.year} esta carteira já numerou com um byte maior: mantenha-o ou aumente.",
        )
    return 1


def year_of(values: Mapping[str, Any], today: date) -> int | None:
    """The year that a number saved `today` is of; None for a series that never starts again."""
    return place_of(BankAccount(**{name: values[name] for name in BANK_FIELDS}), today)[0]
