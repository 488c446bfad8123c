"""Filters: preview, run and what is remembered of the pilot group."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from portal.contracts.models import Contract
from portal.core.db import db
from portal.core.errors import InvalidValue, NotFound
from portal.generation import service
from portal.generation.orders import Order
from portal.generation.planning import make_plan
from portal.receivables.models import Receivable
from portal.settings.models import FinancialSettings
from tests.factories import (
    NOON,
    TODAY,
    create_client,
    create_contract,
    create_settings,
    create_wallet,
)

ALL = Order(date(2026, 12, 1))


@pytest.fixture
def base(session):
    create_settings()
    itau, bb = create_wallet(name="Itaú"), create_wallet(name="BB")
    ana = create_client(code="A", city="Campinas")
    bia = create_client(code="B", city="São Paulo")
    caio = create_client(code="C", city="Campinas")
    create_contract(code="1", client=ana, wallet=itau, plan="300M", due_day=5)
    create_contract(code="2", client=ana, wallet=bb, plan="500M", due_day=10)
    create_contract(code="3", client=bia, wallet=itau, plan="300M", due_day=10)
    create_contract(code="4", client=caio, wallet=itau, plan="500M", due_day=5)


def planned(order: Order) -> str:
    return "".join(title.row.contract_code for title in make_plan(order, TODAY, NOON).titles)


def generated(order: Order) -> str:
    generation = service.run_now(order, today=TODAY, actor=None, now=NOON)
    query = select(Contract.code).join(Receivable, Receivable.contract_id == Contract.id)
    query = query.where(Receivable.generation_id == generation.id)
    return "".join(db.session.scalars(query.order_by(Receivable.id)))


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, "1234"),
        ({"wallet_name": "BB"}, "2"),
        ({"plan": "300M"}, "13"),
        ({"city": "São Paulo"}, "3"),
        ({"due_day": 5}, "14"),
        ({"client_codes": ("B", "A")}, "123"),
        ({"contract_codes": ("4",)}, "4"),
        ({"limit": 2}, "123"),
        ({"plan": "300M", "city": "Campinas"}, "1"),
    ],
)
def test_each_filter_narrows_preview_and_run_alike(base, changes, codes):
    order = replace(ALL, **changes)
    assert planned(order) == codes
    assert generated(order) == codes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"wallet_name": "x"}, "Carteira “x” não existe"),
        ({"plan": "x"}, "Nenhum contrato com o plano “x”"),
        ({"city": "x"}, "Nenhum cliente na cidade “x”"),
        ({"client_codes": ("A", "x", "y")}, "Cliente x, y não existe"),
    ],
)
def test_what_does_not_exist_is_named(base, changes, words):
    for use in (planned, generated):
        with pytest.raises(NotFound, match=words):
            use(replace(ALL, **changes))


def test_the_pilot_is_remembered_by_the_run_and_the_rest_is_everyone_else(base):
    with pytest.raises(InvalidValue, match="Ainda não há grupo piloto"):
        planned(replace(ALL, rest=True))
    assert planned(replace(ALL, limit=1)) == "12"
    assert db.session.get_one(FinancialSettings, 1).pilot_client_ids == []
    assert generated(replace(ALL, limit=1)) == "12"
    assert planned(replace(ALL, rest=True)) == "34"
    assert generated(replace(ALL, rest=True)) == "34"


def test_next_month_the_pilot_is_the_same_group(base, session):
    third = session.scalars(select(Contract.client_id).where(Contract.code == "4")).one()
    session.get_one(FinancialSettings, 1).pilot_client_ids = [third]
    session.commit()
    assert planned(replace(ALL, limit=1)) == "4"
    assert planned(replace(ALL, limit=2)) == "124"


def test_a_pilot_takes_only_clients_that_can_be_billed(base, session):
    session.scalars(select(Contract).where(Contract.code == "3")).one().status = "cancelled"
    session.commit()
    assert planned(replace(ALL, limit=2)) == "124"


def test_a_group_that_changes_later_does_not_change_a_run_that_waits(base, session):
    generation = service.request(replace(ALL, limit=1), today=TODAY, actor=None, now=NOON)
    session.get_one(FinancialSettings, 1).pilot_client_ids = []
    create_contract(client=create_client())
    session.commit()
    assert service.run(generation.id, NOON).receivables == 2


def test_an_empty_pilot_generates_for_nobody(session):
    create_settings()
    create_contract(status="suspended")
    assert planned(replace(ALL, limit=5)) == ""
    assert service.run_now(replace(ALL, limit=5), today=TODAY, actor=None, now=NOON).contracts == 0


@pytest.mark.parametrize("changes", [{"limit": 0}, {"due_day": 0}, {"limit": 1, "rest": True}])
def test_orders_that_cannot_be_are_refused(base, changes):
    with pytest.raises(InvalidValue):
        planned(replace(ALL, **changes))
