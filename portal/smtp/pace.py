"""How long many e-mails take under an account's two limits."""

from datetime import timedelta

HOURS_A_DAY = 24


def duration(emails: int, hourly: int, daily: int) -> timedelta:
    """The least time from the first to the last e-mail, sending as fast as both limits allow.

    Every rolling hour takes `hourly` and every rolling day `daily`; what fits at once leaves at
    once.
    """
    if emails <= 0:
        return timedelta(0)
    a_day = min(daily, hourly * HOURS_A_DAY)
    days, rest = divmod(emails - 1, a_day)
    return timedelta(days=days, hours=rest // min(hourly, a_day))


def in_words(value: timedelta) -> str:
    """`em menos de 1 h`, `em cerca de 5 h`, `em cerca de 2 dias e 4 h`."""
    hours = int(value.total_seconds()) // 3600
    days, hours = divmod(hours, HOURS_A_DAY)
    parts = []
    if days:
        parts.append(f"{days} dia{'s' if days > 1 else ''}")
    if hours:
        parts.append(f"{hours} h")
    return f"em cerca de {' e '.join(parts)}" if parts else "em menos de 1 h"
