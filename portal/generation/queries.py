"""Reads of the runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select

from portal.clients.models import Client
from portal.contracts.models import Contract, ContractStatus
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.text import one_line
from portal.deliveries.claims import uses_of_last_day
from portal.deliveries.limits import Limits, next_slot
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import State
from portal.generation.models import Generation, GenerationState
from portal.smtp.models import SmtpAccount
from portal.wallets.models import Wallet
from portal.web.search import contains

MATCHES = 20


@dataclass(frozen=True, slots=True)
class ContractHit:
    """A contract that a lookup offers."""

    code: str
    client: str
    plan: str
    status: ContractStatus


def get(generation_id: int) -> Generation:
    """The run; raises NotFound."""
    generation = db.session.get(Generation, generation_id)
    if generation is None:
        raise NotFound(f"Geração {generation_id} não existe.")
    return generation


def latest(limit: int = 10) -> list[Generation]:
    """The last runs, newest first."""
    return list(db.session.scalars(select(Generation).order_by(Generation.id.desc()).limit(limit)))


def waiting(competence: date) -> list[Generation]:
    """Runs of the month that nobody carried out yet, oldest first."""
    return list(
        db.session.scalars(
            select(Generation)
            .where(Generation.state == GenerationState.QUEUED, Generation.competence == competence)
            .order_by(Generation.id)
        )
    )


def earlier(generation: Generation) -> Generation | None:
    """The newest run before this one that made titles of the same month."""
    return db.session.scalar(
        select(Generation)
        .where(
            Generation.id < generation.id,
            Generation.competence == generation.competence,
            Generation.receivables > 0,
        )
        .order_by(Generation.id.desc())
        .limit(1)
    )


def messages_by_state(generation_id: int) -> dict[State, int]:
    """The run's e-mails by state; states without any are left out."""
    rows = db.session.execute(
        select(EmailMessage.state, func.count())
        .where(EmailMessage.generation_id == generation_id)
        .group_by(EmailMessage.state)
    )
    return dict(rows.all())


def first_due(generation_id: int) -> datetime | None:
    """When the next waiting e-mail of the run may be tried; None when none waits."""
    return db.session.scalar(
        select(func.min(EmailMessage.next_attempt_at)).where(
            EmailMessage.generation_id == generation_id, EmailMessage.state == State.QUEUED
        )
    )


def account_of(generation_id: int) -> int | None:
    """The account that sends the run's e-mails; None when it has none."""
    query = select(EmailMessage.smtp_account_id)
    return db.session.scalar(query.where(EmailMessage.generation_id == generation_id).limit(1))


def has_room(account: SmtpAccount, now: datetime) -> bool:
    """Whether the account's limits let one more e-mail leave now."""
    uses = uses_of_last_day(account.id, now)
    limits = Limits(account.hourly_limit, account.daily_limit)
    return next_slot(uses, limits, now) <= now


def wallet_names() -> list[str]:
    """Every wallet in use, by name."""
    query = select(Wallet.name).where(Wallet.active.is_(True)).order_by(Wallet.name)
    return list(db.session.scalars(query))


def find_contracts(text: str) -> Sequence[ContractHit]:
    """Contracts that a person may mean: the one of that code, else those of the client."""
    wanted = one_line(text)
    query = select(Contract.code, Client.name, Contract.plan, Contract.status).join(
        Client, Client.id == Contract.client_id
    )
    rows = db.session.execute(query.where(Contract.code == wanted)).all()
    if not rows and wanted:
        of_client = or_(contains(Client.name, wanted), Client.code == wanted)
        rows = db.session.execute(
            query.where(of_client).order_by(Client.name, Contract.id).limit(MATCHES)
        ).all()
    return [ContractHit(*row) for row in rows]


def to_dict(generation: Generation) -> dict[str, Any]:
    """The numbers of a run, as `portal generate --json` prints them."""
    return {
        "generation_id": generation.id,
        "contracts": generation.contracts,
        "receivables": generation.receivables,
        "amount": str(generation.amount),
        "emails": generation.emails,
        "printed": generation.printed,
        "not_sent": generation.not_sent,
        "not_generated": generation.not_generated,
        "messages": generation.messages,
    }
