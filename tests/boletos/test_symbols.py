"""Barcode bars and Pix payloads, checked without a scanner."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.boletos import InvalidBoleto, check_pix_payload
from portal.boletos.page.symbols import BARCODE_MODULES, itf_bars, qr_modules
from portal.boletos.pix import crc16
from tests.boletos.samples import PIX, examples

# ISO/IEC 16390: which of five elements are wide, by digit.
WIDE = ("34", "15", "25", "12", "35", "13", "23", "45", "14", "24")


def read_itf(bars: list[tuple[int, int]]) -> str:
    """The digits of a symbol drawn with narrow elements of 1 and wide ones of 3."""
    spaces = [right - left - width for (left, width), (right, _) in pairwise(bars)]
    widths = [width for _, width in bars]
    assert widths[:2] == [1, 1]
    assert spaces[:2] == [1, 1]
    assert (widths[-2:], spaces[-1]) == ([3, 1], 1)
    inner_bars, inner_spaces = widths[2:-2], spaces[2:-1]
    digits = []
    for start in range(0, len(inner_bars), 5):
        for elements in (inner_bars[start : start + 5], inner_spaces[start : start + 5]):
            wide = "".join(str(n) for n, width in enumerate(elements, 1) if width == 3)
            digits.append(str(WIDE.index(wide)))
    return "".join(digits)


@examples
@given(st.from_regex(r"[0-9]{44}", fullmatch=True))
def test_any_44_digits_can_be_read_back_from_the_bars(digits: str) -> None:
    bars = itf_bars(digits)
    assert read_itf(bars) == digits
    assert bars[-1][0] + bars[-1][1] == BARCODE_MODULES == 405


def test_a_qr_code_is_square_and_has_its_three_corners() -> None:
    rows = qr_modules(PIX)
    side = len(rows)
    assert rows[0][0] == (0, 7)
    assert rows[0][-1] == (side - 7, 7)
    assert rows[-1][0] == (0, 7)


def test_the_crc_is_the_one_of_the_standard() -> None:
    assert crc16("123456789") == 0x29B1


def test_a_pix_payload_is_taken_only_whole() -> None:
    body = PIX[:-4]
    good = f"{body}{crc16(body):04X}"
    check_pix_payload(good)
    for bad in ("", "x", good[:-1], good.replace("119.90", "1.00"), good + "é", body + "0000"):
        with pytest.raises(InvalidBoleto) as refused:
            check_pix_payload(bad)
        assert refused.value.field == "pix_payload"
