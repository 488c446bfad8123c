"""The counter of a wallet whose numbers start again each year."""

from datetime import timedelta

import pytest

from portal.boletos import banks
from portal.core.errors import InvalidValue
from portal.wallets import service
from portal.wallets.models import Wallet
from tests.factories import NOON, create_wallet
from tests.support.pages import words
from tests.wallets.test_wallets import BANKS

SICREDI = {
    **dict.fromkeys(("agencia", "conta", "conta_dv", "carteira"), ""),
    **next(item for item in BANKS if item["bank_code"] == "748"),
    "byte": "3",
}
NEXT_YEAR = NOON + timedelta(days=60)


@pytest.fixture
def wallet(session) -> Wallet:
    return create_wallet(**SICREDI, next_nosso_numero=800, sequence_year=2026)


def counter(wallet: Wallet) -> tuple[int, int | None]:
    return wallet.next_nosso_numero, wallet.sequence_year


def change(wallet: Wallet, now=NOON, **values) -> None:
    service.change(wallet.id, values, wallet.version, None, now)


def test_only_sicredi_starts_again_each_year():
    assert [bank.code for bank in banks() if bank.yearly] == ["748"]


def test_in_its_year_the_number_only_grows(wallet):
    with pytest.raises(InvalidValue, match="informe 800 ou mais"):
        change(wallet, next_nosso_numero=799)
    change(wallet, next_nosso_numero=900)
    assert counter(wallet) == (900, 2026)


def test_in_a_new_year_it_starts_again_by_itself_or_at_any_number(wallet):
    assert service.shown_facts(wallet, NEXT_YEAR.date())["next_nosso_numero"] == 1
    change(wallet, NEXT_YEAR, name="Outro nome")
    assert counter(wallet) == (800, 2026)  # the year's first run turns it over
    change(wallet, NEXT_YEAR, next_nosso_numero=5)
    assert counter(wallet) == (5, 2027)


def test_a_higher_byte_starts_again_and_a_lower_one_waits_for_the_new_year(wallet):
    with pytest.raises(InvalidValue, match="byte maior") as error:
        change(wallet, byte="2")
    assert error.value.field == "byte"
    change(wallet, byte="4")
    assert counter(wallet) == (1, 2026)
    change(wallet, NEXT_YEAR, byte="2")
    assert service.shown_facts(wallet, NEXT_YEAR.date())["next_nosso_numero"] == 1


def test_a_raised_byte_does_not_go_back_to_numbers_that_are_used(wallet):
    change(wallet, byte="4")
    with pytest.raises(InvalidValue, match="byte maior"):
        change(wallet, byte="3")


def test_a_byte_that_never_numbered_may_be_lowered(session):
    wallet = create_wallet(**SICREDI)
    change(wallet, byte="2")
    assert counter(wallet) == (1, None)


def test_another_bank_is_another_wallet_once_numbers_of_a_year_were_taken(wallet):
    itau = {"bank_code": "341", "conta": "12345", "conta_dv": "6", "carteira": "109"}
    with pytest.raises(InvalidValue, match="cadastre outra") as error:
        change(wallet, **itau)
    assert error.value.field == "bank_code"


def test_to_a_bank_that_starts_again_the_number_starts_at_one(session):
    wallet = create_wallet(next_nosso_numero=500_000)
    change(wallet, **SICREDI)
    assert counter(wallet) == (1, 2026)


def test_the_page_says_how_the_bank_numbers(admin, app):
    with app.app_context():
        wallet_id = create_wallet(**SICREDI, next_nosso_numero=8).id
    page = words(admin.get(f"/cadastros/carteiras/{wallet_id}"))
    assert "O Sicredi recomeça em 1 a cada ano" in page
    assert "/300008-" in page
