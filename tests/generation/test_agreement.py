"""Preview and run agree on any base, and both with the rule."""

from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from portal.clients.models import Client
from portal.contracts.models import Contract
from portal.core.db import db
from portal.deliveries import facts
from portal.deliveries.eligibility import judge
from portal.deliveries.jury import Jury
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.generation import service
from portal.generation.models import Generation
from portal.generation.orders import Order
from portal.generation.planning import make_plan
from portal.generation.slip_maker import SlipMaker
from portal.receivables.models import Receivable
from portal.smtp.models import SmtpAccount
from portal.wallets.models import Wallet
from tests.factories import (
    NOON,
    TODAY,
    create_account,
    create_client,
    create_contract,
    create_settings,
    create_wallet,
)

TABLES = (MessageReceivable, EmailMessage, Receivable, Generation, Contract, Client, Wallet)
contract = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["active", "active", "suspended", "cancelled"]),
        "delivery_type": st.sampled_from([None, "email", "printed"]),
        "due_day": st.integers(1, 31),
        "amount": st.decimals("0.01", "500", places=2),
        "activated_on": st.dates(date(2026, 10, 1), date(2027, 2, 28)),
        "wallet": st.integers(0, 3),
    }
)
client = st.fixed_dictionaries(
    {
        "active": st.booleans(),
        "emails": st.sampled_from(["", "a@example.com", "a@example.com, b@example.com"]),
        "invalid_emails": st.sampled_from(["", "torto"]),
        "contracts": st.lists(contract, max_size=4),
    }
)
world = st.fixed_dictionaries(
    {
        "clients": st.lists(client, max_size=4),
        "default_delivery_type": st.sampled_from(["email", "printed"]),
        "group_by_client": st.booleans(),
        "max_open_receivables": st.sampled_from([None, 1, 3]),
        "business_day_rule": st.sampled_from(["keep", "next"]),
        "pro_rata": st.booleans(),
        "account": st.sampled_from(["active", "paused", "none"]),
        "installments": st.integers(1, 3),
        "before": st.booleans(),  # whether part of the month is generated already
        "chunk": st.integers(1, 5),
    }
)


def build(given_world: dict) -> None:
    for table in TABLES:
        db.session.execute(delete(table))
    parameters = ("default_delivery_type", "group_by_client", "max_open_receivables")
    parameters += ("business_day_rule", "pro_rata")
    account = db.session.scalars(select(SmtpAccount)).first() or create_account()
    account.state = "paused" if given_world["account"] == "paused" else "active"
    create_settings(account, **{name: given_world[name] for name in parameters})
    if given_world["account"] == "none":
        create_settings(account, smtp_account=None)
    wallets = [
        create_wallet(),
        create_wallet(email_on_generation=False),
        create_wallet(kind="gateway", bank_code=""),
        create_wallet(kind="gateway"),
    ]
    for values in given_world["clients"]:
        owner = create_client(**{k: v for k, v in values.items() if k != "contracts"})
        for item in values["contracts"]:
            create_contract(**{**item, "client": owner, "wallet": wallets[item["wallet"]]})


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world)
def test_preview_and_run_agree_on_any_base(session, given_world):
    build(given_world)
    if given_world["before"]:
        first = Order(date(2026, 12, 1), limit=1)
        service.run_now(first, today=TODAY, actor=None, now=NOON)
    order = Order(date(2026, 12, 1), installments=given_world["installments"])
    plan = make_plan(order, TODAY, NOON)
    expected = plan.to_dict()
    generation_id = service.request(order, today=TODAY, actor=None, now=NOON).id
    found = service.run(generation_id, NOON, chunk=given_world["chunk"])
    assert Decimal(expected.pop("amount")) == found.amount
    assert expected == {name: getattr(found, name) for name in expected}
    assert found.contracts == len({row.contract_id for row in plan_rows(plan)})
    assert rows_of(plan) == rows_written(found.id)


def plan_rows(plan) -> list:
    return [title.row for title in plan.titles] + [item.row for item in plan.skipped]


def rows_of(plan) -> list[tuple]:
    return [
        (
            title.row.contract_id,
            title.competence,
            title.due_date,
            title.amount,
            title.sequence,
            title.not_sent_code,
        )
        for title in plan.titles
    ]


def rows_written(generation_id: int) -> list[tuple]:
    columns = (
        Receivable.contract_id,
        Receivable.competence,
        Receivable.due_date,
        Receivable.amount,
        Receivable.sequence,
        Receivable.not_sent_code,
    )
    query = select(*columns).where(Receivable.generation_id == generation_id)
    return [tuple(row) for row in db.session.execute(query.order_by(Receivable.id))]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world)
def test_the_jury_gives_the_verdicts_of_the_rule(session, given_world):
    build(given_world)
    context, jury = facts.load_context(NOON), Jury()
    for row in session.execute(facts.candidates()):
        for already, opened in ((False, 0), (True, 2)):
            found = facts.facts_of(
                row, context, date(2026, 12, 1), already=already, open_receivables=opened
            )
            assert jury.verdict(found) == judge(found)


def test_a_frozen_slip_is_the_slip(session):
    create_settings()
    wallets = [create_wallet(), create_wallet(carteira="112")]
    for number in range(4):
        create_contract(wallet=wallets[number % 2], plan=f"PLANO {number}", due_day=number + 1)
    order = Order(date(2026, 12, 1), installments=2)
    plan = make_plan(order, TODAY, NOON)
    maker = SlipMaker(order, TODAY, facts.load_context(NOON))
    assert len(plan.titles) == 8
    for title in plan.titles:
        slip = maker.slip(title)
        assert maker.frozen(title, slip) == slip.to_dict()
