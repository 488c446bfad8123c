"""A small company at work: rows of every table that pages show."""

from datetime import date

from portal.core.db import db
from portal.generation.models import Generation
from portal.smtp.models import SmtpTest, SmtpTestState
from portal.webhooks.models import Webhook
from tests import factories


def fill(rows: int) -> None:
    """`rows` clients, each with a contract, a title and a message, and one of everything else."""
    account = factories.create_account()
    factories.create_settings(account)
    wallet = factories.create_wallet()
    for _ in range(rows):
        contract = factories.create_contract(wallet=wallet)
        receivable = factories.create_receivable(contract=contract)
        factories.create_message(receivable=receivable, smtp_account=account)
    run = {"request_key": "k", "requested_by": "Ana", "competence": date(2026, 12, 1)}
    db.session.add(Generation(**run, created_at=factories.NOON, today=factories.TODAY))
    test = {"recipient": "a@example.com", "requested_by": "Ana", "state": SmtpTestState.ACCEPTED}
    db.session.add(SmtpTest(**test, smtp_account_id=account.id, created_at=factories.NOON))
    hook = {"url": "https://sistema.example.com/avisos", "events": ["message.sent"]}
    db.session.add(Webhook(**hook, created_at=factories.NOON))
    db.session.commit()
