"""Municipal holidays: the days on which the company's banks do not open, beside the national ones.

For due dates of what is generated from now on.
"""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import InvalidValue, NotFound
from portal.settings.models import Holiday

ENTITY = "holiday"
FIRST_YEAR, LAST_YEAR = 2000, 2100


def all_holidays() -> Sequence[Holiday]:
    """Every municipal holiday, by day."""
    return db.session.scalars(select(Holiday).order_by(Holiday.day)).all()


def add_holiday(day: date, name: str, actor: Actor | None, now: datetime) -> Holiday:
    """Keep a municipal holiday. Raises InvalidValue for a day that is there already."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidValue("day", f"Informe um dia de {FIRST_YEAR} a {LAST_YEAR}.")
    holiday = Holiday(day=day, name=name)
    db.session.add(holiday)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise InvalidValue("day", f"O dia {day:%d/%m/%Y} já está na lista.") from None
    summary = f"Feriado {day:%d/%m/%Y}, {name}"
    audit.record(actor, "settings.create", ENTITY, holiday.id, now, summary=summary)
    db.session.commit()
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
