"""Whom a run is for, chosen on the screen."""

import pytest
from sqlalchemy import select

from portal.core.db import db
from portal.generation import service
from portal.generation.models import Generation
from portal.settings.models import FinancialSettings
from tests.factories import create_client, create_contract, create_settings, create_wallet
from tests.support.forms import post
from tests.support.pages import hidden, links, words

SIMULATE = "/financeiro/gerar/simular"


@pytest.fixture
def base(app, monkeypatch):
    monkeypatch.setattr(service, "start", lambda _number: True)
    with app.app_context():
        create_settings()
        wallet = create_wallet()
        ana = create_client(code="A1", city="Campinas")
        bia = create_client(code="B2", city="São Paulo")
        create_contract(code="1", client=ana, wallet=wallet, plan="FIBRA & CIA", due_day=5)
        create_contract(code="2", client=bia, wallet=wallet, plan="500M", due_day=10)
        create_contract(code="3", client=bia, wallet=wallet, plan="500M", due_day=31)


CHOICES = [
    ({"quem": "plano", "plano": "500M"}, 2, "plano 500M"),
    ({"quem": "plano", "plano": "FIBRA & CIA"}, 1, "plano FIBRA & CIA"),
    ({"quem": "cidade", "cidade": "Campinas"}, 1, "cidade Campinas"),
    ({"quem": "vencimento", "dia": "31"}, 1, "vencimento no dia 31"),
    ({"quem": "lista", "lista": "B2\r\nA1;\n"}, 3, "lista de 2 clientes"),
    ({"quem": "piloto", "clientes": "1"}, 1, "grupo piloto de 1 cliente"),
]


@pytest.mark.parametrize(("choice", "count", "scope"), CHOICES)
def test_a_choice_is_simulated_confirmed_and_told(app, finance, base, choice, count, scope):
    answer = finance.get(SIMULATE, query_string={"competencia": "2026-12", **choice})
    assert f"{count} contrato" in words(answer)
    location = post(finance, "/financeiro/gerar", hidden(answer)).location
    page = finance.get(location)
    assert scope in words(page)
    with app.app_context():
        generation = db.session.scalars(select(Generation)).one()
        service.run(generation.id, generation.created_at)
        assert db.session.get_one(Generation, 1).contracts == count
    with app.app_context():  # and the same choice can be made again
        db.session.get_one(Generation, 1).state = "cancelled"
        db.session.commit()
    again = finance.get(links(finance.get(location))["simule de novo"])
    assert f'value="{choice["quem"]}"' in again.text


def test_the_rest_is_offered_once_there_is_a_pilot(app, finance, base):
    answer = finance.get(f"{SIMULATE}?competencia=2026-12&quem=resto")
    assert answer.status_code == 422
    assert "Ainda não há grupo piloto" in words(answer)
    pilot = finance.get(f"{SIMULATE}?competencia=2026-12&quem=piloto&clientes=1")
    post(finance, "/financeiro/gerar", hidden(pilot))
    with app.app_context():
        assert len(db.session.get_one(FinancialSettings, 1).pilot_client_ids) == 1
    assert "O grupo piloto tem 1 cliente" in words(finance.get("/financeiro/gerar"))
    rest = finance.get(f"{SIMULATE}?competencia=2026-12&quem=resto")
    assert "2 contratos = 2 com título" in words(rest)


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"quem": "plano", "plano": "x"}, "Escolha um plano da lista."),
        ({"quem": "cidade", "cidade": ""}, "Escolha uma cidade da lista."),
        ({"quem": "vencimento", "dia": "32"}, "Informe um dia de 1 a 31."),
        ({"quem": "vencimento", "dia": ""}, "Informe um dia de 1 a 31."),
        ({"quem": "lista", "lista": " ,; "}, "Informe ao menos um código de cliente."),
        ({"quem": "lista", "lista": "A1,Z9"}, "Não há cliente com o código Z9."),
        ({"quem": "lista", "lista": "1," * 1001}, "No máximo 2000 caracteres."),
    ],
)
def test_a_choice_that_cannot_be_is_explained(finance, base, choice, sentence):
    answer = finance.get(SIMULATE, query_string={"competencia": "2026-12", **choice})
    assert answer.status_code == 422
    assert sentence in words(answer)


def test_contracts_without_a_title_are_listed_by_reason(app, finance, base):
    with app.app_context():
        create_contract(code="77", status="suspended")
    page = finance.get(f"{SIMULATE}?competencia=2026-12")
    found = finance.get(links(page)["Ver os contratos: Contrato suspenso ou cancelado"])
    assert {text for text in links(found) if text.isdigit()} == {"77"}
    assert "contrato suspenso" in words(found)
