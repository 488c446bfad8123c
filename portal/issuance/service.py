"""Sending by hand and marking as printed: each form does it once, however often it is sent."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import select, update

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import InvalidValue
from portal.core.queue import DRAIN, wake
from portal.deliveries import outbox
from portal.deliveries.models import EmailMessage
from portal.deliveries.outbox import Parcel
from portal.issuance.selection import Selection, Typed, sort_out
from portal.receivables.models import Receivable
from portal.receivables.queries import by_ids
from portal.receivables.service import Outcome
from portal.settings.models import FinancialSettings
from portal.web.formatters import many, number


def new_key() -> str:
    """A key for one confirmation form; it ends up in the messages that the form makes."""
    return secrets.token_hex(8)


def send(
    receivable_ids: Sequence[int],
    key: str,
    actor: Actor | None,
    now: datetime,
    *,
    typed: Typed | None = None,
    confirmed: int | None = None,
) -> tuple[int, bool]:
    """Queue the chosen titles by the account chosen: one e-mail per client (or contract, by the
    parameters) and address, which are the registered ones where `typed` names no others.

    Returns how many, and whether this call queued them: the same `key` again queues nothing.
    Raises InvalidValue naming what stands in the way, also when it would not be the number of
    e-mails that the person `confirmed`; NotFound for an unknown title.
    """
    account_id = _locked_account()
    chosen = sort_out(receivable_ids, typed)
    done = _of_key(key, {title.client_id for title in by_ids(receivable_ids, slips=False)})
    if done:
        db.session.rollback()
        return done, False
    _check(chosen, confirmed)
    count = outbox.add_manual(
        _parcels(chosen, key),
        account_id=account_id,
        requested_by_id=getattr(actor, "id", None),
        requested_by=str(getattr(actor, "name", "linha de comando")),
        now=now,
    )
    with_boletos = many(len(receivable_ids), "boleto", "boletos")
    summary = f"À mão: {many(count, 'e-mail', 'e-mails')} com {with_boletos}"
    audit.record(actor, "issuance.send", "email_message", None, now, summary=summary)
    db.session.commit()
    wake(DRAIN, account_id)
    return count, True


def _check(chosen: Selection, confirmed: int | None) -> None:
    for refused in chosen.refused:
        raise InvalidValue(
            "receivables",
            f"O título {refused.title.document_number} não pode mais ir: {refused.reason}."
            " Nada foi enviado: confira e confirme de novo.",
        )
    for recipient in chosen.wrong:
        raise InvalidValue(
            "recipients", f"{recipient.client.name}: {recipient.problem} Nada foi enviado."
        )
    if confirmed is not None and confirmed != chosen.emails:
        raise InvalidValue(
            "recipients",
            f"Agora são {number(chosen.emails)} e-mails, e não {number(confirmed)}."
            " Nada foi enviado: confira e confirme de novo.",
        )


def _parcels(chosen: Selection, key: str) -> list[Parcel]:
    return [
        Parcel(
            _scope(key, recipient.client.id),
            address,
            recipient.client.id,
            bundle.contract_id,
            [title.id for title in bundle.titles],
        )
        for recipient in chosen.recipients
        for bundle in recipient.bundles
        for address in recipient.addresses
    ]


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
    """How many messages this form made already."""
    found = db.session.scalars(
        select(EmailMessage.id).where(
            EmailMessage.client_id.in_(client_ids),
            EmailMessage.scope.in_([_scope(key, client_id) for client_id in client_ids]),
        )
    )
    return len(found.all())


def _scope(key: str, client_id: int) -> str:
    return f"manual:{key}:{client_id}"


def mark_printed(receivable_ids: Sequence[int], actor: Actor | None, now: datetime) -> Outcome:
    """The boletos were printed; those marked before keep their moment.

    Raises NotFound for an unknown title.
    """
    return _mark(receivable_ids, now, _why_not_printed, ("print", "boletos impressos"), actor, now)


def unmark_printed(receivable_ids: Sequence[int], actor: Actor | None, now: datetime) -> Outcome:
    """The boletos were not printed after all. Raises NotFound for an unknown title."""
    words = ("unprint", "boletos desmarcados como impressos")
    return _mark(receivable_ids, None, _why_not_unprinted, words, actor, now)


def _why_not_printed(title: Receivable) -> str:
    if not title.has_boleto:
        return "sem boleto"
    return "já marcado como impresso" if title.printed_at else ""


def _why_not_unprinted(title: Receivable) -> str:
    return "" if title.printed_at else "não estava marcado como impresso"


def _mark(
    receivable_ids: Sequence[int],
    moment: datetime | None,
    why_not: Callable[[Receivable], str],
    words: tuple[str, str],
    actor: Actor | None,
    now: datetime,
) -> Outcome:
    ids: list[int] = []
    skipped: dict[str, list[str]] = {}
    for title in by_ids(receivable_ids, slips=False, lock=True):
        reason = why_not(title)
        if reason:
            skipped.setdefault(reason, []).append(title.document_number)
        else:
            ids.append(title.id)
    if ids:
        db.session.execute(
            update(Receivable).where(Receivable.id.in_(ids)).values(printed_at=moment),
            execution_options={"synchronize_session": False},
        )
        verb, done = words
        summary = f"{len(ids)} {done}"
        audit.record(actor, f"issuance.{verb}", "receivable", None, now, summary=summary)
    db.session.commit()
    return Outcome(len(ids), skipped)
