"""Every bank: sample wallets, properties, and what it refuses."""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.boletos import (
    BankAccount,
    InvalidBoleto,
    bank,
    banks,
    compute,
    parse_codigo_barras,
    parse_linha,
)
from tests.boletos.samples import ACCOUNTS, create_title, examples

CODES = sorted(ACCOUNTS)
REQUIRED_BANKS = (
    "001 004 021 033 041 070 077 084 085 097 104 136 208 237 336 341 356 389 399 422 637 655"
    " 707 745 748 756"
)


def sequence(code: str) -> st.SearchStrategy[int]:
    """Sequential numbers that a bank's sample wallet can give."""
    found = bank(code)
    return st.integers(max(1, found.numero_min), found.numero_max(ACCOUNTS[code]))


def test_the_banks_that_providers_use_are_all_here() -> None:
    assert set(REQUIRED_BANKS.split()) <= {bank.code for bank in banks()}
    assert [bank.code for bank in banks()] == CODES


@pytest.mark.parametrize("code", CODES)
def test_the_sample_wallet_of_each_bank_proves_itself(code: str) -> None:
    found = bank(code)
    account = ACCOUNTS[code]
    found.check(account)
    assert found.agencia_codigo(account)
    assert found.numero_max(account) >= 99_999
    assert found.name


@pytest.mark.parametrize("code", CODES)
def test_preparing_a_prepared_account_changes_nothing(code: str) -> None:
    prepared = bank(code).prepare(ACCOUNTS[code])
    assert bank(code).prepare(prepared) == prepared


@pytest.mark.parametrize("code", CODES)
@examples
@given(data=st.data())
def test_numbers_round_trip_through_barcode_and_line(code: str, data: st.DataObject) -> None:
    account = ACCOUNTS[code]
    numero = data.draw(sequence(code))
    cents = data.draw(st.integers(1, 9_999_999_999))
    due = data.draw(st.dates(date(2000, 7, 3), date(2100, 1, 1)))
    title = create_title(numero, valor=Decimal(cents) / 100, vencimento=due)
    numbers = compute(account, title)
    assert len(numbers.campo_livre) == 25
    assert numbers.campo_livre.isdigit()
    for decoded in (
        parse_codigo_barras(numbers.codigo_barras, due),
        parse_linha(numbers.linha_digitavel, due),
    ):
        assert decoded.bank_code == code
        assert decoded.valor == title.valor
        assert decoded.vencimento == due
        assert decoded.campo_livre == numbers.campo_livre
        assert decoded.codigo_barras == numbers.codigo_barras
        assert decoded.linha_digitavel == numbers.linha_digitavel


@pytest.mark.parametrize("code", CODES)
@examples
@given(data=st.data())
def test_different_numbers_never_share_a_barcode(code: str, data: st.DataObject) -> None:
    one, other = data.draw(st.lists(sequence(code), min_size=2, max_size=2, unique=True))
    first, second = (compute(ACCOUNTS[code], create_title(n)) for n in (one, other))
    assert first.nosso_numero != second.nosso_numero
    assert first.codigo_barras != second.codigo_barras


@pytest.mark.parametrize("code", CODES)
def test_a_used_up_nosso_numero_is_refused(code: str) -> None:
    account = ACCOUNTS[code]
    top = bank(code).numero_max(account)
    compute(account, create_title(top))
    with pytest.raises(InvalidBoleto, match="acabou") as refused:
        compute(account, create_title(top + 1))
    assert refused.value.field == "numero"
    assert str(top) in str(refused.value)


@pytest.mark.parametrize("code", CODES)
def test_each_field_that_is_too_long_is_named(code: str) -> None:
    for spec in bank(code).fields:
        if spec.kind != "digits":
            continue
        account = replace(ACCOUNTS[code], **{spec.name: "9" * (spec.max_length + 1)})
        with pytest.raises(InvalidBoleto) as refused:
            compute(account, create_title())
        assert refused.value.field == spec.name
        assert "9" * (spec.max_length + 1) in str(refused.value)


@pytest.mark.parametrize("code", CODES)
def test_each_field_with_letters_is_named(code: str) -> None:
    for spec in bank(code).fields:
        if spec.kind in ("text", "choice"):
            continue
        for value in ("1a", "1.2", "²"):
            account = replace(ACCOUNTS[code], **{spec.name: value})
            with pytest.raises(InvalidBoleto) as refused:
                compute(account, create_title())
            assert refused.value.field == spec.name


@pytest.mark.parametrize("code", CODES)
def test_an_unknown_choice_is_refused_with_the_known_ones(code: str) -> None:
    for spec in bank(code).fields:
        if not spec.choices:
            continue
        account = replace(ACCOUNTS[code], **{spec.name: "ZZ9"})
        with pytest.raises(InvalidBoleto, match="ZZ9") as refused:
            compute(account, create_title())
        assert refused.value.field == spec.name
        assert spec.choices[0][0] in str(refused.value)


@pytest.mark.parametrize("code", CODES)
def test_each_required_field_left_blank_is_refused_by_the_check(code: str) -> None:
    for spec in bank(code).fields:
        if not spec.required:
            continue
        with pytest.raises(InvalidBoleto) as refused:
            bank(code).check(replace(ACCOUNTS[code], **{spec.name: ""}))
        assert refused.value.field == spec.name


@pytest.mark.parametrize("code", CODES)
def test_the_fields_of_a_bank_are_fields_of_a_wallet(code: str) -> None:
    names = {field.name for field in fields(BankAccount)}
    specs = bank(code).fields
    assert {spec.name for spec in specs} <= names
    assert len({spec.name for spec in specs}) == len(specs)
    assert all(spec.label and spec.max_length > 0 for spec in specs)


@pytest.mark.parametrize(
    ("valor", "words"),
    [
        ("0", "maior que zero"),
        ("-1.00", "maior que zero"),
        ("100000000.00", "99.999.999,99"),
        ("0.001", "centavo"),
        ("NaN", "quantia"),
        ("Infinity", "quantia"),
        ("1E+309", "99.999.999,99"),
    ],
)
def test_an_amount_that_no_boleto_carries_is_refused(valor: str, words: str) -> None:
    with pytest.raises(InvalidBoleto, match=words) as refused:
        compute(ACCOUNTS["341"], create_title(valor=Decimal(valor)))
    assert refused.value.field == "valor"


def test_the_largest_and_the_smallest_amount_pass() -> None:
    for valor in ("0.01", "99999999.99", "40.0", "40.000"):
        numbers = compute(ACCOUNTS["341"], create_title(valor=Decimal(valor)))
        assert parse_linha(numbers.linha_digitavel, date(2026, 12, 1)).valor == Decimal(valor)


@pytest.mark.parametrize("numero", ["", "12-3", "1a", "-1", "１２", True])
def test_a_number_that_is_none_is_refused(numero: object) -> None:
    with pytest.raises(InvalidBoleto) as refused:
        compute(ACCOUNTS["341"], create_title(numero=numero))  # type: ignore[arg-type]
    assert refused.value.field == "numero"


def test_zero_is_a_number_only_where_the_bank_numbers() -> None:
    assert compute(ACCOUNTS["001"], create_title(0)).nosso_numero == "12345670000000000"
    with pytest.raises(InvalidBoleto) as refused:
        compute(ACCOUNTS["341"], create_title(0))
    assert refused.value.field == "numero"


def test_an_unknown_bank_is_refused() -> None:
    for code in ("999", "", "abc"):
        with pytest.raises(InvalidBoleto) as refused:
            bank(code)
        assert refused.value.field == "bank_code"
    assert bank("1") is bank("001")
