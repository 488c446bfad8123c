"""Reads for the pages of the wallets."""

from collections.abc import Sequence

from sqlalchemy import select

from portal.core.db import db
from portal.wallets.models import Wallet


def all_wallets() -> Sequence[Wallet]:
    """Every wallet, active ones first, by name."""
    return db.session.scalars(select(Wallet).order_by(Wallet.active.desc(), Wallet.name)).all()
