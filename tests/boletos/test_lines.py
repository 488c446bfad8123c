"""`compute_line`: any JSON value in, an answer out, never an exception."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.boletos import BankAccount, banks, compute_line
from tests.boletos.samples import examples

GOOD = {
    "id": "a-1",
    "banco": "341",
    "agencia": "1234",
    "conta": "12345",
    "carteira": "109",
    "numero": "1000",
    "valor": "119.90",
    "vencimento": "2026-12-10",
}


def test_a_good_line_keeps_its_input_and_gets_four_results() -> None:
    found = compute_line({**GOOD, "observacao": "fica"})
    assert found == {
        **GOOD,
        "observacao": "fica",
        "nosso_numero": "109/00001000-1",
        "campo_livre": "1090000100011234123451000",
        "codigo_barras": "34198165600000119901090000100011234123451000",
        "linha_digitavel": "34191.09008 00100.011238 41234.510000 8 16560000011990",
    }


def test_whole_numbers_may_be_json_numbers() -> None:
    found = compute_line({**GOOD, "banco": 341, "agencia": 1234, "conta": 12345, "numero": 1000})
    assert found["campo_livre"] == "1090000100011234123451000"
    assert compute_line({**GOOD, "valor": 119.9})["codigo_barras"][9:19] == "0000011990"


@pytest.mark.parametrize("absent", ["valor", "vencimento"])
def test_without_amount_or_due_date_there_is_no_barcode(absent: str) -> None:
    found = compute_line({key: value for key, value in GOOD.items() if key != absent})
    assert found["campo_livre"] == "1090000100011234123451000"
    assert found["nosso_numero"] == "109/00001000-1"
    assert found["codigo_barras"] is None
    assert found["linha_digitavel"] is None


def test_a_bank_that_needs_the_due_date_says_so() -> None:
    found = compute_line(
        {"id": 1, "banco": "409", "agencia": "1", "agencia_dv": "2", "carteira": "4", "numero": 3}
    )
    assert set(found) == {"id", "erro"}
    assert "Vencimento" in found["erro"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"banco": "999"}, "999"),
        ({"banco": None}, "Banco"),
        ({"agencia": "12345"}, "até 4 dígitos"),
        ({"agencia": ["1"]}, "agencia"),
        ({"agencia": True}, "agencia"),
        ({"carteira": "999"}, "não a conhece"),
        ({"numero": "123456789"}, "acabou"),
        ({"numero": None}, "Nosso número"),
        ({"valor": "0.00"}, "maior que zero"),
        ({"valor": "-1.00"}, "maior que zero"),
        ({"valor": "1.499,00"}, "40.00"),
        ({"valor": "1e5"}, "40.00"),
        ({"valor": "NaN"}, "40.00"),
        ({"valor": float("nan")}, "40.00"),
        ({"valor": "1.001"}, "centavo"),
        ({"valor": "100000000.00"}, "99.999.999,99"),
        ({"valor": True}, "40.00"),
        ({"vencimento": "2026-02-30"}, "data que exista"),
        ({"vencimento": "10/12/2026"}, "data que exista"),
        ({"vencimento": 20261210}, "data que exista"),
        ({"vencimento": "1990-01-01"}, "07/10/1997"),
        ({"conta": "9" * 5000}, "longo demais"),
        ({"conta": 10**4999}, "longo demais"),
    ],
)
def test_a_bad_line_gives_its_id_and_the_reason(change: dict[str, Any], words: str) -> None:
    found = compute_line({**GOOD, **change})
    assert set(found) == {"id", "erro"}
    assert found["id"] == "a-1"
    assert words in found["erro"]


@pytest.mark.parametrize("record", [None, [], "x", 3, [GOOD]])
def test_what_is_no_object_gives_a_reason(record: object) -> None:
    assert compute_line(record)["id"] is None
    assert "objeto" in compute_line(record)["erro"]


TITLE_KEYS = ("id", "numero", "valor", "vencimento", "numero_documento", "data_documento", "ano")
KEYS = st.sampled_from((*TITLE_KEYS, "parcela", *BankAccount.__dataclass_fields__))
BANKS = st.sampled_from([bank.code for bank in banks()])
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.from_regex(r"[0-9]{1,12}", fullmatch=True),
    st.sampled_from(["X", "P", "SICOB16", "SINCO", "NN11", "CNR", "CSB", "nao_registrada", "14"]),
    st.lists(st.integers(), max_size=2),
)


@examples
@given(st.dictionaries(KEYS, VALUES), BANKS)
def test_no_input_raises_and_every_success_is_complete(
    record: dict[str, Any], bank_code: str
) -> None:
    found = compute_line({**record, "banco": bank_code, "bank_code": bank_code})
    json.dumps(found, allow_nan=True)
    if "erro" in found:
        assert found["erro"]
        return
    assert len(found["campo_livre"]) == 25
    assert found["campo_livre"].isascii()
    assert found["campo_livre"].isdigit()
