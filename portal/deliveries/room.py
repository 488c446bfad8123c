"""How much room an account's limits leave, as the database counts it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.core.db import db
from portal.deliveries.limits import Limits
from portal.deliveries.models import QuotaUse
from portal.smtp.models import SmtpAccount

Windows = tuple[tuple[timedelta, int], ...]
FAR = 1_000  # e-mails; the claims of an account take turns, and so many do not fit in KNOWN_FOR
KNOWN_FOR = 0.5  # seconds


@dataclass(slots=True)
class Room:
    """Whether an account was just found far from its limits: then it need not be counted again.

    Look at it with the account's row locked: what others claim meanwhile is in KNOWN_FOR.
    """

    windows: Windows = ()
    until: float = 0.0  # monotonic

    def is_known(self, windows: Windows) -> bool:
        """Whether every window was found to have room for FAR more within KNOWN_FOR."""
        return self.windows == windows and time.monotonic() < self.until

    def learn(self, windows: Windows, used: Sequence[int], asked: float) -> bool:
        """Remember what was counted, `asked` for then (monotonic); whether one more has room."""
        spare = min(limit - count for (_, limit), count in zip(windows, used, strict=True))
        self.windows = windows
        self.until = asked + KNOWN_FOR if spare > FAR else 0.0
        return spare > 0


def limits_of(account: SmtpAccount) -> Limits:
    """The account's limits as the rules take them."""
    return Limits(account.hourly_limit, account.daily_limit, account.minute_limit)


def has_room(account: SmtpAccount, now: datetime) -> bool:
    """Whether the account's limits let one more e-mail leave now."""
    return opens_at(account, now) is None


def opens_at(account: SmtpAccount, now: datetime) -> datetime | None:
    """When every full window has opened again; None while none is full.

    One row of an index for each window, however many uses it holds.
    """
    moments = []
    for size, limit in limits_of(account).windows:
        # The use that has to leave the window before another may enter.
        used = db.session.scalar(
            select(QuotaUse.used_at)
            .where(QuotaUse.smtp_account_id == account.id, QuotaUse.used_at > now - size)
            .order_by(QuotaUse.used_at.desc())
            .offset(limit - 1)
            .limit(1)
        )
        if used is not None:
            moments.append(used + size)
    return max(moments, default=None)
