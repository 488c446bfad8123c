"""Nosso números that start again each year (Sicredi): over a year's end, and when used up."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.core.errors import PortalError
from portal.generation import service
from portal.generation.models import Generation, GenerationState
from portal.generation.orders import Order
from portal.generation.planning import make_plan
from portal.receivables.models import Receivable
from portal.wallets import service as wallets
from portal.wallets.models import Wallet
from tests.factories import NOON, create_contract, create_settings, create_wallet

SICREDI = {
    "bank_code": "748",
    "agencia": "0434",
    "posto": "08",
    "convenio": "36699",
    "conta": "",
    "conta_dv": "",
    "carteira": "1",
    "byte": "2",
}
OLD, NEW = date(2026, 12, 30), date(2027, 1, 2)


@pytest.fixture
def wallet(session) -> Wallet:
    create_settings()
    made = create_wallet(name="Sicredi", **SICREDI)
    for _ in range(3):
        create_contract(wallet=made)
    return made


def generate(month: date, today: date) -> Generation:
    return service.run_now(Order(month), today=today, actor=None, now=NOON)


def numbers(session, month: date) -> list[tuple[int, str]]:
    """(sequence, nosso número but for its check digit) of the month's titles."""
    query = select(Receivable.sequence, Receivable.nosso_numero)
    found = session.execute(query.where(Receivable.competence == month).order_by(Receivable.id))
    return [(sequence, number.partition("-")[0]) for sequence, number in found]


def test_a_new_year_starts_again_and_the_old_one_goes_on_where_it_was(wallet, session):
    generate(date(2026, 12, 1), OLD)
    assert numbers(session, date(2026, 12, 1)) == [
        (26200001, "26/200001"),
        (26200002, "26/200002"),
        (26200003, "26/200003"),
    ]
    generate(date(2027, 1, 1), NEW)
    assert numbers(session, date(2027, 1, 1))[0] == (27200001, "27/200001")
    assert (wallet.next_nosso_numero, wallet.sequence_year) == (4, 2027)
    generate(date(2027, 2, 1), OLD)  # asked for in December, carried out now
    assert numbers(session, date(2027, 2, 1))[0] == (26200004, "26/200004")
    generate(date(2027, 3, 1), NEW)
    assert numbers(session, date(2027, 3, 1))[0] == (27200004, "27/200004")
    assert (wallet.next_nosso_numero, wallet.sequence_year) == (7, 2027)
    every = session.scalars(select(Receivable.nosso_numero)).all()
    assert len(every) == len(set(every)) == 12


def test_a_run_in_chunks_stays_in_the_year_in_which_it_was_asked_for(wallet, session):
    first = service.request(Order(date(2026, 12, 1)), today=OLD, actor=None, now=NOON)
    assert service.run(first.id, NOON + timedelta(days=5), chunk=1).receivables == 3
    assert [number for number, _ in numbers(session, date(2026, 12, 1))] == [
        26200001,
        26200002,
        26200003,
    ]


def test_preview_and_run_name_the_same_numbers_in_a_new_year(wallet, session):
    generate(date(2026, 12, 1), OLD)
    plan = make_plan(Order(date(2027, 1, 1)), NEW, NOON)
    generate(date(2027, 1, 1), NEW)
    assert [title.sequence for title in plan.titles] == [
        number for number, _ in numbers(session, date(2027, 1, 1))
    ]


def test_used_up_it_names_the_cure_and_the_next_byte_goes_on(wallet, session):
    wallet.next_nosso_numero, wallet.sequence_year = 99_998, 2026
    session.commit()
    order = Order(date(2026, 12, 1))
    with pytest.raises(PortalError, match=r"vai até 99999 .*suba o byte de geração"):
        make_plan(order, OLD, NOON)
    with pytest.raises(PortalError, match="suba o byte"):
        generate(order.competence, OLD)
    wallets.change(wallet.id, {"byte": "3"}, wallet.version, None, NOON)
    failed = session.scalars(select(Generation)).one()
    assert failed.state == GenerationState.FAILED
    service.resume(failed.id, None, NOON)
    assert service.run(failed.id, NOON).receivables == 3
    assert numbers(session, order.competence)[0] == (26300001, "26/300001")


def test_a_counter_from_before_the_years_were_kept_goes_on(wallet, session):
    wallet.next_nosso_numero = 51
    session.commit()
    generate(date(2026, 12, 1), OLD)
    assert numbers(session, date(2026, 12, 1))[0] == (26200051, "26/200051")
    assert (wallet.next_nosso_numero, wallet.sequence_year) == (54, 2026)
