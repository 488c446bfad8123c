"""CSV that people open in a spreadsheet."""

import csv
import io

import pytest

from portal.core.csv_writer import safe_cell, write_csv


@pytest.mark.parametrize(
    "text", ["=1+1", "+55 11", "-10", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =cmd|' /C calc'!A0"]
)
def test_what_a_spreadsheet_would_run_becomes_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["Maria", 10, "a=b", "", "10/12/2026"])
def test_plain_cells_stay_as_they_are(value: object) -> None:
    assert safe_cell(value) == str(value)


def test_the_file_reads_back_with_its_separators_and_accents() -> None:
    content = write_csv(("nome", "nota"), [("São José; Ltda", None), ("=1", 'a"b\nc')])
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert rows == [["nome", "nota"], ["São José; Ltda", ""], ["'=1", 'a"b\nc']]
