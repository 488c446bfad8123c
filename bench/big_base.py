"""A base as large as years of use make it, filled by INSERT…SELECT: titles, e-mails, tries, links.

Ten monthly runs over `clients` contracts, one title and one e-mail each, so that the log has ten
rows a client. The states stand in the proportions of a real log; the bodies have a real size.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, String, case, cast, func, insert, literal, select, text
from sqlalchemy.orm import InstrumentedAttribute

from bench.support import NOW
from portal.clients.models import Client
from portal.contracts.models import Contract
from portal.core.db import db
from portal.deliveries.models import DeliveryAttempt, EmailMessage, MessageReceivable, QuotaUse
from portal.deliveries.states import Kind, State
from portal.generation.models import Generation, GenerationState
from portal.receivables.models import Receivable, ReceivableStatus
from portal.settings.models import DeliveryType
from portal.smtp.models import SmtpAccount
from portal.users.models import Role, User
from portal.wallets.models import Wallet

RUNS = 10
FIRST = ("Ana", "José", "Maria", "João", "Antônia", "Luís", "Márcia", "Paulo", "Zuleide", "Inês")
LAST = ("Silva", "Souza", "Gonçalves", "Araújo", "Conceição", "Brandão", "Assunção", "Pires", "Luz")
CITIES = ("Campinas", "São José", "Mococa", "Itu", "Ribeirão Preto")
# Of each thousand e-mails of a run: those below the number have the state; the rest were sent.
STATES = (
    (2, State.FAILED, "mailbox_not_found"),
    (6, State.FAILED, "mailbox_full"),
    (8, State.BOUNCED, "bounced"),
    (9, State.UNCERTAIN, "uncertain"),
    (12, State.EXPIRED, "expired"),
    (17, State.SKIPPED, "skipped"),
)
QUEUED = 20  # of each thousand, of the last run only
SLIP = {"texto": "x" * 700}  # about what a boleto keeps of payer, beneficiary and instructions
TEXT, HTML = "texto " * 60, "<p>texto</p>" * 80  # about what a message is, characters


def fill(clients: int) -> str:
    """`clients` clients with their contracts and RUNS times as many rows in the log.

    Returns the session id of an administrator who may see everything.
    """
    session_id = _people()
    _registers(clients)
    _runs(clients)
    connection = db.session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size = -400000")
    _titles(clients)
    _messages()
    _trail()
    db.session.commit()
    if db.engine.dialect.name == "postgresql":  # as its own housekeeping does in a while
        with db.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM ANALYZE"))
    return session_id


def _people() -> str:
    users = [
        User(
            email=f"{name.lower()}@example.com",
            name=name,
            role=Role.ADMIN,
            password_hash="!",
            created_at=NOW,
        )
        for name in ("Bench", "Ana", "Bruno")
    ]
    db.session.add_all(users)
    other = SmtpAccount(
        name="Antiga",
        host="127.0.0.1",
        port=2525,
        security="none",
        requires_auth=False,
        sender_address="antiga@example.com",
        created_at=NOW,
    )
    wallet = Wallet(
        name="Segunda",
        bank_code="341",
        agencia="1",
        conta="2",
        conta_dv="3",
        carteira="109",
        email_on_generation=True,
    )
    db.session.add_all((other, wallet))
    db.session.commit()
    return users[0].get_id()


def _registers(clients: int) -> None:
    numbers = range(1, clients + 1)
    db.session.execute(insert(Client), [_client(number) for number in numbers])
    db.session.execute(insert(Contract), [_contract(number) for number in numbers])


def _client(number: int) -> dict[str, object]:
    name = f"{FIRST[number % 10]} {LAST[number % 9]} {number:06}"
    status = "ok" if number % 40 else "missing"
    return {
        "id": number,
        "code": str(number),
        "name": name,
        "cpf_cnpj": f"{52998224725 + number}",
        "emails": f"c{number:06}@example.com" if status == "ok" else "",
        "email_status": status,
        "address": "Rua das Fibras Ópticas do Interior",
        "number": str(number),
        "district": "Jardim das Palmeiras",
        "city": CITIES[number % 5],
        "state": "SP",
        "postal_code": "13010000",
        "active": number % 20 > 0,
        "created_at": NOW,
    }


def _contract(number: int) -> dict[str, object]:
    return {
        "id": number,
        "code": str(number),
        "client_id": number,
        "plan": "FIBRA 300M",
        "amount": Decimal("119.90"),
        "due_day": number % 28 + 1,
        "wallet_id": 1 + number % 2,
        "delivery_type": (None, None, None, "printed", "email")[number % 5],
        "status": "active" if number % 12 else "cancelled",
        "activated_on": date(2025, 1, 1),
        "created_at": NOW,
    }


def _runs(clients: int) -> None:
    """The last run was made a moment ago, the others a month apart."""
    for back in range(RUNS - 1, -1, -1):
        made = NOW - timedelta(days=30 * back, minutes=10)
        run = Generation(
            request_key=f"bench-{back}",
            requested_by_id=2,
            requested_by="Ana",
            created_at=made,
            finished_at=made,
            competence=_month(back),
            today=made.date(),
            state=GenerationState.DONE,
            contracts=clients,
            receivables=clients,
            amount=Decimal("119.90") * clients,
            emails=clients,
            messages=clients,
        )
        db.session.add(run)
        db.session.flush()  # one by one: the numbers follow the months


def _month(back: int) -> date:
    month = 12 - back
    return date(2026, month, 1)


def _titles(clients: int) -> None:
    number = (Generation.id - 1) * clients + Contract.id
    is_open = case((Contract.id % 15 == 0, True), (Generation.id == RUNS, True), else_=False)
    values: dict[str, Any] = {
        "id": number,
        "contract_id": Contract.id,
        "client_id": Contract.client_id,
        "wallet_id": Contract.wallet_id,
        "generation_id": Generation.id,
        "competence": Generation.competence,
        "amount": Contract.amount,
        "due_date": _due_date(),
        "status": case((is_open, ReceivableStatus.OPEN.value), else_=ReceivableStatus.PAID.value),
        "delivery_type": literal(DeliveryType.EMAIL),
        "document_number": _digits(number),
        "sequence": number,
        "nosso_numero": literal("109/") + _digits(number) + literal("-5"),
        "codigo_barras": literal("3419") + _digits(number) + literal("0" * 29),
        "linha_digitavel": literal("34191.09008 ") + _digits(number) + literal(" 0000"),
        "printed": literal(SLIP, Receivable.printed.type),
        "created_at": Generation.created_at,
        "settled_at": case((is_open, None), else_=Generation.created_at),
    }
    _insert(Receivable, values, select(Generation).join(Contract, literal(True)))


def _due_date() -> ColumnElement[date]:
    """A day of the run's month, without date arithmetic: both databases take the text."""
    months = {run: _month(RUNS - run) for run in range(1, RUNS + 1)}
    whens = [
        ((Generation.id == run) & (Contract.due_day == day), month.replace(day=day))
        for run, month in months.items()
        for day in range(1, 29)
    ]
    return case(*whens)


def _messages() -> None:
    thousand = Receivable.id * 7919 % 1000  # spread over the clients
    last = Receivable.generation_id == RUNS
    waits = last & (thousand >= 1000 - QUEUED)
    gone = case(
        (waits, State.QUEUED.value),
        *((thousand < below, state.value) for below, state, _ in STATES),
        else_=State.SENT.value,
    )
    by_hand = Receivable.id % 50 == 7
    number = cast(Receivable.id, String)
    values: dict[str, Any] = {
        "id": Receivable.id,
        "kind": case((by_hand, Kind.MANUAL.value), else_=Kind.AUTOMATIC.value),
        "client_id": Receivable.client_id,
        "contract_id": Receivable.contract_id,
        "generation_id": case((by_hand, None), else_=Receivable.generation_id),
        "scope": case(
            (by_hand, literal("manual:0123456789abcdef:") + number),
            else_=literal("client:") + cast(Receivable.client_id, String),
        ),
        "smtp_account_id": case((Receivable.generation_id <= 2, 2), else_=1),
        "recipient": literal("c")
        + func.substr(cast(Receivable.client_id + 1_000_000, String), 2)
        + literal("@example.com"),
        "subject": literal("Seu boleto da Rede Exemplo vence em breve"),
        "state": gone,
        "cause": case(
            (waits, ""), *((thousand < below, cause) for below, _, cause in STATES), else_=""
        ),
        "attempts": case((waits, 0), else_=1),
        "next_attempt_at": case((waits, Receivable.created_at), else_=None),
        "message_id": literal("<") + number + literal("@bench.example>"),
        "requested_by_id": case((by_hand, 3), (Receivable.generation_id == 1, None), else_=2),
        "requested_by": case((by_hand, "Bruno"), else_="Ana"),
        "created_at": Receivable.created_at,
        "accepted_at": case((waits, None), else_=Receivable.created_at),
        "reply": case((waits, ""), else_="250 2.0.0 Ok: queued as 4F1A2B3C"),
        "text": case((waits, ""), else_=TEXT),
        "html": case((waits, ""), else_=HTML),
    }
    _insert(EmailMessage, values, select(Receivable))


def _trail() -> None:
    _insert(
        MessageReceivable,
        {
            "message_id": EmailMessage.id,
            "receivable_id": EmailMessage.id,
            "automatic_recipient": case(
                (EmailMessage.kind == Kind.AUTOMATIC, EmailMessage.recipient), else_=None
            ),
        },
        select(EmailMessage),
    )
    tried: dict[str, Any] = {
        "message_id": EmailMessage.id,
        "number": literal(1),
        "started_at": EmailMessage.created_at,
        "stage": literal("accepted"),
        "outcome": literal("accepted"),
        "code": literal(250),
        "reply": EmailMessage.reply,
        "milliseconds": literal(212),
    }
    _insert(DeliveryAttempt, tried, select(EmailMessage).where(EmailMessage.attempts > 0))
    used: dict[str, Any] = {
        "smtp_account_id": EmailMessage.smtp_account_id,
        "message_id": EmailMessage.id,
        "used_at": EmailMessage.created_at,
    }
    recent = select(EmailMessage).where(
        EmailMessage.generation_id == RUNS, EmailMessage.id % 9 == 0
    )
    _insert(QuotaUse, used, recent)


def _insert(table: Any, values: dict[str, Any], query: Any) -> None:
    columns: Sequence[InstrumentedAttribute[Any]] = [getattr(table, name) for name in values]
    db.session.execute(
        insert(table).from_select(columns, query.with_only_columns(*values.values()))
    )


def _digits(number: ColumnElement[int]) -> ColumnElement[str]:
    return cast(number + 10_000_000_000, String)
