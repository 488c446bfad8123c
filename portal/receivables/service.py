"""What a person does with titles: settle them, undo that, cancel them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import CursorResult, update

from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import Conflict, InvalidValue, NotFound
from portal.receivables import ending
from portal.receivables.labels import STATUSES
from portal.receivables.models import Receivable, ReceivableStatus
from portal.receivables.queries import by_ids
from portal.settings.models import DeliveryType
from portal.web.formatters import many


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many titles changed, and which did not: reason → their document numbers."""

    done: int
    skipped: Mapping[str, Sequence[str]] = field(default_factory=dict)


def settle(
    receivable_id: int, actor: Actor | None, now: datetime, *, paid_on: date | None = None
) -> Receivable:
    """The title was paid on that day (default: today). Its e-mails that wait are skipped.

    Raises NotFound, Conflict unless the title is open, InvalidValue for a day to come.
    """
    paid_at, words = _payment(paid_on, now)
    title = _get(receivable_id)
    _must_be(title, ReceivableStatus.OPEN)
    ending.settle(title, paid_at, words, actor, now)
    db.session.commit()
    return title


def cancel(
    receivable_id: int, actor: Actor | None, now: datetime, *, reason: str = ""
) -> Receivable:
    """The title is no longer owed. Its number and its month stay used.

    Raises NotFound, and Conflict unless the title is open.
    """
    title = _get(receivable_id)
    _must_be(title, ReceivableStatus.OPEN)
    ending.cancel(title, reason, actor, now)
    db.session.commit()
    return title


def reopen(receivable_id: int, actor: Actor | None, now: datetime) -> Receivable:
    """Estornar baixa: the title was not paid after all. E-mails skipped meanwhile stay so.

    Raises NotFound, and Conflict unless the title is settled.
    """
    title = _get(receivable_id)
    _must_be(title, ReceivableStatus.PAID)
    ending.reopen(title, actor, now)
    db.session.commit()
    return title


def settle_many(
    receivable_ids: Sequence[int], paid_on: date, actor: Actor | None, now: datetime
) -> Outcome:
    """Settle those that are open and tell of the others.

    Raises NotFound for an unknown title, InvalidValue for a day to come.
    """
    paid_at, words = _payment(paid_on, now)
    titles, outcome = _sorted_out(receivable_ids)
    for title in titles:
        ending.settle(title, paid_at, words, actor, now)
    db.session.commit()
    return outcome


def cancel_many(
    receivable_ids: Sequence[int], reason: str, actor: Actor | None, now: datetime
) -> Outcome:
    """Cancel those that are open and tell of the others. Raises NotFound for an unknown title."""
    titles, outcome = _sorted_out(receivable_ids)
    for title in titles:
        ending.cancel(title, reason, actor, now)
    db.session.commit()
    return outcome


def cancel_of_run(generation_id: int, now: datetime) -> int:
    """Cancel every open title of a run that is undone; returns how many. Their months are free
    again, their numbers stay used. The caller records it and commits."""
    done = db.session.execute(
        update(Receivable)
        .where(
            Receivable.generation_id == generation_id, Receivable.status == ReceivableStatus.OPEN
        )
        .values(status=ReceivableStatus.CANCELLED, cancelled_at=now, undone_at=now),
        execution_options={"synchronize_session": False},
    )
    return cast(CursorResult[Any], done).rowcount


def mark_printed(generation_id: int, actor: Actor | None, now: datetime) -> int:
    """The open boletos of a run that go by paper were printed; returns how many were not before.

    Those printed earlier keep their own moment.
    """
    done = db.session.execute(
        update(Receivable)
        .where(
            Receivable.generation_id == generation_id,
            Receivable.delivery_type == DeliveryType.PRINTED,
            Receivable.status == ReceivableStatus.OPEN,
            Receivable.codigo_barras != "",
            Receivable.printed_at.is_(None),
        )
        .values(printed_at=now),
        execution_options={"synchronize_session": False},
    )
    count = cast(CursorResult[Any], done).rowcount
    printed = many(count, "boleto impresso", "boletos impressos")
    summary = f"{printed} da geração nº {generation_id}"
    audit.record(actor, "receivables.print", ending.ENTITY, None, now, summary=summary)
    db.session.commit()
    return count


def _payment(paid_on: date | None, now: datetime) -> tuple[datetime, str]:
    """The moment of a payment of which only the day is known, and its day in words."""
    timezone = current_app.config["SETTINGS"].timezone
    today = clock.local_date(now, timezone)
    if paid_on is None or paid_on == today:
        return now, f"em {today:%d/%m/%Y}"
    if paid_on > today:
        raise InvalidValue("paid_on", "A data do pagamento ainda não chegou: confira.")
    noon = datetime.combine(paid_on, time(12), ZoneInfo(timezone))
    return noon.astimezone(UTC), f"em {paid_on:%d/%m/%Y}"


def _sorted_out(receivable_ids: Sequence[int]) -> tuple[list[Receivable], Outcome]:
    """The open titles, locked, and what became of each by its document number."""
    titles = by_ids(receivable_ids, slips=False, lock=True)
    open_ones = [title for title in titles if title.status == ReceivableStatus.OPEN]
    skipped: dict[str, list[str]] = {}
    for title in titles:
        if title.status != ReceivableStatus.OPEN:
            word = f"já {STATUSES[title.status].text.lower()}"
            skipped.setdefault(word, []).append(title.document_number)
    return open_ones, Outcome(len(open_ones), skipped)


def _get(receivable_id: int) -> Receivable:
    title = db.session.get(Receivable, receivable_id, with_for_update=True, populate_existing=True)
    if title is None:
        raise NotFound(f"Título {receivable_id} não existe.")
    return title


def _must_be(title: Receivable, status: ReceivableStatus) -> None:
    if title.status != status:
        word = STATUSES[title.status].text.lower()
        already = "já está" if status == ReceivableStatus.OPEN else "está"
        raise Conflict(f"O título {title.document_number} {already} {word}. Nada mudou.")
