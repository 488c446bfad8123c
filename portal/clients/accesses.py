"""Who saw whose personal data, and who took them away (LGPD, art. 37)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.clients.models import DataAccess
from portal.core.db import db, end_read, reading
from portal.users.models import User

MOST = 120  # characters of `what`


@dataclass(frozen=True, slots=True)
class Person:
    """Who looks: a signed-in person, or (without id) a system that signs in with a token."""

    id: int | None
    name: str


def note(person: Person, client_id: int | None, what: str, now: datetime) -> bool:
    """Keep that `person` saw the client's data, or took a list (`client_id` None) away; commits.

    The same once an hour: False when this hour has it already. Call it outside of any transaction
    of the page.
    """
    row = DataAccess(
        at=now, user_id=person.id, user_name=person.name[:120], client_id=client_id,
        what=what[:MOST],
    )  # fmt: skip
    seen = select(DataAccess.id).where(
        DataAccess.at >= now.replace(minute=0, second=0, microsecond=0),
        DataAccess.user_id == row.user_id,
        DataAccess.user_name == row.user_name,
        DataAccess.client_id == row.client_id,
        DataAccess.what == row.what,
    )
    with reading():  # most pages are opened more than once an hour: no write lock for those
        known = db.session.scalar(seen.limit(1))
    end_read()
    if known is not None:
        return False
    if person.id is not None:  # one after the other: pages load in parts, at the same time
        db.session.execute(select(User.id).where(User.id == person.id).with_for_update())
    first = db.session.scalar(seen.limit(1)) is None
    if first:
        db.session.add(row)
    db.session.commit()
    return first
