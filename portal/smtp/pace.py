"""How long many e-mails take under an account's limits."""

from datetime import timedelta

HOURS_A_DAY = 24
MINUTES_AN_HOUR = 60


def duration(emails: int, hourly: int, daily: int, minute: int | None = None) -> timedelta:
    """The least time from the first to the last e-mail, sending as fast as all limits allow.

    Every rolling minute takes `minute` (None: no such limit), every hour `hourly` and every day
    `daily`; what fits at once leaves at once.
    """
    if emails <= 0:
        return timedelta(0)
    an_hour = hourly if minute is None else min(hourly, minute * MINUTES_AN_HOUR)
    a_day = min(daily, an_hour * HOURS_A_DAY)
    days, rest = divmod(emails - 1, a_day)
    hours, rest = divmod(rest, min(an_hour, a_day))
    return timedelta(days=days, hours=hours, minutes=rest // minute if minute else 0)


def in_words(value: timedelta) -> str:
    """`na hora`, `em cerca de 16 min`, `em cerca de 5 h`, `em cerca de 2 dias e 4 h`."""
    minutes = int(value.total_seconds()) // 60
    hours, minutes = divmod(minutes, MINUTES_AN_HOUR)
    days, hours = divmod(hours, HOURS_A_DAY)
    parts = []
    if days:
        parts.append(f"{days} dia{'s' if days > 1 else ''}")
    if hours:
        parts.append(f"{hours} h")
    if minutes and not parts:
        parts.append(f"{minutes} min")
    return f"em cerca de {' e '.join(parts)}" if parts else "em poucos minutos"
