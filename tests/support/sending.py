"""Messages that wait for a scripted server, and what became of them."""

from flask import current_app
from sqlalchemy import func, select, update

from portal.core import clock
from portal.core.db import db
from portal.deliveries.models import DeliveryAttempt, EmailMessage, QuotaUse
from portal.deliveries.states import State
from portal.generation import service as generation
from portal.generation.orders import Order
from portal.smtp.models import Security, SmtpAccount
from tests.factories import TODAY, create_account, create_client, create_contract, create_settings
from tests.support.smtp_server import ScriptedServer


def queue(server: ScriptedServer, count: int = 1, **account: object) -> SmtpAccount:
    """`count` generated titles whose messages wait for an account at `server`."""
    values = {"port": server.port, "security": Security.NONE, **account}
    password = str(values.pop("password", ""))
    row = create_account(**values)
    if password:
        set_password(row, password)
    create_settings(row)
    for number in range(count):
        create_contract(client=create_client(emails=f"c{number}@example.com"))
    now = clock.now()
    generation.run_now(Order(TODAY.replace(day=1)), today=TODAY, actor=None, now=now)
    return row


def messages() -> list[EmailMessage]:
    return list(db.session.scalars(select(EmailMessage).order_by(EmailMessage.id)))


def attempts() -> list[DeliveryAttempt]:
    return list(db.session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.id)))


def quota_used() -> int:
    return db.session.scalar(select(func.count()).select_from(QuotaUse)) or 0


def set_password(account: SmtpAccount, password: str) -> None:
    keys = current_app.config["SETTINGS"].keys
    account.password = keys.encrypt(password, bound_to=f"smtp_accounts.password:{account.id}")
    db.session.commit()


def due_again() -> None:
    """Let the waiting time pass, for messages and account."""
    db.session.execute(
        update(EmailMessage)
        .where(EmailMessage.state == State.QUEUED)
        .values(next_attempt_at=clock.now())
    )
    db.session.execute(update(SmtpAccount).values(hold_until=None))
    db.session.commit()
