"""Reads of the runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from portal.clients.models import Client
from portal.contracts.models import Contract, ContractStatus
from portal.core.db import UtcDateTime, db
from portal.core.errors import NotFound
from portal.core.text import one_line
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import WAITING, State
from portal.generation.models import Generation, GenerationState
from portal.receivables.models import Receivable, ReceivableStatus
from portal.settings.models import DeliveryType, FinancialSettings
from portal.wallets.models import Wallet
from portal.web.search import contains

MATCHES = 20
PART = 500  # boletos in one PDF


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
    """Runs of the month that are not done yet, oldest first."""
    return list(
        db.session.scalars(
            select(Generation)
            .where(
                Generation.state.in_((GenerationState.QUEUED, GenerationState.RUNNING)),
                Generation.competence == competence,
            )
            .order_by(Generation.id)
        )
    )


def earlier(generation: Generation) -> Generation | None:
    """The newest run before this one whose titles of the same month stand."""
    return db.session.scalar(
        select(Generation)
        .where(
            Generation.id < generation.id,
            Generation.competence == generation.competence,
            Generation.receivables > 0,
            Generation.state != GenerationState.UNDONE,
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
    """The account that sends the run's e-mails, as a queue that moved those that still wait; None
    when it has none."""
    of_run = select(EmailMessage.smtp_account_id).where(EmailMessage.generation_id == generation_id)
    waiting = db.session.scalar(of_run.where(EmailMessage.state.in_(WAITING)).limit(1))
    return waiting or db.session.scalar(of_run.limit(1))


@dataclass(frozen=True, slots=True)
class Paper:
    """The open titles of a run that go by paper."""

    boletos: int
    marked: int  # of these, how many are marked as printed
    last_marked: datetime | None
    without: int  # titles without boleto: their wallet has no bank data

    @property
    def parts(self) -> int:
        """How many PDFs that makes."""
        return -(-self.boletos // PART)


def paper(generation_id: int) -> Paper:
    """What a run has for the printer."""
    has_boleto = Receivable.codigo_barras != ""
    rows = db.session.execute(
        select(has_boleto, func.count(), func.count(Receivable.printed_at), _LAST_PRINTED)
        .where(*_on_paper(generation_id))
        .group_by(has_boleto)
    ).all()
    boletos, marked, last = next(((n, m, last) for has, n, m, last in rows if has), (0, 0, None))
    return Paper(boletos, marked, last, sum(n for has, n, _, _ in rows if not has))


def paper_ids(generation_id: int, part: int) -> list[int]:
    """The titles of one part (from 1) in the order of the CEP that is printed on them; a client's
    stay together.

    Raises NotFound for a part without titles.
    """
    query = (
        select(Receivable.id)
        .where(*_on_paper(generation_id), Receivable.codigo_barras != "")
        .order_by(_PRINTED_CEP, Receivable.client_id, Receivable.due_date, Receivable.id)
    )
    found = list(db.session.scalars(query.offset(PART * (max(part, 1) - 1)).limit(PART)))
    if not found:
        raise NotFound("Esta geração não tem boletos para imprimir nesta parte.")
    return found


_PRINTED_CEP = Receivable.printed["pagador"]["postal_code"].as_string()
_LAST_PRINTED = func.max(Receivable.printed_at, type_=UtcDateTime())


def _on_paper(generation_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Receivable.generation_id == generation_id,
        Receivable.delivery_type == DeliveryType.PRINTED,
        Receivable.status == ReceivableStatus.OPEN,
    )


def wallet_names() -> list[str]:
    """Every wallet in use, by name."""
    query = select(Wallet.name).where(Wallet.active.is_(True)).order_by(Wallet.name)
    return list(db.session.scalars(query))


def plan_names() -> list[str]:
    """Every plan that a contract has, by name."""
    query = select(Contract.plan).where(Contract.plan != "").distinct().order_by(Contract.plan)
    return list(db.session.scalars(query))


def city_names() -> list[str]:
    """Every city where a client is, by name."""
    query = select(Client.city).where(Client.city != "").distinct().order_by(Client.city)
    return list(db.session.scalars(query))


def pilot_size() -> int:
    """How many clients the remembered pilot group has; 0: there is none yet."""
    financial = db.session.get(FinancialSettings, 1)
    return len(financial.pilot_client_ids or ()) if financial else 0


def unknown_clients(codes: Sequence[str]) -> list[str]:
    """The codes that no client has, in order."""
    known = set(db.session.scalars(select(Client.code).where(Client.code.in_(codes))))
    return [code for code in codes if code not in known]


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
