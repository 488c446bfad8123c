"""Slips are kept as JSON and come back whole."""

import json
import pickle
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from portal.boletos import InvalidBoleto, Party, Slip
from tests.boletos.samples import PIX, create_slip, examples


def test_a_slip_makes_a_json_round_trip() -> None:
    slip = create_slip(pix_payload=PIX, sacador=Party("Avalista", "52998224725"))
    stored = json.dumps(slip.to_dict(), ensure_ascii=False)
    assert Slip.from_dict(json.loads(stored)) == slip


def test_the_logo_stays_out_of_json_and_is_given_again() -> None:
    slip = create_slip(logo_png=b"\x89PNG")
    assert "logo_png" not in slip.to_dict()
    assert Slip.from_dict(slip.to_dict(), logo_png=b"\x89PNG") == slip


@examples
@given(st.text(), st.lists(st.text(), max_size=4))
def test_any_text_survives(name: str, instructions: list[str]) -> None:
    slip = replace(create_slip(), pagador=Party(name), instructions=tuple(instructions))
    assert Slip.from_dict(json.loads(json.dumps(slip.to_dict()))) == slip


def test_a_refusal_survives_the_way_between_processes() -> None:
    refused = pickle.loads(pickle.dumps(InvalidBoleto("valor", "Valor 0")))  # noqa: S301
    assert (refused.field, str(refused)) == ("valor", "Valor 0")
