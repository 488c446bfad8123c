"""A contract's due day and dates as people write them; forms and imports share this."""

import re
from datetime import date

from portal.core.errors import InvalidValue

SHOWN = 40  # characters of a bad value that a message repeats
_BR_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_FIRST_YEAR, _LAST_YEAR = 1980, 2100


def parse_due_day(text: str) -> int:
    """A day from 1 to 31. Raises InvalidValue."""
    if re.fullmatch(r"[0-9]{1,2}", text) and 1 <= int(text) <= 31:
        return int(text)
    raise InvalidValue("due_day", f"Dia “{text[:SHOWN]}” inválido: vai de 1 a 31.")


def parse_date(text: str) -> date:
    """A day written 28/06/2026 (or 2026-06-28). Raises InvalidValue."""
    brazilian, iso = _BR_DATE.fullmatch(text), _ISO_DATE.fullmatch(text)
    try:
        if brazilian:
            day, month, year = map(int, brazilian.groups())
        elif iso:
            year, month, day = map(int, iso.groups())
        else:
            raise ValueError(text)
        value = date(year, month, day)
    except ValueError:
        raise InvalidValue(
            "date", f"Data “{text[:SHOWN]}” inválida: escreva como 28/06/2026."
        ) from None
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise InvalidValue("date", f"O ano {value.year} está fora de {_FIRST_YEAR} a {_LAST_YEAR}.")
    return value
