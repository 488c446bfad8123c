"""Rows for tests: every default is valid, every keyword overrides one column."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any, TypeVar

from portal.clients.models import Client, EmailStatus
from portal.contracts.models import Contract
from portal.core.db import db
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.states import Kind
from portal.generation.models import Generation, GenerationState
from portal.receivables.models import Receivable
from portal.settings.models import DeliveryType, FinancialSettings, GeneralSettings
from portal.smtp.models import Security, SmtpAccount
from portal.users.models import Role, User
from portal.wallets.models import Wallet

NOON = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # 12:00 in São Paulo
TODAY = date(2026, 11, 24)
_numbers = count(20_001)  # far from the numbers that tests name themselves
T = TypeVar("T")


def _save(row: T) -> T:
    db.session.add(row)
    db.session.commit()
    return row


def create_user(**changes: Any) -> User:
    """An administrator who cannot sign in by password (set `password_hash` for that)."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "email": f"pessoa{number}@example.com",
        "name": f"Pessoa {number}",
        "role": "admin",
        "password_hash": "!",
        "created_at": NOON,
    } | changes
    values["role"] = Role(values["role"])
    return _save(User(**values))


def create_account(**changes: Any) -> SmtpAccount:
    """An active account, tested, on a loopback port where nothing listens."""
    values: dict[str, Any] = {
        "name": f"Conta {next(_numbers)}",
        "host": "127.0.0.1",
        "port": 2525,
        "security": Security.NONE,
        "requires_auth": False,
        "sender_address": "financeiro@example.com",
        "sender_name": "Rede Exemplo",
        "subject": "Seu boleto vence em #boleto_vencimento#",
        "body": "#saudacao#, #cliente_primeiro_nome#.\n\n#boletos_tabela#\n\n#empresa_nome#",
        "tested_at": NOON,
        "test_accepted": True,
        "tested_by": "Ana Souza",
        "created_at": NOON,
    } | changes
    return _save(SmtpAccount(**values))


def create_wallet(**changes: Any) -> Wallet:
    """A bank wallet of Itaú, carteira 109, that e-mails on generation."""
    values: dict[str, Any] = {
        "name": f"Itaú {next(_numbers)}",
        "bank_code": "341",
        "agencia": "1234",
        "conta": "12345",
        "conta_dv": "6",
        "carteira": "109",
        "fine_percent": Decimal("2.00"),
        "interest_percent_month": Decimal("1.00"),
        "instructions": ["Não receber após 30 dias do vencimento"],
        "email_on_generation": True,
    } | changes
    return _save(Wallet(**values))


def create_client(**changes: Any) -> Client:
    """An active client with one valid e-mail."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "code": str(number),
        "name": f"Maria da Conceição {number}",
        "cpf_cnpj": "52998224725",
        "emails": f"maria{number}@example.com",
        "address": "Rua das Fibras",
        "number": "100",
        "district": "Centro",
        "city": "Campinas",
        "state": "SP",
        "postal_code": "13010000",
        "created_at": NOON,
    } | changes
    if "email_status" not in changes:
        values["email_status"] = EmailStatus.OK if values["emails"] else EmailStatus.MISSING
    return _save(Client(**values))


def create_contract(**changes: Any) -> Contract:
    """An active contract of R$ 119,90, due on the 10th, that inherits the delivery type."""
    values: dict[str, Any] = {
        "code": str(next(_numbers)),
        "plan": "FIBRA 300M",
        "amount": Decimal("119.90"),
        "due_day": 10,
        "activated_on": date(2025, 1, 15),
        "created_at": NOON,
    } | changes
    if "client" not in values and "client_id" not in values:
        values["client"] = create_client()
    if "wallet" not in values and "wallet_id" not in values:
        values["wallet"] = create_wallet()
    return _save(Contract(**values))


def create_receivable(**changes: Any) -> Receivable:
    """An open title of December 2026 without boleto numbers (generation makes those)."""
    values: dict[str, Any] = {
        "competence": date(2026, 12, 1),
        "amount": Decimal("119.90"),
        "due_date": date(2026, 12, 10),
        "delivery_type": DeliveryType.EMAIL,
        "created_at": NOON,
    } | changes
    contract = values.pop("contract", None) or create_contract()
    values = {
        "contract": contract,
        "client": contract.client,
        "wallet": contract.wallet,
        "document_number": f"{contract.code}-202612",
        "fine_percent": contract.wallet.fine_percent,
        "interest_percent_month": contract.wallet.interest_percent_month,
    } | values
    return _save(Receivable(**values))


def create_message(**changes: Any) -> EmailMessage:
    """A queued automatic message that carries one title."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "kind": Kind.AUTOMATIC,
        "recipient": f"maria{number}@example.com",
        "message_id": f"<{number}@tests.example.com>",
        "requested_by": "Ana Souza",
        "created_at": NOON,
        "next_attempt_at": NOON,
    } | changes
    receivable = values.pop("receivable", None) or create_receivable()
    if "smtp_account" not in values and "smtp_account_id" not in values:
        values["smtp_account"] = create_account()
    values.setdefault("client", receivable.client)
    message = EmailMessage(**values)
    automatic = message.recipient if values["kind"] == Kind.AUTOMATIC else None
    message.links.append(MessageReceivable(receivable=receivable, automatic_recipient=automatic))
    return _save(message)


def create_generation(**changes: Any) -> Generation:
    """A finished run for December."""
    values: dict[str, Any] = {
        "request_key": f"key-{next(_numbers)}",
        "requested_by": "Ana Souza",
        "created_at": NOON,
        "competence": date(2026, 12, 1),
        "today": TODAY,
        "state": GenerationState.DONE,
    } | changes
    return _save(Generation(**values))


def create_settings(account: SmtpAccount | None = None, **changes: Any) -> None:
    """Both parameter rows: e-mail by default, `account` (default: a new one) sends."""
    general = {
        "company_name": "Rede Exemplo LTDA",
        "company_cpf_cnpj": "11222333000181",
        "company_email": "financeiro@example.com",
        "company_phone": "(11) 4000-0000",
        "company_address": "Rua das Fibras, 100",
        "company_city": "Campinas",
        "company_state": "SP",
        "company_postal_code": "13010000",
        "default_delivery_type": DeliveryType.EMAIL,
    }
    financial: dict[str, Any] = {"smtp_account": account or create_account()}
    for name, value in changes.items():
        target = general if hasattr(GeneralSettings, name) else financial
        target[name] = value
    db.session.merge(GeneralSettings(id=1, **general))
    row = db.session.get(FinancialSettings, 1) or FinancialSettings(id=1)
    for name, value in financial.items():
        setattr(row, name, value)
    _save(row)
