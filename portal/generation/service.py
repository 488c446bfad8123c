"""Generating financials: one run is one transaction, titles and outbox rows together."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from portal.boletos import Slip
from portal.core import audit
from portal.core.db import db
from portal.core.errors import Conflict, NotFound, PortalError
from portal.core.queue import wake
from portal.deliveries import outbox
from portal.deliveries.facts import load_context
from portal.deliveries.models import EmailMessage
from portal.generation.models import Generation, GenerationState
from portal.generation.orders import Order, PlannedTitle, check_order
from portal.generation.planning import Plan, make_plan, recipients
from portal.generation.slip_maker import SlipMaker
from portal.receivables.models import Receivable
from portal.users.models import User
from portal.wallets.models import Wallet

COMMAND_LINE = "linha de comando"


def request(
    order: Order, *, today: date, actor: User | None, now: datetime, key: str = ""
) -> Generation:
    """Write down that `order` shall run; the same `key` twice gives the same run.

    A worker picks it up (or the reconciler, when Redis is away). Raises InvalidValue.
    """
    check_order(order)
    key = key or uuid.uuid4().hex
    generation = Generation(
        request_key=key,
        requested_by_id=actor.id if actor else None,
        requested_by=actor.name if actor else COMMAND_LINE,
        created_at=now,
        competence=order.competence,
        installments=order.installments,
        today=today,
        parameters=order.to_dict(),
        state=GenerationState.QUEUED,
    )
    existing = db.session.scalar(select(Generation).where(Generation.request_key == key))
    if existing is not None:
        return existing
    db.session.add(generation)
    try:
        db.session.commit()
    except IntegrityError:  # the twin of a double click was faster
        db.session.rollback()
        return db.session.scalars(select(Generation).where(Generation.request_key == key)).one()
    return generation


def start(generation_id: int) -> bool:
    """Wake a worker for the run; False when the queue is away (the reconciler will find it)."""
    return wake("jobs.generation.run", generation_id)


def run(generation_id: int, now: datetime) -> Generation:
    """Carry out a run that waits: all of it, or none. A run that ended is left as it is.

    Raises PortalError when the order cannot be carried out; the run then says why.
    """
    try:
        generation = _run(generation_id, now)
    except PortalError as error:
        db.session.rollback()
        _fail(generation_id, str(error), now)
        raise
    except OperationalError:
        raise  # the database was away or busy: the run stays queued, and is tried again
    except IntegrityError:
        # Another run wrote one of these titles between our look and our write (PostgreSQL):
        # nothing of ours was kept; seen again, those titles exist and are left out.
        db.session.rollback()
        generation = _run(generation_id, now)
    except Exception as error:
        db.session.rollback()
        _fail(generation_id, f"Erro interno ({type(error).__name__}); nada foi gerado.", now)
        raise
    if generation.messages:
        outbox.wake_accounts()
    return generation


def _run(generation_id: int, now: datetime) -> Generation:
    generation = db.session.get(Generation, generation_id, with_for_update=True)
    if generation is None:
        raise NotFound(f"Geração {generation_id} não existe.")
    if generation.state != GenerationState.QUEUED:
        db.session.rollback()
        return generation
    # Locking every wallet in one order lets only one run at a time take numbers (PostgreSQL).
    db.session.execute(select(Wallet.id).order_by(Wallet.id).with_for_update())
    context = load_context(now)
    plan = make_plan(order_of(generation), generation.today, now, context)
    _write(plan, SlipMaker(plan.order, plan.today, context), generation, now)
    db.session.commit()
    return generation


def order_of(generation: Generation) -> Order:
    """The order that a run keeps."""
    return Order(
        competence=generation.competence,
        installments=generation.installments,
        contract_codes=tuple(generation.parameters.get("contract_codes", ())),
        wallet_name=generation.parameters.get("wallet_name", ""),
        limit=generation.parameters.get("limit"),
    )


def _write(plan: Plan, maker: SlipMaker, generation: Generation, now: datetime) -> None:
    if plan.titles:
        values = [
            _columns(title, maker.slip(title), plan, generation.id, now) for title in plan.titles
        ]
        db.session.execute(insert(Receivable), values)
        _reserve_numbers(plan)
    parcels = list(_parcels(plan, generation.id))
    messages = outbox.add_automatic(
        parcels,
        generation_id=generation.id,
        account_id=plan.account_id,
        requested_by_id=generation.requested_by_id,
        requested_by=generation.requested_by,
        now=now,
    )
    generation.state = GenerationState.DONE
    generation.finished_at = now
    generation.contracts = plan.contracts
    generation.receivables = len(plan.titles)
    generation.amount = plan.amount
    generation.emails = len(plan.e_mailed)
    generation.messages = messages
    generation.printed = plan.printed
    generation.not_sent = dict(plan.not_sent)
    generation.not_generated = dict(plan.not_generated)
    audit.record(
        db.session.get(User, generation.requested_by_id) if generation.requested_by_id else None,
        "generation.run",
        "generation",
        generation.id,
        now,
        summary=f"{len(plan.titles)} títulos de {plan.order.competence:%m/%Y}, {messages} e-mails",
    )


def _columns(
    title: PlannedTitle, slip: Slip | None, plan: Plan, generation_id: int, now: datetime
) -> dict[str, Any]:
    row = title.row
    return {
        "contract_id": row.contract_id,
        "client_id": row.client_id,
        "wallet_id": row.wallet_id,
        "generation_id": generation_id,
        "competence": title.competence,
        "installment": title.installment,
        "installments": plan.order.installments,
        "amount": row.amount,
        "due_date": title.due_date,
        "delivery_type": title.delivery_type,
        "document_number": title.document_number,
        "sequence": title.sequence,
        "nosso_numero": slip.numbers.nosso_numero if slip else None,
        "campo_livre": slip.numbers.campo_livre if slip else "",
        "codigo_barras": slip.numbers.codigo_barras if slip else "",
        "linha_digitavel": slip.numbers.linha_digitavel if slip else "",
        "printed": slip.to_dict() if slip else {},
        "reasons": [item.to_dict() for item in title.verdict.requirements],
        "not_sent_code": title.verdict.not_sent_code,
        "created_at": now,
    }


def _reserve_numbers(plan: Plan) -> None:
    for wallet_id, following in plan.next_numbers.items():
        db.session.execute(
            update(Wallet)
            .where(Wallet.id == wallet_id, Wallet.next_nosso_numero < following)
            .values(next_nosso_numero=following)
        )


def _parcels(plan: Plan, generation_id: int) -> Iterable[outbox.Parcel]:
    """What goes to whom: one parcel per scope and recipient, with its titles."""
    written = db.session.execute(
        select(Receivable.contract_id, Receivable.competence, Receivable.id).where(
            Receivable.generation_id == generation_id
        )
    )
    ids = {(contract_id, competence): key for contract_id, competence, key in written}
    parcels: dict[tuple[str, str], outbox.Parcel] = {}
    for title in plan.e_mailed:
        scope = plan.scope(title)
        for address in recipients(title):
            parcel = parcels.get((scope, address))
            if parcel is None:
                contract_id = None if plan.group_by_client else title.row.contract_id
                parcel = outbox.Parcel(scope, address, title.row.client_id, contract_id, [])
                parcels[scope, address] = parcel
            parcel.receivable_ids.append(ids[title.row.contract_id, title.competence])
    return parcels.values()


def _fail(generation_id: int, reason: str, now: datetime) -> None:
    generation = db.session.get(Generation, generation_id)
    if generation is not None and generation.state == GenerationState.QUEUED:
        generation.state = GenerationState.FAILED
        generation.error = reason
        generation.finished_at = now
        db.session.commit()


def run_now(order: Order, *, today: date, actor: User | None, now: datetime) -> Generation:
    """Request and carry out at once, in this process; for the command line."""
    generation = run(request(order, today=today, actor=actor, now=now).id, now)
    if generation.state == GenerationState.FAILED:
        raise Conflict(generation.error)
    return generation


def wake_waiting(now: datetime) -> int:
    """Enqueue runs that no worker took within half a minute; returns how many."""
    waiting = db.session.scalars(
        select(Generation.id).where(
            Generation.state == GenerationState.QUEUED,
            Generation.created_at < now - timedelta(seconds=30),
        )
    ).all()
    db.session.rollback()
    for generation_id in waiting:
        start(generation_id)
    return len(waiting)


def account_of(generation_id: int) -> int | None:
    """The account that sends the run's messages; None when it has none."""
    return db.session.scalar(
        select(EmailMessage.smtp_account_id)
        .where(EmailMessage.generation_id == generation_id)
        .limit(1)
    )
