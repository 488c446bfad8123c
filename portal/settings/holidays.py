"""Municipal holidays: the days on which the company's banks do not open, beside the national ones.

For due dates of what is generated from now on.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import InvalidValue, NotFound
from portal.settings.models import Holiday

ENTITY = "holiday"
FIRST_YEAR, LAST_YEAR = 2000, 2100
NAME_LIMIT = 80


def all_holidays() -> Sequence[Holiday]:
    """Every municipal holiday, by day."""
    return db.session.scalars(select(Holiday).order_by(Holiday.day)).all()


def add_holiday(day: date, name: str, actor: Actor | None, now: datetime) -> Holiday:
    """Keep a municipal holiday. Raises InvalidValue for a day that is there already."""
    for problem in holiday_problems(day, name):
        raise problem
    try:
        holiday = _add(day, name, actor, now)
    except IntegrityError:
        db.session.rollback()
        raise InvalidValue("day", f"O dia {day:%d/%m/%Y} já está na lista.") from None
    db.session.commit()
    return holiday


def holiday_problems(day: date, name: str) -> Iterator[InvalidValue]:
    """What forbids a holiday."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        yield InvalidValue("day", f"Informe um dia de {FIRST_YEAR} a {LAST_YEAR}.")
    if not 1 <= len(name) <= NAME_LIMIT:
        yield InvalidValue("name", f"Informe o nome do feriado, com até {NAME_LIMIT} caracteres.")


def put_holiday(
    day: date, name: str, actor: Actor | None, now: datetime
) -> dict[str, list[Any]] | None:
    """Keep a checked holiday, or its new name; not committed. The changes; None: it is new."""
    holiday = db.session.scalar(select(Holiday).where(Holiday.day == day))
    if holiday is None:
        _add(day, name, actor, now)
        return None
    changes = audit.apply(holiday, {"name": name})
    if changes:
        summary = f"Feriado {day:%d/%m/%Y}, {name}"
        audit.record(
            actor, "settings.change", ENTITY, holiday.id, now, summary=summary, changes=changes
        )
    return changes


def _add(day: date, name: str, actor: Actor | None, now: datetime) -> Holiday:
    holiday = Holiday(day=day, name=name)
    db.session.add(holiday)
    db.session.flush()
    summary = f"Feriado {day:%d/%m/%Y}, {name}"
    audit.record(actor, "settings.create", ENTITY, holiday.id, now, summary=summary)
    return holiday


def remove_holiday(holiday_id: int, actor: Actor | None, now: datetime) -> Holiday:
    """Forget a municipal holiday. Raises NotFound."""
    holiday = db.session.get(Holiday, holiday_id)
    if holiday is None:
        raise NotFound("Este feriado não está mais na lista.")
    summary = f"Feriado {holiday.day:%d/%m/%Y}, {holiday.name}"
    audit.record(actor, "settings.delete", ENTITY, holiday.id, now, summary=summary)
    db.session.delete(holiday)
    db.session.commit()
    return holiday
