"""Business days, municipal holidays and the first month, as runs apply them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from portal.core.db import db
from portal.deliveries.facts import explain
from portal.generation import service
from portal.generation.orders import Order
from portal.generation.planning import make_plan
from portal.receivables.models import Receivable
from portal.settings.holidays import add_holiday
from portal.settings.models import BusinessDayRule
from tests.factories import NOON, TODAY, create_contract, create_settings

DECEMBER = Order(date(2026, 12, 1))


def generate(order: Order = DECEMBER):
    return service.run_now(order, today=TODAY, actor=None, now=NOON)


def titles() -> list[Receivable]:
    return list(db.session.scalars(select(Receivable).order_by(Receivable.id)))


def test_by_default_a_due_date_on_a_holiday_stays(session):
    create_settings()
    create_contract(due_day=25)  # Christmas
    generate()
    assert titles()[0].due_date == date(2026, 12, 25)


def test_the_next_business_day_skips_weekend_and_national_and_municipal_holidays(session):
    create_settings(business_day_rule=BusinessDayRule.NEXT)
    add_holiday(date(2026, 12, 28), "Aniversário da cidade", None, NOON)
    create_contract(due_day=25)  # Friday, Christmas; the municipal holiday is on Monday
    generate()
    assert titles()[0].due_date == date(2026, 12, 29)
    assert titles()[0].printed["vencimento"] == "2026-12-29"


def test_a_due_date_may_move_into_the_next_month(session):
    create_settings(business_day_rule=BusinessDayRule.NEXT)
    create_contract(due_day=31)
    generate(replace(DECEMBER, competence=date(2027, 1, 1)))  # 31/01/2027 is a Sunday
    assert titles()[0].due_date == date(2027, 2, 1)
    assert titles()[0].competence == date(2027, 1, 1)


def test_without_pro_rata_the_first_month_is_charged_whole(session):
    create_settings()
    create_contract(activated_on=date(2026, 12, 17), amount=Decimal("100.00"))
    generate()
    assert titles()[0].amount == Decimal("100.00")


def test_pro_rata_charges_the_days_of_the_first_month_and_all_of_the_next(session):
    create_settings(pro_rata=True)
    create_contract(activated_on=date(2026, 12, 17), amount=Decimal("100.00"), due_day=20)
    generation = generate(replace(DECEMBER, installments=2))
    assert [title.amount for title in titles()] == [Decimal("48.39"), Decimal("100.00")]
    assert titles()[0].printed["valor"] == "48.39"
    assert generation.amount == Decimal("148.39")
    assert make_plan(replace(DECEMBER, competence=date(2027, 3, 1)), TODAY, NOON).amount == 100


def test_nothing_is_billed_before_the_activation_and_the_reason_says_when(session):
    create_settings()
    contract = create_contract(activated_on=date(2027, 1, 5))
    generation = generate()
    assert generation.not_generated == {"contract_active": 1}
    verdict = explain(contract.id, date(2026, 12, 1), NOON)
    evidence = {item.code: item.evidence for item in verdict.requirements}
    assert evidence["contract_active"] == "contrato ativado em 05/01/2027"


def test_installments_begin_with_the_month_of_the_activation(session):
    create_settings()
    create_contract(activated_on=date(2027, 1, 5))
    generation = generate(replace(DECEMBER, installments=3))
    assert [title.competence.month for title in titles()] == [1, 2]
    assert generation.not_generated == {}
