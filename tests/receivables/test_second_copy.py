"""Segunda via: the e-mail of an overdue title tells what it costs today; the barcode does not."""

import email
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update

from portal.core import clock
from portal.core.db import db
from portal.deliveries import sender
from portal.deliveries.states import Kind
from portal.receivables import second_copy
from portal.receivables.models import Receivable, ReceivableStatus
from portal.settings.models import Holiday
from tests.factories import (
    TODAY,
    create_account,
    create_contract,
    create_message,
    create_receivable,
    create_settings,
)
from tests.receivables.making import create_boleto
from tests.support.smtp_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("session")


def test_the_e_mail_tells_the_updated_amount_and_the_boleto_keeps_its_own():
    today = clock.local_date(clock.now(), "America/Sao_Paulo")
    due = today - timedelta(days=20)
    due -= timedelta(days=max(0, due.weekday() - 4))  # not on a weekend
    with ScriptedServer() as server:
        account = create_account(
            port=server.port, body="Hoje #boleto_valor_atualizado#, antes #boleto_valor#."
        )
        create_settings(account)
        title = create_boleto(due_date=due, amount=Decimal("1000.00"))
        late = second_copy.overdue([title], today)[title.id]
        printed = (title.amount, title.codigo_barras, title.printed["valor"])
        create_message(
            receivable=title,
            smtp_account=account,
            kind=Kind.MANUAL,
            next_attempt_at=clock.now(),
            created_at=clock.now(),
        )
        assert sender.drain(account.id) == 1
        (accepted,) = server.accepted
    message = email.message_from_bytes(accepted.data)
    (text,) = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    words = text.get_payload(decode=True).decode()
    assert late.fine == Decimal("20.00")
    assert f"Hoje R$ {late.total:,.2f}".translate(str.maketrans(",.", ".,")) in words
    assert "antes R$ 1.000,00" in words
    db.session.expire_all()
    kept = db.session.get_one(Receivable, title.id)
    assert (kept.amount, kept.codigo_barras, kept.printed["valor"]) == printed


def test_only_open_titles_past_due_cost_more():
    contract = create_contract()
    late = create_receivable(contract=contract, due_date=TODAY - timedelta(days=30))
    others = [
        create_receivable(due_date=TODAY),
        create_receivable(due_date=TODAY - timedelta(days=30), status=ReceivableStatus.PAID),
    ]
    assert set(second_copy.overdue([late, *others], TODAY)) == {late.id}


def test_a_municipal_holiday_prolongs_the_due_date():
    yesterday = TODAY - timedelta(days=1)
    title = create_receivable(due_date=yesterday)
    assert second_copy.overdue([title], TODAY)[title.id].days == 1
    db.session.add(Holiday(day=yesterday, name="Padroeira"))
    db.session.commit()
    assert second_copy.overdue([title], TODAY) == {}


def test_a_wallet_changed_later_changes_nothing():
    title = create_receivable(due_date=TODAY - timedelta(days=30), amount=Decimal("100.00"))
    before = second_copy.overdue([title], TODAY)[title.id]
    title.wallet.fine_percent, title.wallet.interest_percent_month = Decimal(0), Decimal(9)
    db.session.commit()
    assert second_copy.overdue([title], TODAY)[title.id] == before
    assert before.fine == Decimal("2.00")


def test_rates_of_zero_charge_nothing():
    title = create_receivable(
        due_date=TODAY - timedelta(days=30), fine_percent=0, interest_percent_month=0
    )
    db.session.execute(update(Receivable).values(amount=Decimal("119.90")))
    assert second_copy.overdue([title], TODAY)[title.id].total == Decimal("119.90")
