"""Factor, barcode and linha digitável: the common rules of FEBRABAN."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.boletos import InvalidBoleto, due_date, due_factor, parse_codigo_barras, parse_linha
from portal.boletos.barcode import build_codigo_barras, build_linha_digitavel, general_dv
from portal.boletos.checkdigits import mod10, mod11, two_digits, weighted_sum
from tests.boletos.samples import examples

LINE = "34191.09008 00100.011238 41234.510000 8 16560000011990"
CODE = "34198165600000119901090000100011234123451000"
NEAR = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("day", "factor"),
    [
        ("1997-10-08", "0001"),
        ("2000-07-03", "1000"),
        ("2025-02-21", "9999"),
        ("2025-02-22", "1000"),
        ("2026-12-10", "1656"),
        ("2049-10-13", "9999"),
        ("2049-10-14", "1000"),
        ("2074-06-05", "1000"),
    ],
)
def test_factor_counts_days_and_starts_again_at_1000(day: str, factor: str) -> None:
    assert due_factor(date.fromisoformat(day)) == factor


def test_a_date_before_the_first_boletos_is_refused() -> None:
    with pytest.raises(InvalidBoleto, match="07/10/1997") as refused:
        due_factor(date(1997, 10, 6))
    assert refused.value.field == "vencimento"


@examples
@given(st.dates(date(1997, 10, 8), date(9990, 1, 1)), st.integers(-5999, 3000))
def test_a_factor_read_near_its_date_gives_the_date_back(day: date, distance: int) -> None:
    reference = day + timedelta(distance)
    if day < date(2000, 7, 3) or reference >= date(2000, 7, 3):
        assert due_date(due_factor(day), reference) == day


@pytest.mark.parametrize(
    ("factor", "reference", "day"),
    [
        ("1000", "2025-02-20", "2025-02-22"),
        ("1000", "2000-06-01", "2000-07-03"),
        ("9999", "2025-02-22", "2025-02-21"),
        ("1000", "2049-10-13", "2049-10-14"),
        ("9999", "2049-10-14", "2049-10-13"),
        ("3860", "2008-05-02", "2008-05-02"),
        ("3860", "2026-01-01", "2032-12-22"),
        ("0500", "2026-01-01", "1999-02-19"),
    ],
)
def test_the_reference_decides_the_cycle(factor: str, reference: str, day: str) -> None:
    assert due_date(factor, date.fromisoformat(reference)) == date.fromisoformat(day)


def test_factor_zero_means_no_due_date_and_nonsense_is_refused() -> None:
    assert due_date("0000", NEAR) is None
    assert due_date(1656, NEAR) == date(2026, 12, 10)
    for factor in ("12a4", "12345", "²³⁴⁵", "-100"):
        with pytest.raises(InvalidBoleto):
            due_date(factor, NEAR)


def test_the_end_of_the_calendar_does_not_overflow() -> None:
    assert due_date("9999", date.max) is not None
    assert due_factor(date.max).isdigit()


def test_line_and_barcode_say_the_same() -> None:
    for decoded in (parse_linha(LINE, NEAR), parse_codigo_barras(CODE, NEAR)):
        assert decoded.bank_code == "341"
        assert decoded.valor == Decimal("119.90")
        assert decoded.vencimento == date(2026, 12, 10)
        assert decoded.campo_livre == "1090000100011234123451000"
        assert decoded.codigo_barras == CODE
        assert decoded.linha_digitavel == LINE


def test_a_line_is_read_with_or_without_its_dots_and_blanks() -> None:
    bare = LINE.replace(".", "").replace(" ", "")
    assert parse_linha(bare, NEAR) == parse_linha(LINE, NEAR)
    assert parse_linha(f" {LINE}\n", NEAR) == parse_linha(LINE, NEAR)


@pytest.mark.parametrize("place", range(47))
def test_any_wrong_digit_of_a_line_is_noticed(place: int) -> None:
    digits = LINE.replace(".", "").replace(" ", "")
    other = str((int(digits[place]) + 1) % 10)
    with pytest.raises(InvalidBoleto) as refused:
        parse_linha(digits[:place] + other + digits[place + 1 :], NEAR)
    assert refused.value.field == "linha_digitavel"


@pytest.mark.parametrize("place", range(44))
def test_any_wrong_digit_of_a_barcode_is_noticed(place: int) -> None:
    other = str((int(CODE[place]) + 1) % 10)
    with pytest.raises(InvalidBoleto) as refused:
        parse_codigo_barras(CODE[:place] + other + CODE[place + 1 :], NEAR)
    assert refused.value.field == "codigo_barras"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "são 47"),
        ("123", "são 47"),
        ("8" * 48, "conta de consumo"),
        ("x" * 47, "são 47"),
        ("٣" * 47, "são 47"),
    ],
)
def test_what_is_no_line_is_refused_in_words(line: str, words: str) -> None:
    with pytest.raises(InvalidBoleto, match=words):
        parse_linha(line, NEAR)


@examples
@given(
    st.from_regex(r"\d{3}", fullmatch=True),
    st.dates(date(1997, 10, 7), date(9999, 12, 31)),
    st.integers(0, 9_999_999_999),
    st.from_regex(r"[0-9]{25}", fullmatch=True),
)
def test_barcode_and_line_carry_any_fields(
    bank_code: str, due: date, cents: int, campo_livre: str
) -> None:
    if not bank_code.isascii():
        return
    codigo = build_codigo_barras(bank_code, due_factor(due), cents, campo_livre)
    decoded = parse_linha(build_linha_digitavel(codigo), due)
    assert (decoded.codigo_barras, decoded.bank_code) == (codigo, bank_code)
    assert decoded.valor == Decimal(cents) / 100
    assert decoded.campo_livre == campo_livre
    if due > date(2000, 7, 2):
        assert decoded.vencimento == due


def test_check_digits_as_in_the_manuals() -> None:
    assert mod10("001905009") == "5"
    assert mod10("4014481606") == "9"
    assert mod10("0680935031") == "4"
    assert mod11("85068014982") == "9"
    assert weighted_sum("123", 2, 9) == 3 * 2 + 2 * 3 + 1 * 4
    assert weighted_sum("12345600001", 9, 2) % 11 == 7
    assert general_dv("0019373700000001000500940144816060680935031") == "3"
    assert two_digits("00009274") == "22"


@examples
@given(st.from_regex(r"[0-9]{1,30}", fullmatch=True))
def test_two_digits_are_always_digits_that_check(digits: str) -> None:
    pair = two_digits(digits)
    assert len(pair) == 2
    assert pair.isdigit()
    assert weighted_sum(digits + pair[0], 2, 7) % 11 in (0, 11 - int(pair[1]))
