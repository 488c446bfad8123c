"""How much room an account's limits leave, as the database counts it."""

from datetime import datetime

from sqlalchemy import select

from portal.core.db import db
from portal.deliveries.limits import Limits
from portal.deliveries.models import QuotaUse
from portal.smtp.models import SmtpAccount


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
