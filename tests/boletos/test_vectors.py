"""The published vectors of every bank, as they are and re-dated."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from portal.boletos import (
    InvalidBoleto,
    Title,
    banks,
    compute,
    compute_line,
    due_date,
    due_factor,
    parse_codigo_barras,
    parse_linha,
)
from portal.boletos.model import BankAccount

RESULTS = ("campo_livre", "codigo_barras", "linha_digitavel")
# A boleto of value zero is refused, whatever a library once printed.
REFUSED = {"341-075": "valor"}
# The number is right, its print differs from bank to library: another prefix, dot or none.
PRINTED_OTHERWISE = {"001-005", "021-001", "033-008", "033-009", "237-001", "237-069"}
# Second digit by weights 2…9 in its source; see the Banestes docstring. It is printed only.
OTHER_WEIGHTS = {"021-024"}
REDATED = (
    date(2025, 2, 21),
    date(2025, 2, 22),
    date(2026, 12, 10),
    date(2049, 10, 13),
    date(2049, 10, 14),
)


@pytest.fixture(scope="module")
def vectors(shared_data: Path) -> list[dict[str, Any]]:
    lines = (shared_data / "boletos" / "vectors.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def inputs(vector: dict[str, Any]) -> dict[str, Any]:
    """A vector without its results."""
    results = (*RESULTS, "nosso_numero", "nosso_numero_dv", "codigo_barras_dv")
    return {key: value for key, value in vector.items() if key not in results}


def computable(vectors: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (vector for vector in vectors if vector["id"] not in REFUSED)


def test_every_vector_gives_its_campo_livre_barcode_and_line(vectors: list[dict[str, Any]]) -> None:
    wrong = {}
    for vector in computable(vectors):
        found = compute_line(inputs(vector))
        differing = {
            name: (vector[name], found.get(name, found.get("erro")))
            for name in RESULTS
            if name in vector and vector[name] != found.get(name)
        }
        if differing:
            wrong[vector["id"]] = differing
    assert wrong == {}


def test_every_bank_of_the_vectors_is_known(vectors: list[dict[str, Any]]) -> None:
    assert {vector["banco"] for vector in vectors} <= {bank.code for bank in banks()}


def test_the_rows_that_are_not_computed_are_refused_with_their_field(
    vectors: list[dict[str, Any]],
) -> None:
    refused = [vector for vector in vectors if vector["id"] in REFUSED]
    assert len(refused) == len(REFUSED)
    for vector in refused:
        assert "maior que zero" in compute_line(inputs(vector))["erro"]
        without_amount = compute_line({**inputs(vector), "valor": None})
        assert without_amount["campo_livre"] == vector["campo_livre"]


def test_every_vector_gives_its_nosso_numero_and_check_digit(vectors: list[dict[str, Any]]) -> None:
    wrong = {}
    for vector in computable(vectors):
        found = str(compute_line(inputs(vector))["nosso_numero"])
        same = vector.get("nosso_numero", found) == found or vector["id"] in PRINTED_OTHERWISE
        plain = found.replace("-", "").replace(".", "")
        ends = plain.endswith(vector.get("nosso_numero_dv", ""))
        if not (same and ends) and vector["id"] not in OTHER_WEIGHTS:
            wrong[vector["id"]] = (vector.get("nosso_numero"), found)
    assert wrong == {}


@pytest.mark.parametrize("due", REDATED, ids=str)
def test_vectors_re_dated_round_trip_through_barcode_and_line(
    vectors: list[dict[str, Any]], due: date
) -> None:
    for vector in computable(vectors):
        record = {**inputs(vector), "vencimento": due.isoformat(), "valor": "127.50"}
        found = compute_line(record)
        for decoded in (
            parse_codigo_barras(str(found["codigo_barras"]), due),
            parse_linha(str(found["linha_digitavel"]), due),
        ):
            assert decoded.vencimento == due
            assert decoded.valor == Decimal("127.50")
            assert decoded.bank_code == vector["banco"]
            assert decoded.campo_livre == found["campo_livre"]
            assert decoded.codigo_barras == found["codigo_barras"]
            assert decoded.linha_digitavel == found["linha_digitavel"]


def test_parsing_a_published_line_gives_the_published_barcode(
    vectors: list[dict[str, Any]],
) -> None:
    complete = [vector for vector in vectors if vector.get("linha_digitavel")]
    assert len(complete) > 150
    for vector in complete:
        due = date.fromisoformat(vector["vencimento"])
        decoded = parse_linha(vector["linha_digitavel"], due)
        assert decoded.codigo_barras == vector["codigo_barras"]
        assert decoded.vencimento == due
        assert decoded.valor == Decimal(vector["valor"])


def test_compute_agrees_with_the_json_lines(vectors: list[dict[str, Any]]) -> None:
    names = {name for name in BankAccount.__dataclass_fields__ if name != "bank_code"}
    for vector in computable(vectors):
        if "codigo_barras" not in vector:
            continue
        account = BankAccount(vector["banco"], **{k: vector[k] for k in names if k in vector})
        issued = vector.get("data_documento")
        title = Title(
            vector["numero"],
            Decimal(vector["valor"]),
            date.fromisoformat(vector["vencimento"]),
            vector.get("numero_documento", ""),
            date.fromisoformat(issued) if issued else None,
            vector.get("ano", ""),
            vector.get("parcela", ""),
        )
        assert compute(account, title).codigo_barras == vector["codigo_barras"]


def test_published_factors(shared_data: Path) -> None:
    text = (shared_data / "boletos" / "due_factor.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    assert rows
    for row in rows:
        day = date.fromisoformat(row["data"])
        assert due_factor(day) == row["fator"]
        assert due_date(row["fator"], day) == day


def test_a_wrong_digit_in_any_vector_is_noticed(vectors: list[dict[str, Any]]) -> None:
    for vector in vectors[::7]:
        codigo = vector.get("codigo_barras")
        if not codigo:
            continue
        broken = codigo[:30] + str((int(codigo[30]) + 1) % 10) + codigo[31:]
        with pytest.raises(InvalidBoleto):
            parse_codigo_barras(broken, date(2026, 1, 1))
