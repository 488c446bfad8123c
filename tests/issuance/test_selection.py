"""The selection that survives pages: carried by the form, with JavaScript off as well."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.issuance import forms, queries, views
from tests.factories import create_contract, create_receivable, create_settings, create_wallet
from tests.receivables.making import create_boleto
from tests.support.forms import post

PAGE = "/financeiro/emissao"


@pytest.fixture
def five(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Five titles of R$ 119,90 on pages of two, the first to fall due first."""
    monkeypatch.setattr(queries.search, "__defaults__", (2,))
    with app.app_context():
        create_settings()
        contract = create_contract(wallet=create_wallet())
        return [
            create_boleto(
                contract=contract, due_date=date(2026, 12, day), competence=date(2020, day, 1)
            ).id
            for day in range(1, 6)
        ]


def fields(page: str, *ticked: int, **more: str) -> dict[str, Any]:
    """What the form of this page sends when these boxes are ticked, beside those that are."""
    return {
        "escolhidos": re.search(r'name="escolhidos" value="([\d,]*)"', page)[1],  # type: ignore[index]
        "pagina": re.search(r'name="pagina" value="([^"]*)"', page)[1],  # type: ignore[index]
        "titulo": [str(key) for key in (*boxes(page, checked=True), *ticked)],
    } | more


def boxes(page: str, *, checked: bool = False) -> list[int]:
    """The titles that have a box on this page; only those ticked."""
    found = re.findall(r'name="titulo" value="(\d+)"( checked)?', page)
    return [int(key) for key, on in found if on or not checked]


def following(page: str) -> str:
    return re.search(r'name="ir" value="([\d.-]+)"', page)[1]  # type: ignore[index]


def chosen(page: str) -> list[int]:
    """What the confirmation page was given."""
    return [int(key) for key in page.split('name="titulo" value="')[1].split('"')[0].split(",")]


def test_what_is_ticked_on_two_pages_goes_into_one_action(
    finance: FlaskClient, five: Sequence[int]
) -> None:
    first = finance.get(PAGE).text
    assert boxes(first) == five[:2]
    second = post(finance, PAGE, fields(first, five[1], ir=following(first))).text
    assert boxes(second) == five[2:4]
    assert "1 título, R$\xa0119,90" in second
    third = post(finance, PAGE, fields(second, five[2], ir=following(second))).text
    assert "2 títulos, R$\xa0239,80" in third
    printed = post(finance, f"{PAGE}/imprimir", fields(third, five[4])).text
    assert chosen(printed) == [five[1], five[2], five[4]]


def test_a_tick_can_be_taken_back_on_the_page_where_it_was_made(
    finance: FlaskClient, five: Sequence[int]
) -> None:
    first = finance.get(PAGE).text
    second = post(finance, PAGE, fields(first, *five[:2], ir=following(first))).text
    back = post(finance, PAGE, fields(second, ir="inicio")).text
    assert boxes(back, checked=True) == five[:2]
    kept = fields(back) | {"titulo": [str(five[0])]}
    assert "1 título, " in post(finance, f"{PAGE}/selecao", kept).text


def test_all_of_the_filter_are_chosen_and_none_of_another(
    app: Flask, finance: FlaskClient, five: Sequence[int]
) -> None:
    with app.app_context():
        create_receivable(due_date=date(2027, 1, 5))
    url = f"{PAGE}?ate=2026-12-31"
    page = finance.get(url).text
    assert "Selecionar todos os 5 do filtro" in page
    everything = post(finance, url, fields(page, ir="todos")).text
    assert "5 títulos, R$\xa0599,50" in everything
    assert chosen(post(finance, f"{PAGE}/imprimir", fields(everything)).text) == five
    nothing = post(finance, url, fields(everything, ir="nenhum")).text
    assert "0 títulos" in nothing
    assert boxes(nothing, checked=True) == []


def test_the_selection_has_a_bound(
    finance: FlaskClient, five: Sequence[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "MAX_SELECTED", 3)
    monkeypatch.setattr(views, "MAX_SELECTED", 3)
    monkeypatch.setattr(queries, "COUNTED", 3)
    page = finance.get(PAGE).text
    assert "reduza o filtro a 3 títulos" in page
    assert 'value="todos"' not in page
    refused = post(finance, PAGE, fields(page, ir="todos"))
    assert refused.status_code == 400
    assert "no máximo 3" in refused.text


def test_htmx_gets_the_sum_alone(finance: FlaskClient, five: Sequence[int]) -> None:
    part = {"HX-Request": "true", "HX-Request-Type": "partial"}
    answer = post(finance, f"{PAGE}/selecao", {"titulo": str(five[0])}, headers=part)
    assert "1 título, R$\xa0119,90" in answer.text
    assert "<html" not in answer.text


def test_going_back_from_an_action_keeps_the_selection(
    finance: FlaskClient, five: Sequence[int]
) -> None:
    asked = post(finance, f"{PAGE}/cancelar", {"titulo": f"{five[1]},{five[4]}"}).text
    assert 'formaction="/financeiro/emissao"' in asked
    back = post(finance, PAGE, {"titulo": f"{five[1]},{five[4]}"}).text
    assert boxes(back, checked=True) == [five[1]]
    assert "2 títulos, R$\xa0239,80" in back
