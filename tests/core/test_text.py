"""Clean lines, and comparing without case and accents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.text import fold, one_line


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  MARIA DA CONCEIÇÃO ", "MARIA DA CONCEIÇÃO"),
        ("Maria\r\nBcc: x@example.com", "Maria  Bcc: x@example.com"),
        ("a\tb\u00a0c\u2028d", "a b c d"),
        ("nul\x00 e\x1b[31m", "nul e[31m"),
        ("Joa\u0303o", "João"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\ud800", ""),
        ("duas  vezes", "duas  vezes"),
    ],
)
def test_one_line_cleans_what_breaks_lines_and_keeps_the_rest(typed: str, kept: str) -> None:
    assert one_line(typed) == kept


@given(st.text())
def test_one_line_is_one_printable_line_and_stays_as_it_is(typed: str) -> None:
    line = one_line(typed)
    assert line == line.strip()
    assert line.replace("\u00ad", "").isprintable()
    assert one_line(line) == line


@pytest.mark.parametrize("text", ["JOSÉ", "José", "jose", "JOSE\u0301"])
def test_fold_makes_writings_of_a_name_alike(text: str) -> None:
    assert fold(text) == "jose"
