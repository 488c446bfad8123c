"""Pages of the titles."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core.db import db
from portal.deliveries.labels import REASONS
from portal.receivables import queries
from portal.receivables.labels import NOT_SENT
from portal.receivables.models import Receivable, ReceivableStatus
from portal.settings.models import DeliveryType
from portal.web.search import search_all
from tests.deliveries_screens.making import create_sent
from tests.factories import create_client, create_contract, create_receivable, create_wallet
from tests.receivables.making import create_boleto
from tests.support.counting import selects
from tests.support.forms import post
from tests.support.pages import links


def _make(app: Flask, maker: Any = create_receivable, **values: Any) -> int:
    with app.app_context():
        return int(maker(**values).id)


def test_an_empty_list_leads_to_the_generation(finance: FlaskClient) -> None:
    page = finance.get("/financeiro/titulos")
    assert "Nenhum título ainda" in page.text
    assert "/financeiro/gerar" in page.text


def test_the_list_sums_what_the_filters_leave(app: Flask, finance: FlaskClient) -> None:
    _make(app, amount=Decimal("1000.50"), document_number="A-1")
    _make(app, amount=Decimal("10.25"), document_number="A-2", status=ReceivableStatus.PAID)
    assert "2 títulos · R$\xa01.010,75" in finance.get("/financeiro/titulos").text
    page = finance.get("/financeiro/titulos?situacao=paid")
    assert "1 título · R$\xa010,25" in page.text
    assert "A-1" not in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=conceicao", {"E-1"}),
        ("q=e-1", {"E-1"}),
        ("q=%25", set()),
        ("q=_", set()),
        ("q=%27%20OR%201=1--", set()),
        ("envio=email", {"E-1"}),
        ("envio=printed", {"P-1"}),
        ("envio=client_email", {"N-1"}),
        ("envio=nonsense", {"E-1", "P-1", "N-1"}),
        ("situacao=open&de=2026-12-11", {"P-1"}),
        ("ate=2026-12-10", {"E-1", "N-1"}),
        ("de=9999-99-99&contrato=abc&geracao=-1", {"E-1", "P-1", "N-1"}),
        ("contrato=99999999999999999999999", {"E-1", "P-1", "N-1"}),
        ("contrato=2147483648", {"E-1", "P-1", "N-1"}),
        ("contrato=2147483647", set()),
    ],
)
def test_the_filters_of_the_url_narrow_the_list(
    app: Flask, finance: FlaskClient, query: str, found: set[str]
) -> None:
    with app.app_context():
        client = create_client(name="MARIA DA CONCEIÇÃO")
        other = create_client(name="Pedro Paz")
        create_receivable(
            document_number="E-1", contract=create_contract(client=client), nosso_numero="109/1-2"
        )
        create_receivable(
            document_number="P-1",
            contract=create_contract(client=other),
            delivery_type=DeliveryType.PRINTED,
            due_date=date(2026, 12, 15),
        )
        create_receivable(
            document_number="N-1",
            contract=create_contract(client=other),
            not_sent_code="client_email",
        )
    page = finance.get(f"/financeiro/titulos?{query}").text
    assert {name for name in ("E-1", "P-1", "N-1") if f">{name}<" in page} == found


def test_a_sum_over_many_titles_is_made_only_when_asked(
    app: Flask, finance: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "COUNTED", 2)
    for number in range(3):
        _make(app, amount=Decimal("10.25"), document_number=f"S-{number}")
    page = finance.get("/financeiro/titulos?situacao=open")
    assert "Mais de 2 títulos" in page.text
    assert "30,75" not in page.text
    asked = finance.get(links(page)["Contar e somar todos"])
    assert "3 títulos · R$\xa030,75" in asked.text


def test_a_name_that_many_clients_share_and_a_frequent_status_find_the_same(
    app: Flask, finance: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "CLIENTS", 0)
    monkeypatch.setattr(queries, "FEW", 0)
    with app.app_context():
        for name, status in (
            ("Ana Conceição", ReceivableStatus.OPEN),
            ("ANA CONCEICAO", ReceivableStatus.PAID),
            ("Pedro Paz", ReceivableStatus.OPEN),
        ):
            contract = create_contract(client=create_client(name=name))
            create_receivable(
                contract=contract, document_number=f"{name[:3]}-{status}", status=status
            )
    page = finance.get("/financeiro/titulos?q=conceicao&situacao=open")
    assert re.findall(r">(\w{3}-\w+)<", page.text) == ["Ana-open"]
    asked = finance.get(links(page)["Contar e somar todos"])
    assert "1 título ·" in asked.text


def test_a_title_is_found_by_its_numbers_typed_in_any_way(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        title = create_boleto(document_number="X-77")
        number, line = title.nosso_numero, title.linha_digitavel
    plain_line = line.replace(".", "").replace(" ", "")
    plain_number = "".join(filter(str.isdigit, number))
    for typed in (number, plain_number, line, plain_line, "x-77"):
        page = finance.get("/financeiro/titulos", query_string={"q": typed})
        assert ">X-77<" in page.text, typed


def test_the_top_search_finds_titles_by_number(app: Flask) -> None:
    title_id = _make(app, create_boleto, document_number="2026-777")
    with app.test_request_context():
        groups = dict(search_all("2026-777"))
    assert [hit.url for hit in groups["Títulos"]] == [f"/financeiro/titulos/{title_id}"]


def test_htmx_gets_the_table_alone(app: Flask, finance: FlaskClient) -> None:
    _make(app, document_number="H-1")
    page = finance.get(
        "/financeiro/titulos", headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert ">H-1<" in page.text
    assert "<html" not in page.text


def test_long_lists_go_on_by_key(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        contract = create_contract()
        for month in range(52):
            create_receivable(
                contract=contract,
                competence=date(2020 + month // 12, month % 12 + 1, 1),
                document_number=f"L-{month:02}",
            )
    first = finance.get("/financeiro/titulos?situacao=open").text
    assert ">L-51<" in first
    assert ">L-01<" not in first
    assert "situacao=open&amp;depois=" in first
    after = first.split("depois=")[1].split('"')[0]
    second = finance.get(f"/financeiro/titulos?situacao=open&depois={after}").text
    assert ">L-01<" in second
    assert ">L-02<" not in second


def test_the_list_takes_the_same_queries_for_one_title_and_for_thirty(
    app: Flask, finance: FlaskClient
) -> None:
    _make(app)
    few = selects(app, finance, "/financeiro/titulos")
    with app.app_context():
        wallet = create_wallet()
        for _ in range(29):
            create_receivable(contract=create_contract(wallet=wallet))
    assert selects(app, finance, "/financeiro/titulos") == few
    assert few <= 6


def test_the_clients_tab_shows_only_the_clients_titles(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        mine = create_receivable(document_number="M-1")
        create_receivable(document_number="O-1")
        client_id = mine.client_id
    page = reader.get(f"/clientes/{client_id}/financeiro")
    assert ">M-1<" in page.text
    assert ">O-1<" not in page.text
    assert reader.get("/clientes/9999/financeiro").status_code == 404


def test_a_title_tells_its_numbers_and_that_its_delivery_type_is_frozen(
    app: Flask, reader: FlaskClient
) -> None:
    with app.app_context():
        title = create_boleto()
        wanted = [title.nosso_numero, title.linha_digitavel, title.codigo_barras, title.client.name]
        title_id = title.id
    page = reader.get(f"/financeiro/titulos/{title_id}").text
    assert all(text in page for text in wanted)
    assert "Como estava quando o título foi gerado" in page
    assert "/por-que" in page
    assert "Baixar como pago" not in page  # a reader may not


def test_markup_in_names_is_shown_as_text(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        client = create_client(name="<script>alert(1)</script>")
        title = create_boleto(contract=create_contract(client=client))
        urls = [f"/financeiro/titulos/{title.id}", "/financeiro/titulos"]
    for url in urls:
        page = reader.get(url).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_an_open_title_is_settled_once(app: Flask, finance: FlaskClient) -> None:
    title_id = _make(app)
    answer = post(finance, f"/financeiro/titulos/{title_id}/baixar")
    assert (answer.status_code, answer.location) == (303, f"/financeiro/titulos/{title_id}")
    assert "baixado como pago" in finance.get(answer.location).text
    assert post(finance, f"/financeiro/titulos/{title_id}/baixar").status_code == 409
    cancelling = f"/financeiro/titulos/{title_id}/cancelar"
    assert post(finance, cancelling, {"motivo": "engano"}).status_code == 409
    with app.app_context():
        assert db.session.get_one(Receivable, title_id).status == ReceivableStatus.PAID


def test_settling_can_be_undone_and_both_are_told(app: Flask, finance: FlaskClient) -> None:
    title_id = _make(app)
    url = f"/financeiro/titulos/{title_id}"
    post(finance, f"{url}/baixar", {"data": "2026-01-20"})
    page = finance.get(url).text
    assert "pago em 20/01/2026" in page
    assert "baixado como pago em 20/01/2026" in page
    assert post(finance, f"{url}/estornar").status_code == 303
    page = finance.get(url).text
    assert "em aberto de novo" in page
    assert "com a baixa estornada" in page
    assert post(finance, f"{url}/estornar").status_code == 409
    with app.app_context():
        title = db.session.get_one(Receivable, title_id)
        assert (title.status, title.settled_at) == (ReceivableStatus.OPEN, None)


def test_cancelling_a_title_wants_a_reason(app: Flask, finance: FlaskClient) -> None:
    title_id = _make(app)
    url = f"/financeiro/titulos/{title_id}"
    assert post(finance, f"{url}/cancelar", {"motivo": " "}).status_code == 400
    post(finance, f"{url}/cancelar", {"motivo": "plano trocado"})
    assert "plano trocado" in finance.get(url).text


def test_a_title_shows_its_e_mails_and_why_it_was_not_sent(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        sent = create_boleto()
        message = create_sent(receivable=sent, recipient="quem@example.com")
        printed = create_receivable(delivery_type=DeliveryType.PRINTED)
        urls = [f"/financeiro/titulos/{title.id}" for title in (sent, printed)]
        link = f"/sistema/log-email/{message.id}"
    page = reader.get(urls[0]).text
    assert "quem@example.com" in page
    assert link in page
    assert "Não prova" in page or "não prova" in page
    assert "Nenhum e-mail levou este título" in reader.get(urls[1]).text


def test_who_may_only_read_cannot_end_a_title(app: Flask, reader: FlaskClient) -> None:
    title_id = _make(app)
    for action in ("baixar", "cancelar", "estornar"):
        assert post(reader, f"/financeiro/titulos/{title_id}/{action}").status_code == 403
        assert reader.get(f"/financeiro/titulos/{title_id}/{action}").status_code == 405
    with app.app_context():
        assert db.session.get_one(Receivable, title_id).status == ReceivableStatus.OPEN


def test_the_boleto_is_a_pdf_with_a_safe_name_that_no_cache_keeps(
    app: Flask, reader: FlaskClient
) -> None:
    title_id = _make(app, create_boleto, document_number='../1"\r\nX: y')
    answer = reader.get(f"/financeiro/titulos/{title_id}/boleto.pdf")
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF")
    assert answer.headers["Cache-Control"] == "no-store"
    name = answer.headers["Content-Disposition"]
    assert re.fullmatch(r'inline; filename="boleto-2026-12-10-[A-Za-z0-9.-]+\.pdf"', name)


def test_a_title_without_bank_data_has_no_pdf_and_says_why(app: Flask, reader: FlaskClient) -> None:
    title_id = _make(app)
    answer = reader.get(f"/financeiro/titulos/{title_id}/boleto.pdf")
    assert answer.status_code == 404
    assert "dados bancários" in answer.text


def test_the_words_for_not_sent_are_those_of_the_rule() -> None:
    assert {code: REASONS[code] for code in NOT_SENT} == NOT_SENT
