"""CPF and CNPJ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.documents import parse_cpf_cnpj
from portal.core.errors import InvalidValue


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("529.982.247-25", "52998224725"),
        (" 52998224725 ", "52998224725"),
        ("11.222.333/0001-81", "11222333000181"),
        ("12ABC34501DE35", "12ABC34501DE35"),  # the example of the Receita Federal
        ("12.abc.345/01de-35", "12ABC34501DE35"),
    ],
)
def test_valid_documents_lose_punctuation_and_gain_capitals(typed: str, stored: str) -> None:
    assert parse_cpf_cnpj(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "529.982.247-24",
        "11.222.333/0001-82",
        "12ABC34501DE36",
        "12ABC34501DEA5",  # check digits are digits
        "111.111.111-11",
        "00000000000",
        "00000000000000",
        "1234567890",
        "529982247251",
        "٥٢٩٩٨٢٢٤٧٢٥",  # digits, but of another script
        "529.982.247-25" + " " * 30 + "9",
        pytest.param("x" * 1_000_000, id="a million letters"),
    ],
)
def test_wrong_documents_are_refused(typed: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        parse_cpf_cnpj(typed, "documento")
    assert refusal.value.field == "documento"
    assert len(str(refusal.value)) < 200


def test_a_lost_leading_zero_is_named_as_the_likely_cause() -> None:
    with pytest.raises(InvalidValue, match=r"10 dígitos.*zeros à esquerda"):
        parse_cpf_cnpj("1234567890")


def test_an_empty_document_asks_for_one() -> None:
    with pytest.raises(InvalidValue, match="Informe"):
        parse_cpf_cnpj(" . ")


def _with_digits(base: str) -> str:
    """`base` with its two check digits: modulo 11 over ASCII minus 48, written out again here."""
    number = base
    for _ in range(2):
        weights = [2 + place % 8 for place in range(len(number))]
        if len(base) == 9:
            weights = list(range(2, len(number) + 2))
        total = sum(
            (ord(char) - 48) * weight
            for char, weight in zip(reversed(number), weights, strict=True)
        )
        number += str((11 - total % 11) % 11 % 10)
    return number


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=12, max_size=12))
def test_every_cnpj_with_right_digits_passes_and_with_a_wrong_one_fails(base: str) -> None:
    number = _with_digits(base)
    if base == "0" * 12 or len(set(number)) == 1:
        return
    assert parse_cpf_cnpj(number) == number
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    with pytest.raises(InvalidValue):
        parse_cpf_cnpj(wrong)


@given(st.text("0123456789", min_size=9, max_size=9).filter(lambda text: len(set(text)) > 1))
def test_every_cpf_with_right_digits_passes(base: str) -> None:
    assert parse_cpf_cnpj(_with_digits(base)) == _with_digits(base)
