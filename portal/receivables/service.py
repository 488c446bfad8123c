"""What a person does with a title: settle it or cancel it."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, update

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import Conflict, NotFound
from portal.receivables.labels import STATUSES
from portal.receivables.models import Receivable, ReceivableStatus
from portal.settings.models import DeliveryType

ENTITY = "receivable"


def settle(receivable_id: int, actor: Actor | None, now: datetime) -> Receivable:
    """The title was paid. E-mails of it that still wait are skipped by the sender.

    Raises NotFound, and Conflict unless the title is open.
    """
    title = _open(receivable_id)
    _end(title, ReceivableStatus.PAID, "receivables.settle", "baixado como pago", actor, now)
    title.settled_at = now
    db.session.commit()
    return title


def cancel(receivable_id: int, actor: Actor | None, now: datetime) -> Receivable:
    """The title is no longer owed. Its number and its month stay used.

    Raises NotFound, and Conflict unless the title is open.
    """
    title = _open(receivable_id)
    _end(title, ReceivableStatus.CANCELLED, "receivables.cancel", "cancelado", actor, now)
    title.cancelled_at = now
    db.session.commit()
    return title


def cancel_of_run(generation_id: int, now: datetime) -> int:
    """Cancel every open title of a run; returns how many. The caller records it and commits."""
    done = db.session.execute(
        update(Receivable)
        .where(
            Receivable.generation_id == generation_id, Receivable.status == ReceivableStatus.OPEN
        )
        .values(status=ReceivableStatus.CANCELLED, cancelled_at=now),
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
    summary = f"{count} boletos impressos da geração nº {generation_id}"
    audit.record(actor, "receivables.print", ENTITY, None, now, summary=summary)
    db.session.commit()
    return count


def _open(receivable_id: int) -> Receivable:
    title = db.session.get(Receivable, receivable_id, with_for_update=True, populate_existing=True)
    if title is None:
        raise NotFound(f"Título {receivable_id} não existe.")
    if title.status != ReceivableStatus.OPEN:
        word = STATUSES[title.status].text.lower()
        raise Conflict(f"O título {title.document_number} já está {word}. Nada mudou.")
    return title


def _end(
    title: Receivable,
    status: ReceivableStatus,
    action: str,
    words: str,
    actor: Actor | None,
    now: datetime,
) -> None:
    changes = audit.apply(title, {"status": status})
    summary = f"Título {title.document_number} {words}"
    audit.record(actor, action, ENTITY, title.id, now, summary=summary, changes=changes)
