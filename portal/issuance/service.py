"""Sending by hand and marking as printed: each form does it once, however often it is sent."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import InvalidValue
from portal.core.queue import DRAIN, wake
from portal.deliveries import outbox
from portal.deliveries.models import EmailMessage
from portal.deliveries.service import manual_parcels
from portal.receivables.models import Receivable
from portal.receivables.queries import by_ids
from portal.settings.models import FinancialSettings


def new_key() -> str:
    """A key for one confirmation form; it ends up in the messages that the form makes."""
    return secrets.token_hex(8)


def send(
    receivable_ids: Sequence[int], key: str, actor: Actor | None, now: datetime
) -> tuple[int, bool]:
    """Queue one e-mail per client and address with the chosen titles, by the account chosen.

    Returns how many, and whether this call queued them: the same `key` again queues nothing.
    Raises InvalidValue naming what stands in the way, NotFound for an unknown title.
    """
    account_id = _locked_account()
    # With their clients, so that the parcels need no more reads.
    titles = by_ids(receivable_ids, slips=False)
    done = _of_key(key, {title.client_id for title in titles})
    if done:
        db.session.rollback()
        return done, False
    parcels = manual_parcels(receivable_ids)
    for parcel in parcels:
        parcel.scope = _scope(key, parcel.client_id)
    count = outbox.add_manual(
        parcels,
        account_id=account_id,
        requested_by_id=getattr(actor, "id", None),
        requested_by=str(getattr(actor, "name", "linha de comando")),
        now=now,
    )
    summary = f"{count} e-mails à mão com {len(receivable_ids)} boletos"
    audit.record(actor, "issuance.send", "email_message", None, now, summary=summary)
    db.session.commit()
    wake(DRAIN, account_id)
    return count, True


def _locked_account() -> int:
    """The account of Parâmetros financeiro.

    Its row stays locked until the commit: of two forms sent at once, one finds the other's work.
    """
    financial = db.session.get(FinancialSettings, 1, with_for_update=True, populate_existing=True)
    if financial is None or financial.smtp_account_id is None:
        raise InvalidValue(
            "smtp_account",
            "Escolha o Servidor de e-mail para vários boletos e faturas em Parâmetros financeiro.",
        )
    return financial.smtp_account_id


def _of_key(key: str, client_ids: set[int]) -> int:
    """How many messages this key has made for these clients."""
    found = db.session.scalars(
        select(EmailMessage.id).where(
            EmailMessage.client_id.in_(client_ids),
            EmailMessage.scope.in_([_scope(key, client_id) for client_id in client_ids]),
        )
    )
    return len(found.all())


def _scope(key: str, client_id: int) -> str:
    return f"manual:{key}:{client_id}"


def mark_printed(receivable_ids: Sequence[int], actor: Actor | None, now: datetime) -> int:
    """The boletos were printed; returns how many. Raises NotFound for an unknown title."""
    titles = by_ids(receivable_ids, slips=False)
    db.session.execute(
        update(Receivable)
        .where(Receivable.id.in_([title.id for title in titles]))
        .values(printed_at=now),
        execution_options={"synchronize_session": False},
    )
    summary = f"{len(titles)} boletos impressos"
    audit.record(actor, "issuance.print", "receivable", None, now, summary=summary)
    db.session.commit()
    return len(titles)
