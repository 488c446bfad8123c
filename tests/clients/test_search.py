"""The search of the top bar: what it finds by, and that no title is read in vain."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core.db import db
from tests.factories import create_client, create_contract
from tests.receivables.making import create_boleto
from tests.support.counting import plans


@pytest.fixture
def linha(app: Flask) -> str:
    """Zoé has a contract and a title with its boleto; so has another client. Zoé's line."""
    with app.app_context():
        create_boleto(contract=create_contract(), document_number="OUTRO-1", sequence=1)
        client = create_client(name="Zoé Ávila", code="Z-1", cpf_cnpj="11144477735")
        contract = create_contract(client=client, code="CT-88")
        title = create_boleto(contract=contract, document_number="88-0731", sequence=2)
        return title.linha_digitavel


def _found(person: FlaskClient, text: str) -> list[str]:
    html = person.get("/busca", query_string={"q": text}, headers={"HX-Request-Type": "partial"})
    return re.findall(r'<li><a href="[^"]+">([^<]+)</a>', html.text)


@pytest.mark.parametrize("text", ["zoe avila", "Z-1", "111.444.777-35"])
def test_a_client_brings_their_contracts_and_titles(
    linha: str, reader: FlaskClient, text: str
) -> None:
    assert _found(reader, text) == ["Zoé Ávila", "Contrato CT-88", "88-0731 · Zoé Ávila"]


@pytest.mark.parametrize("text", ["88-07", "109/00000002", "00000002"])
def test_a_title_is_found_by_its_numbers(linha: str, reader: FlaskClient, text: str) -> None:
    assert _found(reader, text) == ["88-0731 · Zoé Ávila"]


def test_a_title_is_found_by_its_whole_line_with_and_without_dots(
    linha: str, reader: FlaskClient
) -> None:
    for text in (linha, re.sub(r"\D", "", linha)):
        assert _found(reader, text) == ["88-0731 · Zoé Ávila"]
    assert _found(reader, re.sub(r"\D", "", linha)[:-1] + "9") == []


def test_a_contract_is_found_by_the_beginning_of_its_code(linha: str, reader: FlaskClient) -> None:
    assert _found(reader, "CT-8") == ["Contrato CT-88"]


def test_the_top_bar_shows_nothing_where_nothing_is_typed(linha: str, reader: FlaskClient) -> None:
    answer = reader.get("/busca?q=", headers={"HX-Request-Type": "partial"})
    assert answer.text.strip() == ""


@pytest.mark.parametrize("text", ["88-07", "00000002", "zoe", "linha"])
def test_an_index_leads_to_every_title(
    app: Flask, linha: str, reader: FlaskClient, text: str
) -> None:
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            pytest.skip("reads the plans of SQLite")
    with plans(app) as lines:
        assert _found(reader, linha if text == "linha" else text)
    assert [line for line in lines if re.match(r"SCAN receivables\b", line)] == []
