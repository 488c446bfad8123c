"""Generating financials: what is written, once, and what a later change does not touch."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from portal.core.db import db
from portal.core.errors import InvalidValue, NotFound, PortalError
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.states import Kind, State
from portal.generation import service
from portal.generation.models import Generation, GenerationState
from portal.generation.orders import Order
from portal.generation.planning import make_plan
from portal.receivables.models import Receivable
from portal.settings.models import DeliveryType, FinancialSettings, GeneralSettings
from portal.wallets.models import Wallet, WalletKind
from tests.factories import (
    NOON,
    TODAY,
    create_client,
    create_contract,
    create_settings,
    create_wallet,
)

DECEMBER = Order(date(2026, 12, 1))


def generate(order: Order = DECEMBER) -> Generation:
    return service.run_now(order, today=TODAY, actor=None, now=NOON)


def titles() -> list[Receivable]:
    return list(db.session.scalars(select(Receivable).order_by(Receivable.id)))


def messages() -> list[EmailMessage]:
    return list(db.session.scalars(select(EmailMessage).order_by(EmailMessage.id)))


def test_a_contract_gets_its_title_with_a_boleto_and_its_message(session):
    create_settings()
    contract = create_contract(due_day=10, amount=Decimal("119.90"))
    generation = generate()
    (title,) = titles()
    assert (title.due_date, title.amount) == (date(2026, 12, 10), Decimal("119.90"))
    assert title.codigo_barras.startswith("341")
    assert title.printed["pagador"]["name"] == contract.client.name
    assert title.not_sent_code == ""
    (message,) = messages()
    assert (message.state, message.kind) == (State.QUEUED, Kind.AUTOMATIC)
    assert message.recipient == contract.client.emails
    assert [item.id for item in message.receivables] == [title.id]
    assert (generation.state, generation.emails) == (GenerationState.DONE, 1)


def test_the_same_month_twice_creates_nothing(session):
    create_settings()
    create_contract()
    generate()
    second = generate()
    assert second.receivables == 0
    assert second.not_generated == {"not_generated_yet": 1}
    assert (len(titles()), len(messages())) == (1, 1)


def test_a_contract_added_later_is_picked_up_alone(session):
    create_settings()
    create_contract()
    generate()
    late = create_contract()
    assert generate().receivables == 1
    assert titles()[-1].contract_id == late.id


def test_the_same_form_sent_twice_is_one_run(session):
    create_settings()
    create_contract()
    first = service.request(DECEMBER, today=TODAY, actor=None, now=NOON, key="form-1")
    second = service.request(DECEMBER, today=TODAY, actor=None, now=NOON, key="form-1")
    assert first.id == second.id
    service.run(first.id, NOON)
    service.run(first.id, NOON)
    assert len(titles()) == 1


def test_every_contract_and_every_title_is_accounted_for(session):
    create_settings(max_open_receivables=5)
    off = create_wallet(email_on_generation=False)
    create_contract()
    create_contract(delivery_type=DeliveryType.PRINTED)
    create_contract(wallet=off)
    create_contract(client=create_client(emails=""))
    create_contract(status="suspended")
    create_contract(client=create_client(active=False))
    generation = generate()
    assert generation.contracts == 6
    assert generation.receivables + sum(generation.not_generated.values()) == 6
    assert generation.not_generated == {"contract_active": 1, "client_active": 1}
    assert (generation.emails, generation.printed) == (1, 1)
    assert generation.not_sent == {"wallet_email_on_generation": 1, "client_email": 1}
    total = generation.emails + generation.printed + sum(generation.not_sent.values())
    assert total == generation.receivables == len(titles())


def test_printed_never_mails_and_the_wallet_switched_off_never_mails(session):
    create_settings()
    create_contract(delivery_type=DeliveryType.PRINTED)
    create_contract(wallet=create_wallet(email_on_generation=False))
    generate()
    assert len(titles()) == 2
    assert messages() == []


def test_changing_the_delivery_type_later_leaves_generated_titles_as_they_were(session):
    create_settings()
    contract = create_contract()
    generate()
    contract.delivery_type = DeliveryType.PRINTED
    session.execute(update(GeneralSettings).values(default_delivery_type=DeliveryType.PRINTED))
    session.commit()
    (title,) = titles()
    assert title.delivery_type == DeliveryType.EMAIL
    assert messages()[0].state == State.QUEUED
    generate(replace(DECEMBER, competence=date(2027, 1, 1)))
    assert titles()[-1].delivery_type == DeliveryType.PRINTED
    assert len(messages()) == 1


def test_payer_and_text_stay_as_generated_when_the_client_moves(session):
    create_settings()
    contract = create_contract(client=create_client(name="Maria Antiga", city="Campinas"))
    generate()
    contract.client.name, contract.client.city = "Maria Nova", "Santos"
    contract.wallet.instructions = ["outra"]
    contract.wallet.fine_percent = contract.wallet.interest_percent_month = Decimal(0)
    session.commit()
    (title,) = titles()
    assert (title.fine_percent, title.interest_percent_month) == (Decimal(2), Decimal(1))
    printed = title.printed
    assert (printed["pagador"]["name"], printed["pagador"]["city"]) == ("Maria Antiga", "Campinas")
    assert printed["instructions"][0] == "Não receber após 30 dias do vencimento"


def test_the_reasons_are_kept_as_they_were(session):
    create_settings()
    wallet = create_wallet(name="Itaú 109", email_on_generation=False)
    create_contract(wallet=wallet)
    generate()
    wallet.email_on_generation = True
    session.commit()
    reasons = {item["code"]: item for item in titles()[0].reasons}
    assert reasons["wallet_email_on_generation"]["status"] == "blocked"
    assert "Itaú 109" in reasons["wallet_email_on_generation"]["evidence"]


def test_grouped_by_client_one_message_carries_all_titles(session):
    create_settings(group_by_client=True)
    client = create_client(emails="a@example.com, b@example.com")
    create_contract(client=client)
    create_contract(client=client)
    generate()
    assert [item.recipient for item in messages()] == ["a@example.com", "b@example.com"]
    assert all(len(item.links) == 2 for item in messages())


def test_not_grouped_each_contract_has_its_message(session):
    create_settings(group_by_client=False)
    client = create_client()
    create_contract(client=client)
    create_contract(client=client)
    generate()
    assert [len(item.links) for item in messages()] == [1, 1]


def test_installments_make_one_title_a_month(session):
    create_settings()
    create_contract(due_day=31)
    generate(replace(DECEMBER, competence=date(2027, 1, 1), installments=3))
    dues = [item.due_date for item in titles()]
    assert dues == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)]
    assert [item.installment for item in titles()] == [1, 2, 3]
    assert len(messages()) == 1


def test_numbers_come_from_the_wallets_row_and_never_twice(session):
    create_settings()
    wallet = create_wallet(next_nosso_numero=500)
    create_contract(wallet=wallet)
    create_contract(wallet=wallet)
    generate()
    generate(replace(DECEMBER, competence=date(2027, 1, 1)))
    assert [item.sequence for item in titles()] == [500, 501, 502, 503]
    assert session.get(Wallet, wallet.id).next_nosso_numero == 504


def test_a_used_up_nosso_numero_is_a_clear_error_and_nothing_is_half_done(session):
    create_settings()
    wallet = create_wallet(name="Itaú cheia", next_nosso_numero=99_999_999)
    create_contract(wallet=wallet)
    create_contract(wallet=wallet)
    with pytest.raises(PortalError, match="Itaú cheia"):
        generate()
    assert titles() == []
    assert session.get(Wallet, wallet.id).next_nosso_numero == 99_999_999
    run = session.scalars(select(Generation)).one()
    assert run.state == GenerationState.FAILED
    assert "Itaú cheia" in run.error


def test_a_gateway_wallet_without_bank_data_generates_but_never_mails(session):
    create_settings()
    create_contract(wallet=create_wallet(kind=WalletKind.GATEWAY, bank_code=""))
    generation = generate()
    assert generation.not_sent == {"wallet_is_bank": 1}
    assert titles()[0].nosso_numero is None
    assert messages() == []


def test_a_gateway_wallet_with_bank_data_mails_with_a_warning(session):
    create_settings()
    create_contract(wallet=create_wallet(kind=WalletKind.GATEWAY))
    assert generate().emails == 1
    reasons = {item["code"]: item["status"] for item in titles()[0].reasons}
    assert reasons["wallet_is_bank"] == "warning"


def test_without_an_account_titles_are_generated_and_counted(session):
    create_settings()
    session.execute(update(FinancialSettings).values(smtp_account_id=None))
    session.commit()
    create_contract()
    assert generate().not_sent == {"smtp_account_chosen": 1}


def test_the_maximum_of_open_titles_stops_further_ones(session):
    create_settings(max_open_receivables=2)
    create_contract()
    generation = generate(replace(DECEMBER, installments=3))
    assert generation.receivables == 2
    again = generate(replace(DECEMBER, competence=date(2027, 6, 1)))
    assert again.not_generated == {"open_receivables_limit": 1}


def test_preview_and_run_agree_and_preview_writes_nothing(session):
    create_settings()
    create_contract()
    create_contract(client=create_client(emails=""))
    plan = make_plan(DECEMBER, TODAY, NOON).to_dict()
    assert titles() == []
    generation = generate()
    assert plan["receivables"] == generation.receivables
    assert plan["emails"] == generation.emails
    assert plan["not_sent"] == generation.not_sent
    assert Decimal(plan["amount"]) == generation.amount


def test_orders_that_cannot_be_are_refused(session):
    with pytest.raises(InvalidValue, match="1 a 24"):
        generate(replace(DECEMBER, installments=25))
    with pytest.raises(NotFound, match="Carteira “x”"):
        generate(replace(DECEMBER, wallet_name="x"))
    with pytest.raises(NotFound, match="Contrato 999"):
        generate(replace(DECEMBER, contract_codes=("999",)))


def test_the_database_refuses_a_second_automatic_message_for_a_title(session):
    create_settings()
    create_contract()
    generate()
    link = session.scalars(select(MessageReceivable)).one()
    twin = EmailMessage(
        kind=Kind.AUTOMATIC,
        smtp_account_id=messages()[0].smtp_account_id,
        recipient=messages()[0].recipient,
        message_id="<twin@tests.example.com>",
        requested_by="x",
        created_at=NOON,
    )
    twin.links.append(
        MessageReceivable(
            receivable_id=link.receivable_id, automatic_recipient=link.automatic_recipient
        )
    )
    session.add(twin)
    with pytest.raises(IntegrityError):
        session.commit()
    session.rollback()
    assert session.scalar(select(func.count()).select_from(EmailMessage)) == 1
