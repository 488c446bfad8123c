"""The demo company: an empty base becomes one that is ready to generate. Every name is invented."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select

from portal.cli.demo_people import Person, people
from portal.clients.contact import email_columns
from portal.clients.models import Client
from portal.contracts.models import Contract, ContractStatus
from portal.core import audit
from portal.core.config import Settings
from portal.core.db import db
from portal.settings import service as parameters
from portal.settings.models import DeliveryType
from portal.smtp import accounts
from portal.smtp.message_rules import NEUTRAL_BODY, NEUTRAL_SUBJECT
from portal.smtp.models import Security, SmtpAccount
from portal.wallets.models import Wallet

COMPANY = {
    "company_name": "Rede Exemplo LTDA",
    "company_cpf_cnpj": "11222333000181",
    "company_email": "financeiro@example.com",
    "company_phone": "(11) 4000-0000",
    "company_address": "Rua das Fibras, 100",
    "company_district": "Centro",
    "company_city": "Campinas",
    "company_state": "SP",
    "company_postal_code": "13010000",
    "default_delivery_type": DeliveryType.EMAIL,
}
ACCOUNT = "Caixa local"
# The last one does not send on generation: the checklist has something to point at.
WALLETS = (
    {
        "name": "Itaú 109",
        "bank_code": "341",
        "agencia": "1234",
        "conta": "12345",
        "carteira": "109",
        "email_on_generation": True,
    },
    {
        "name": "Banco do Brasil 17",
        "bank_code": "001",
        "agencia": "1234",
        "conta": "12345",
        "convenio": "1234567",
        "carteira": "17",
        "email_on_generation": True,
    },
    {
        "name": "Sicredi",
        "bank_code": "748",
        "agencia": "0434",
        "conta": "36699",
        "convenio": "36699",
        "posto": "08",
        "byte": "2",
        "carteira": "1",
        "email_on_generation": False,
    },
)
PLANS = (
    ("FIBRA 300M", Decimal("89.90")),
    ("FIBRA 500M", Decimal("119.90")),
    ("FIBRA 700M", Decimal("149.90")),
    ("FIBRA 1G", Decimal("199.90")),
)
SECOND_PLAN = ("TELEFONE FIXO", Decimal("39.90"))
DUE_DAYS = (5, 10, 15, 20, 31)
SMALL_WALLET_EVERY = 12  # one contract in so many is of the wallet that does not send


def load_demo(settings: Settings, now: datetime) -> bool:
    """Load the demo company if the base is empty; returns whether it did. One transaction.

    Empty: no company, no account, no wallet, no client. Of two processes at once, the second one
    waits for the row of Parâmetros gerais, and then finds the base filled.
    """
    if not _is_empty():
        db.session.rollback()
        return False
    general = parameters.general_row()
    if not _is_empty():
        db.session.rollback()
        return False
    parameters.put_general(general, COMPANY, None, now)
    account = accounts.add(_account(settings), None, now, settings.keys)
    parameters.put_financial(parameters.financial_row(), {"smtp_account_id": account.id}, None, now)
    wallets = [_wallet(values) for values in WALLETS]
    db.session.add_all(wallets)
    for person in people():
        db.session.add_all(_contracts(person, wallets, now))
    audit.record(None, "demo.load", "general_settings", 1, now, summary="Empresa de demonstração")
    db.session.commit()
    return True


def _is_empty() -> bool:
    named = parameters.general().company_name
    counts = (
        db.session.scalar(select(func.count()).select_from(table))
        for table in (SmtpAccount, Wallet, Client)
    )
    return not named and not any(counts)


def _account(settings: Settings) -> dict[str, object]:
    return {
        "name": ACCOUNT,
        "host": "127.0.0.1",
        "port": settings.inbox_smtp_port,
        "security": Security.NONE,
        "requires_auth": False,
        "sender_address": "financeiro@example.com",
        "sender_name": "Rede Exemplo",
        "test_recipient": "teste@example.com",
        "subject": NEUTRAL_SUBJECT,
        "body": NEUTRAL_BODY,
    }


def _wallet(values: dict[str, object]) -> Wallet:
    return Wallet(
        fine_percent=Decimal("2.00"),
        interest_percent_month=Decimal("1.00"),
        instructions=["Não receber após 30 dias do vencimento"],
        **values,
    )


def _contracts(person: Person, wallets: list[Wallet], now: datetime) -> list[Contract]:
    """The client's one or two contracts, with the client."""
    number = person.number
    client = Client(
        code=str(1000 + number),
        name=person.name,
        cpf_cnpj=person.cpf_cnpj,
        phone=f"(19) 99000-{number:04}",
        address=person.street,
        number=str(10 + 7 * number),
        district="Centro",
        city=person.city,
        state="SP",
        postal_code=person.postal_code,
        created_at=now,
        **email_columns(person.emails),
    )
    plan, amount = PLANS[number % len(PLANS)]
    contracts = [_contract(person, client, wallets, now, plan, amount)]
    if number % 4 == 0:
        contracts.append(_contract(person, client, wallets, now, *SECOND_PLAN, second=True))
    return contracts


def _contract(
    person: Person,
    client: Client,
    wallets: list[Wallet],
    now: datetime,
    plan: str,
    amount: Decimal,
    *,
    second: bool = False,
) -> Contract:
    number = person.number
    small = number % SMALL_WALLET_EVERY == 0 and not second
    return Contract(
        code=str((6000 if second else 5000) + number),
        client=client,
        plan=plan,
        amount=amount,
        due_day=DUE_DAYS[number % len(DUE_DAYS)],
        wallet=wallets[2] if small else wallets[number % 2],
        delivery_type=DeliveryType.PRINTED if person.wants_paper else None,
        status=ContractStatus(person.contract_status),
        activated_on=date(2025, 1 + number % 12, 1 + number % 28),
        created_at=now,
    )
