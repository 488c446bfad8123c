"""Where the numbers of a run come from: its wallets' counters, or what the titles tell."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from portal.boletos import bank
from portal.core.db import db
from portal.receivables.models import Receivable
from portal.wallets.models import Wallet
from portal.wallets.numbering import place_of


@dataclass(frozen=True, slots=True)
class Series:
    """One wallet's series for titles issued on one day, and where it stands."""

    year: int | None  # None: it never starts again
    base: int  # a title's sequence is this and its number
    next_number: int
    counted: bool  # whether the wallet's counter is of this series, and moves on with it


def series_of(wallet: Wallet, today: date) -> Series:
    """The series of the wallet, which can make boletos, for titles issued `today`.

    A counter of another year knows nothing of this one: when a year begins, and when a run of last
    year goes on after that, the titles tell which number comes next.
    """
    year, base = place_of(wallet.bank_account, today)
    if year is None or wallet.sequence_year in (None, year):
        return Series(year, base, wallet.next_nosso_numero, counted=True)
    last = bank(wallet.bank_code).numero_max(wallet.bank_account)
    used = db.session.scalar(
        select(func.max(Receivable.sequence)).where(
            Receivable.wallet_id == wallet.id, Receivable.sequence.between(base + 1, base + last)
        )
    )
    return Series(year, base, (used or base) - base + 1, counted=(wallet.sequence_year or 0) < year)
