"""Emissão de boletos: the report and printing."""

import re
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.issuance import forms
from portal.receivables.models import Receivable, ReceivableStatus
from portal.settings.models import DeliveryType
from tests.deliveries_screens.making import create_queued, create_sent
from tests.factories import (
    NOON,
    create_client,
    create_contract,
    create_receivable,
    create_settings,
    create_wallet,
)
from tests.receivables.making import create_boleto, selects
from tests.support.forms import post

PAGE = "/financeiro/emissao"


def _titles(app: Flask, count: int = 2, **values: Any) -> list[int]:
    """`count` titles with boletos, each of a client of its own; the parameters stand."""
    with app.app_context():
        create_settings()
        return [create_boleto(**values).id for _ in range(count)]


def _chosen(page: str) -> str:
    return page.split('name="titulo" value="')[1].split('"')[0]


# --- the report


def test_only_open_titles_are_shown_unless_asked(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        create_receivable(document_number="O-1")
        create_receivable(document_number="P-1", status=ReceivableStatus.PAID)
    assert ">P-1<" not in finance.get(PAGE).text
    assert ">P-1<" in finance.get(f"{PAGE}?situacao=").text
    assert ">O-1<" not in finance.get(f"{PAGE}?situacao=paid").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"A-1", "B-1", "C-1"}),
        ("cliente=conceicao", {"A-1"}),
        ("cliente=b-1", {"B-1"}),
        ("cidade=são", {"B-1"}),
        ("cidade=%25", set()),
        ("tipo=printed", {"C-1"}),
        ("enviado=sim", {"A-1"}),
        ("enviado=nao", {"B-1", "C-1"}),
        ("impresso=sim", {"C-1"}),
        ("impresso=nao", {"A-1", "B-1"}),
        ("de=2026-12-11", {"B-1"}),
        ("ate=2026-12-10", {"A-1", "C-1"}),
        ("carteira=1", {"A-1"}),
        ("carteira=x&de=x&tipo=x&enviado=x&situacao=open", {"A-1", "B-1", "C-1"}),
    ],
)
def test_the_filters_of_the_url_narrow_the_report(
    app: Flask, finance: FlaskClient, query: str, found: set[str]
) -> None:
    with app.app_context():
        ana = create_client(name="Maria da CONCEIÇÃO")
        beto = create_client(name="Beto", city="SÃO PAULO")
        first, other = create_wallet(), create_wallet()
        create_sent(
            receivable=create_boleto(
                document_number="A-1", contract=create_contract(client=ana, wallet=first)
            )
        )
        create_receivable(
            document_number="B-1",
            contract=create_contract(client=beto, wallet=other),
            due_date=date(2026, 12, 15),
        )
        create_receivable(
            document_number="C-1",
            contract=create_contract(client=create_client(name="Zeca"), wallet=other),
            delivery_type=DeliveryType.PRINTED,
            printed_at=NOON,
        )
        query = query.replace("carteira=1", f"carteira={first.id}")
    page = finance.get(f"{PAGE}?{query}").text
    assert {name for name in ("A-1", "B-1", "C-1") if f">{name}<" in page} == found


def test_the_report_says_what_was_sent_and_what_waits(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        waiting = create_boleto(document_number="W-1")
        create_queued(receivable=waiting)
        create_sent(receivable=create_boleto(document_number="S-1"))
    page = finance.get(PAGE).text
    assert "na fila" in page.split(">W-1<")[1].split("</tr>")[0]
    assert re.search(r"\d\d:\d\d", page.split(">S-1<")[1].split("</tr>")[0])


def test_the_report_takes_the_same_queries_for_one_title_and_for_thirty(
    app: Flask, finance: FlaskClient
) -> None:
    with app.app_context():
        create_receivable()
    few = selects(app, finance, PAGE)
    with app.app_context():
        for _ in range(29):
            create_receivable()
    assert selects(app, finance, PAGE) == few
    assert few <= 9


def test_a_reader_sees_the_report_without_its_actions(app: Flask, reader: FlaskClient) -> None:
    _titles(app, 1)
    page = reader.get(PAGE).text
    assert "Enviar por e-mail" not in page
    assert 'name="titulo"' not in page
    for path in ("imprimir", "impressos", "enviar", "enviar/confirmar"):
        assert post(reader, f"{PAGE}/{path}", {"titulo": "1"}).status_code == 403


def test_the_tip_leads_to_the_list_of_variables(finance: FlaskClient) -> None:
    assert f'href="{PAGE}/variaveis"' in finance.get(PAGE).text
    page = finance.get(f"{PAGE}/variaveis").text
    assert "Variáveis de E-mail - Emissão de Boletos" in page
    assert "#boleto_linha_digitavel#" in page


# --- printing


def test_the_chosen_boletos_make_one_pdf_in_the_order_shown(
    app: Flask, finance: FlaskClient
) -> None:
    ids = _titles(app, 3)
    order = [ids[2], ids[0]]
    page = post(finance, f"{PAGE}/imprimir", {"titulo": [str(item) for item in order]})
    assert _chosen(page.text) == ",".join(map(str, order))
    answer = post(finance, f"{PAGE}/boletos.pdf", {"titulo": _chosen(page.text)})
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    pages = [page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages]
    with app.app_context():
        lines = [db.session.get_one(Receivable, item).linha_digitavel for item in order]
    assert len(pages) == 2
    for text, line in zip(pages, lines, strict=True):
        assert line in text
    carne = post(finance, f"{PAGE}/boletos.pdf", {"titulo": _chosen(page.text), "modelo": "carne"})
    assert len(PdfReader(BytesIO(carne.data)).pages) == 1


def test_titles_are_printed_when_a_person_says_so(app: Flask, finance: FlaskClient) -> None:
    ids = _titles(app, 2)
    post(finance, f"{PAGE}/imprimir", {"titulo": str(ids[0])})
    post(finance, f"{PAGE}/boletos.pdf", {"titulo": str(ids[0])})
    with app.app_context():
        assert db.session.get_one(Receivable, ids[0]).printed_at is None
    assert post(finance, f"{PAGE}/impressos", {"titulo": str(ids[0])}).status_code == 303
    with app.app_context():
        assert db.session.get_one(Receivable, ids[0]).printed_at is not None
        assert db.session.get_one(Receivable, ids[1]).printed_at is None
        assert db.session.scalars(select(AuditEvent.action)).all() == ["issuance.print"]


def test_a_title_without_boleto_is_left_out_of_the_print(app: Flask, finance: FlaskClient) -> None:
    ids = _titles(app, 1)
    with app.app_context():
        bare = create_receivable().id
    page = post(finance, f"{PAGE}/imprimir", {"titulo": [str(ids[0]), str(bare)]}).text
    assert "1 título selecionado não tem boleto" in page
    assert _chosen(page) == str(ids[0])
    assert "Nenhum dos títulos" in post(finance, f"{PAGE}/imprimir", {"titulo": str(bare)}).text


@pytest.mark.parametrize("chosen", ["", "abc", "1,x", "-1", "99999999999999999999"])
def test_a_selection_that_makes_no_sense_is_refused(
    app: Flask, finance: FlaskClient, chosen: str
) -> None:
    for path in ("imprimir", "enviar", "boletos.pdf", "impressos"):
        answer = post(finance, f"{PAGE}/{path}", {"titulo": chosen})
        assert answer.status_code == 400, path
    assert post(finance, f"{PAGE}/enviar", {"titulo": "999"}).status_code == 404


def test_all_of_the_filter_may_be_chosen_at_once(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        create_settings()
        wanted = create_wallet()
        ids = [create_boleto(contract=create_contract(wallet=wanted)).id for _ in range(3)]
        create_boleto()
        wallet_id = wanted.id
    page = post(finance, f"{PAGE}/imprimir?carteira={wallet_id}", {"todos": "1"})
    assert _chosen(page.text) == ",".join(map(str, sorted(ids, reverse=True)))


def test_more_than_the_limit_is_refused(app: Flask, finance: FlaskClient, monkeypatch: Any) -> None:
    monkeypatch.setattr(forms, "MAX_SELECTED", 2)
    ids = _titles(app, 3)
    answer = post(finance, f"{PAGE}/imprimir", {"titulo": ",".join(map(str, ids))})
    assert answer.status_code == 400
    assert "no máximo 2" in answer.text
