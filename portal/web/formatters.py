"""How values read on screen: pt-BR, the portal's timezone."""

from datetime import date, datetime
from decimal import Decimal

from portal.core import clock
from portal.core.money import format_amount, format_brl

MONTHS = ("jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez")
WEEKDAYS = ("seg.", "ter.", "qua.", "qui.", "sex.", "sáb.", "dom.")


def number(value: int | Decimal) -> str:
    """`1.234` — thousands by dot."""
    return f"{value:,}".replace(",", ".")


def many(count: int, one: str, more: str) -> str:
    """`1 título`, `1.234 títulos`."""
    return f"{number(count)} {one if count == 1 else more}"


def percent(part: int, whole: int) -> str:
    """`97,1 %` of the whole; a dash when there is no whole."""
    return f"{part / whole:.1%}".replace(".", ",").replace("%", " %") if whole else "—"


def day(value: date | None) -> str:
    """`10/12/2026`, or a dash."""
    return value.strftime("%d/%m/%Y") if value else "—"


def month(value: date) -> str:
    """`dez/2026`."""
    return f"{MONTHS[value.month - 1]}/{value.year}"


def long_month(value: date) -> str:
    """`dezembro/2026`."""
    return f"{clock.MONTH_NAMES[value.month - 1]}/{value.year}"


def moment(value: datetime | None, timezone: str) -> str:
    """`10/12/2026 14:20`, or a dash."""
    return clock.local(value, timezone).strftime("%d/%m/%Y %H:%M") if value else "—"


def short_moment(value: datetime | None, now: datetime, timezone: str) -> str:
    """`14:20` today, `10/12 14:20` this year, else the whole date."""
    if not value:
        return "—"
    there, today = clock.local(value, timezone), clock.local_date(now, timezone)
    if there.date() == today:
        return there.strftime("%H:%M")
    return there.strftime("%d/%m %H:%M" if there.year == today.year else "%d/%m/%Y %H:%M")


def since(value: datetime, now: datetime) -> str:
    """`agora`, `há 5 min`, `há 3 h`, `há 2 dias`."""
    seconds = max(0, int((now - value).total_seconds()))
    for size, unit in ((86_400, "dia"), (3600, "h"), (60, "min")):
        if seconds >= size:
            count = seconds // size
            return f"há {count} {unit}{'s' if unit == 'dia' and count > 1 else ''}"
    return "agora"


def cpf_cnpj(digits: str) -> str:
    """`123.456.789-09` or `12.ABC.345/01DE-35`; other text as it is."""
    if len(digits) == 11:
        return f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}"
    if len(digits) == 14:
        return f"{digits[:2]}.{digits[2:5]}.{digits[5:8]}/{digits[8:12]}-{digits[12:]}"
    return digits


def postal_code(digits: str) -> str:
    """`13010-000`."""
    return f"{digits[:5]}-{digits[5:]}" if len(digits) == 8 else digits


FILTERS = {
    "number": number,
    "percent": percent,
    "day": day,
    "month": month,
    "long_month": long_month,
    "brl": format_brl,
    "amount": format_amount,
    "cpf_cnpj": cpf_cnpj,
    "postal_code": postal_code,
}
