"""Real clients for the preview of the message in aba Mensagem."""

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import defer, joinedload

from portal.clients.models import Client
from portal.contracts.models import Contract
from portal.core import clock
from portal.core.db import db
from portal.core.errors import NotFound
from portal.deliveries.content import company_facts, facts_for
from portal.deliveries.models import EmailMessage
from portal.receivables.models import Receivable, ReceivableStatus
from portal.smtp import preview
from portal.smtp.facts import ContractFacts, MessageFacts

MARGIN = timedelta(days=10)  # how far from the due date the invented day lies
MAX_TITLES = 10


def facts(client_id: int | None, overdue: bool) -> MessageFacts:
    """What the variables show for a client: their open titles, before or after the due date.

    Without a client, the one with the newest open title. Where there are no titles, invented
    ones; where theirs do not fit `overdue`, another day instead of today. Raises NotFound.
    """
    if client_id is None:
        client_id = _anyone()
        if client_id is None:
            return _with_company(preview.sample_facts(None, overdue))
    client = db.session.get(Client, client_id)
    if client is None:
        raise NotFound("Este cliente não existe mais. Escolha outro para a prévia.")
    now = clock.now()
    titles = _titles(client_id)
    real = facts_for(EmailMessage(client=client), titles, now)
    if titles:
        return _on_a_day(real, overdue)
    sample = preview.sample_facts(None, overdue)
    return MessageFacts(
        client=real.client,
        company=real.company,
        titles=sample.titles,
        today=real.today,
        hour=real.hour,
        contracts=_contracts(client_id) or sample.contracts,
    )


def _anyone() -> int | None:
    return db.session.scalar(
        select(Receivable.client_id)
        .where(Receivable.status == ReceivableStatus.OPEN)
        .order_by(Receivable.id.desc())
        .limit(1)
    )


def _titles(client_id: int) -> list[Receivable]:
    return list(
        db.session.scalars(
            select(Receivable)
            .where(Receivable.client_id == client_id, Receivable.status == ReceivableStatus.OPEN)
            .options(
                joinedload(Receivable.contract),
                defer(Receivable.printed),
                defer(Receivable.reasons),
            )
            .order_by(Receivable.due_date, Receivable.id)
            .limit(MAX_TITLES)
        )
    )


def _on_a_day(real: MessageFacts, overdue: bool) -> MessageFacts:
    """The same titles; only those on the wanted side of today, or else another day."""
    today = real.today
    fitting = tuple(title for title in real.titles if (title.due_date < today) == overdue)
    titles = fitting or real.titles
    return MessageFacts(
        client=real.client,
        company=real.company,
        titles=titles,
        today=today if fitting else _other_day(real, overdue),
        hour=real.hour,
        contracts=real.contracts,
    )


def _other_day(real: MessageFacts, overdue: bool) -> date:
    days = [title.due_date for title in real.titles]
    return max(days) + MARGIN if overdue else min(days) - MARGIN


def _contracts(client_id: int) -> tuple[ContractFacts, ...]:
    rows = db.session.execute(
        select(Contract.code, Contract.plan)
        .where(Contract.client_id == client_id)
        .order_by(Contract.id)
        .limit(MAX_TITLES)
    )
    return tuple(ContractFacts(code, plan) for code, plan in rows)


def _with_company(sample: MessageFacts) -> MessageFacts:
    """Invented client and titles, but the company's own name where it has one."""
    company = company_facts()
    return MessageFacts(
        client=sample.client,
        company=company if company.name else sample.company,
        titles=sample.titles,
        today=sample.today,
        hour=sample.hour,
        contracts=sample.contracts,
    )
