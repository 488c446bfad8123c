"""Bases of any size, made fast, and what must be true of a run."""

from collections import Counter
from datetime import date
from decimal import Decimal

from sqlalchemy import func, insert, select

from portal.clients.models import Client
from portal.contracts.models import Contract
from portal.core.db import db
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.generation.models import Generation
from portal.receivables.models import Receivable
from portal.wallets.models import Wallet
from tests.factories import NOON, create_settings, create_wallet


def add_base(contracts: int, *, per_client: int = 3) -> None:
    """Clients with `per_client` contracts each, of every kind: e-mailed, printed, not sent,
    suspended; two wallets."""
    create_settings()
    wallets = [create_wallet(name="A").id, create_wallet(name="B", email_on_generation=False).id]
    clients = range(1, contracts // per_client + 2)
    db.session.execute(insert(Client), [_client(number) for number in clients])
    ids = list(db.session.scalars(select(Client.id).order_by(Client.id)))
    db.session.execute(
        insert(Contract),
        [
            _contract(number, ids[number // per_client], wallets[number % 7 == 0])
            for number in range(contracts)
        ],
    )
    db.session.commit()


def _client(number: int) -> dict[str, object]:
    return {
        "code": f"c{number}",
        "name": f"Cliente {number}",
        "cpf_cnpj": "52998224725",
        "emails": "" if number % 11 == 0 else f"c{number}@example.com",
        "email_status": "missing" if number % 11 == 0 else "ok",
        "city": "Campinas",
        "state": "SP",
        "postal_code": f"{13000000 + number * 7919 % 9999:08d}",
        "active": True,
        "created_at": NOON,
    }


def _contract(number: int, client_id: int, wallet_id: int) -> dict[str, object]:
    return {
        "code": f"k{number}",
        "client_id": client_id,
        "plan": "FIBRA 300M",
        "amount": Decimal("119.90"),
        "due_day": number % 31 + 1,
        "wallet_id": wallet_id,
        "delivery_type": "printed" if number % 5 == 0 else None,
        "status": "suspended" if number % 13 == 0 else "active",
        "activated_on": date(2025, 1, 1),
        "created_at": NOON,
    }


def assert_whole(generation: Generation) -> None:
    """Complete, exact, nothing twice, no number used twice: the run against its rows."""
    generation_id = generation.id
    titles = db.session.execute(
        select(
            Receivable.contract_id,
            Receivable.competence,
            Receivable.wallet_id,
            Receivable.sequence,
            Receivable.nosso_numero,
            Receivable.delivery_type,
            Receivable.not_sent_code,
            Receivable.amount,
        ).where(Receivable.generation_id == generation_id)
    ).all()
    assert generation.contracts == db.session.scalar(select(func.count()).select_from(Contract))
    billed = {title.contract_id for title in titles}
    assert generation.contracts == len(billed) + sum(generation.not_generated.values())
    assert generation.receivables == len(titles)
    assert len({(title.contract_id, title.competence) for title in titles}) == len(titles)
    assert len({(title.wallet_id, title.sequence) for title in titles}) == len(titles)
    assert len({(title.wallet_id, title.nosso_numero) for title in titles}) == len(titles)
    assert generation.amount == sum(title.amount for title in titles)
    codes = Counter(title.not_sent_code for title in titles if title.not_sent_code)
    assert generation.not_sent == dict(codes)
    printed = sum(title.delivery_type == "printed" for title in titles)
    assert generation.printed == printed
    assert generation.emails == len(titles) - printed - codes.total()
    for wallet_id, following in db.session.execute(select(Wallet.id, Wallet.next_nosso_numero)):
        used = [title.sequence for title in titles if title.wallet_id == wallet_id]
        assert following > max(used, default=0)
    messages = db.session.scalar(
        select(func.count()).where(EmailMessage.generation_id == generation_id)
    )
    assert generation.messages == messages
    carried = db.session.execute(
        select(MessageReceivable.receivable_id)
        .join(EmailMessage, EmailMessage.id == MessageReceivable.message_id)
        .where(EmailMessage.generation_id == generation_id)
    ).all()
    assert len(carried) == len(set(carried)) == generation.emails  # one address a client
