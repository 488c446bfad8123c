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
from portal.deliveries.states import State
from portal.generation.models import Generation
from portal.issuance import export, forms, narrowing, print_views, queries
from portal.receivables.models import Receivable, ReceivableStatus
from portal.settings.models import DeliveryType
from tests.conftest import signed_in
from tests.deliveries_screens.making import create_queued, create_sent
from tests.factories import (
    NOON,
    TODAY,
    create_client,
    create_contract,
    create_message,
    create_receivable,
    create_settings,
    create_wallet,
)
from tests.receivables.making import create_boleto
from tests.support.counting import plans, selects
from tests.support.forms import post
from tests.support.pages import words

PAGE = "/financeiro/emissao"


def _titles(app: Flask, count: int = 2, **values: Any) -> list[int]:
    """`count` titles with boletos, each of a client of its own; the parameters stand."""
    with app.app_context():
        create_settings()
        return [create_boleto(**values).id for _ in range(count)]


def _chosen(page: str) -> str:
    return page.split('name="titulo" value="')[1].split('"')[0]


def _run() -> Generation:
    run = Generation(
        request_key="k",
        requested_by="Ana",
        competence=date(2026, 12, 1),
        created_at=NOON,
        today=TODAY,
    )
    db.session.add(run)
    db.session.commit()
    return run


def _row(page: str, document: str) -> str:
    return page.split(f">{document}<")[1].split("</tr>")[0]


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
        ("cliente=111.444.777-35", {"B-1"}),
        ("cliente=K-77", {"C-1"}),
        ("cliente=nobody", set()),
        ("numero=c-1", {"C-1"}),
        ("numero=109/00020417-3", {"A-1"}),
        ("numero=109000204173", {"A-1"}),
        ("numero=20417", {"A-1"}),
        ("numero=2041", set()),
        ("cidade=são", {"B-1"}),
        ("cidade=sao+paulo&cliente=beto", {"B-1"}),
        ("cidade=%25", set()),
        ("tipo=printed", {"C-1"}),
        ("envio=enviado", {"A-1"}),
        ("envio=nunca", {"B-1", "C-1"}),
        ("envio=fila", set()),
        ("impresso=sim", {"C-1"}),
        ("impresso=nao", {"A-1", "B-1"}),
        ("de=2026-12-11", {"B-1"}),
        ("ate=2026-12-10", {"A-1", "C-1"}),
        ("carteira=1", {"A-1"}),
        ("geracao=1", {"B-1"}),
        ("carteira=x&de=x&tipo=x&envio=x&situacao=open", {"A-1", "B-1", "C-1"}),
    ],
)
def test_the_filters_of_the_url_narrow_the_report(
    app: Flask, finance: FlaskClient, query: str, found: set[str]
) -> None:
    with app.app_context():
        ana = create_client(name="Maria da CONCEIÇÃO")
        beto = create_client(name="Beto", city="SÃO PAULO", cpf_cnpj="11144477735")
        run = _run()
        first, other = create_wallet(), create_wallet()
        create_sent(
            receivable=create_boleto(
                document_number="A-1", contract=create_contract(client=ana, wallet=first)
            )
        )
        numbered = db.session.scalars(select(Receivable)).one()
        numbered.nosso_numero, numbered.sequence = "109/00020417-3", 20417
        create_receivable(
            document_number="B-1",
            contract=create_contract(client=beto, wallet=other),
            generation_id=run.id,
            due_date=date(2026, 12, 15),
        )
        create_receivable(
            document_number="c-1",
            contract=create_contract(
                client=create_client(name="Zeca", code="K-77"), wallet=other, code="c"
            ),
            delivery_type=DeliveryType.PRINTED,
            printed_at=NOON,
        )
        query = query.replace("carteira=1", f"carteira={first.id}")
        query = query.replace("geracao=1", f"geracao={run.id}")
    page = finance.get(f"{PAGE}?{query}").text
    shown = {name for name in ("A-1", "B-1", "C-1") if f">{name}<" in page.replace("c-1", "C-1")}
    assert shown == found


def test_the_report_says_what_was_sent_and_what_waits(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        waiting = create_boleto(document_number="W-1")
        create_queued(receivable=waiting)
        create_sent(receivable=create_boleto(document_number="S-1"))
    page = finance.get(PAGE).text
    assert "Na fila" in _row(page, "W-1")
    assert "Enviado" in _row(page, "S-1")
    assert re.search(r"\d\d:\d\d", _row(page, "S-1"))


@pytest.mark.parametrize("many", [False, True], ids=["few", "many"])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("fila", {"W-1", "V-1"}),
        ("enviado", {"S-1", "V-1", "R-1"}),
        ("incerto", {"U-1"}),
        ("falhou", {"F-1", "T-1"}),
        ("nunca", {"N-1", "C-1"}),
    ],
)
def test_a_title_is_found_by_what_became_of_its_e_mails(
    app: Flask,
    finance: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    found: set[str],
    many: bool,
) -> None:
    monkeypatch.setattr(narrowing, "FEW_TITLES", 0 if many else 1000)
    states = {
        "W-1": ["queued"],
        "V-1": ["sent", "queued"],
        "S-1": ["sent"],
        "R-1": ["failed", "sent"],
        "U-1": ["uncertain"],
        "F-1": ["failed"],
        "T-1": ["bounced"],
        "C-1": ["cancelled"],
        "N-1": [],
    }
    with app.app_context():
        for name, of_title in states.items():
            title = create_receivable(document_number=name)
            for state in of_title:
                accepted = NOON if state == "sent" else None
                create_message(receivable=title, state=State(state), accepted_at=accepted)
    page = finance.get(f"{PAGE}?envio={query}").text
    assert {name for name in states if f">{name}<" in page} == found


@pytest.mark.parametrize("words", ["cliente=maria", "cidade=campinas"])
def test_a_search_that_leaves_many_clients_finds_the_same(
    app: Flask, finance: FlaskClient, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    with app.app_context():
        for number in range(3):
            create_receivable(document_number=f"M-{number}")
        stranger = create_client(name="Outro", city="Itu")
        create_receivable(document_number="O-1", contract=create_contract(client=stranger))
    few = finance.get(f"{PAGE}?{words}").text
    monkeypatch.setattr(narrowing, "FEW_CLIENTS", 1)
    many = finance.get(f"{PAGE}?{words}").text
    for page in (few, many):
        assert [name for name in ("M-0", "M-1", "M-2", "O-1") if f">{name}<" in page] == [
            "M-0",
            "M-1",
            "M-2",
        ]


def test_pages_follow_by_due_date_and_leave_out_none_that_fall_due_together(
    app: Flask, finance: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries.search, "__defaults__", (2,))
    days = [12, 10, 10, 10, 11, 10]
    with app.app_context():
        wallet = create_wallet()
        for number, day in enumerate(days):
            create_receivable(
                contract=create_contract(wallet=wallet),
                due_date=date(2026, 12, day),
                document_number=f"K-{number}",
            )
    reader = signed_in(app, role="consulta", email="k@example.com")
    seen: list[str] = []
    url: str | None = PAGE
    while url:
        page = reader.get(url).text
        seen += re.findall(r">(K-\d)<", page)
        following = re.search(r'href="([^"]*depois=[^"]+)">Próximos', page)
        url = following[1].replace("&amp;", "&") if following else None
    assert seen == ["K-1", "K-2", "K-3", "K-5", "K-4", "K-0"]


def test_a_sum_over_many_titles_is_made_only_when_asked(
    app: Flask, finance: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "COUNTED", 2)
    with app.app_context():
        for _ in range(3):
            create_receivable()
    page = finance.get(f"{PAGE}?tipo=email").text
    assert "Mais de" in page
    assert "R$\xa0359,70" not in page
    assert "3 títulos · R$\xa0359,70" in finance.get(f"{PAGE}?tipo=email&somar=1").text


def test_a_rare_filter_is_searched_a_part_at_a_time_and_says_how_far(
    app: Flask, reader: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(narrowing, "FEW_CLIENTS", 0)
    monkeypatch.setattr(queries, "JUDGED_FIRST", 2)
    monkeypatch.setattr(queries, "JUDGED", 3)
    with app.app_context():
        rare, other = create_client(city="Itu"), create_client(city="Mococa")
        for number, owner in enumerate((other, rare, other, other, other, other, other, rare), 1):
            create_receivable(
                contract=create_contract(client=owner),
                due_date=date(2026, 12, number),
                document_number=f"R-{number}",
            )
    pages, url = [], f"{PAGE}?cidade=itu"
    while url:
        page = reader.get(url).text
        pages.append(re.findall(r">(R-\d)<", page))
        following = re.search(r'href="([^"]*depois=[^"]+)">Procurar nos seguintes', page)
        url = following[1].replace("&amp;", "&") if following else ""
    assert pages == [["R-2"], [], ["R-8"]]
    first = words(reader.get(f"{PAGE}?cidade=itu"))
    assert "Ao menos 1 título · Contar e somar todos" in first
    assert "Procurado até o vencimento 03/12/2026." in first
    assert "2 títulos · R$\xa0" in reader.get(f"{PAGE}?cidade=itu&somar=1").text


def test_what_became_of_a_title_is_looked_up_by_the_title(
    app: Flask, reader: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Led by the state, every title would read every e-mail of that state."""
    monkeypatch.setattr(narrowing, "FEW_TITLES", 0)
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            pytest.skip("the plans of PostgreSQL depend on what it knows of the rows")
        create_receivable()
    with plans(app) as steps:
        reader.get(f"{PAGE}?envio=enviado")
    assert [step for step in steps if "ix_email_message_receivables_receivable_id" in step]
    # Once: the question whether they are few.
    assert len([step for step in steps if "ix_email_messages_state" in step]) <= 1


def test_the_file_has_every_title_of_the_filter_and_no_formula(
    app: Flask, reader: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "CHUNK", 2)
    with app.app_context():
        evil = create_client(name="=cmd()")
        create_receivable(document_number="X-0", contract=create_contract(client=evil))
        for number in range(1, 5):
            create_receivable(document_number=f"X-{number}")
        create_receivable(document_number="Y-1", delivery_type=DeliveryType.PRINTED)
    answer = reader.get(f"{PAGE}/titulos.csv?tipo=email")
    text = answer.data.decode("utf-8-sig")
    assert re.findall(r"X-\d|Y-1", text) == ["X-0", "X-1", "X-2", "X-3", "X-4"]
    assert "'=cmd()" in text
    assert "Não enviado" in text
    monkeypatch.setattr(export, "MOST", 3)
    assert reader.get(f"{PAGE}/titulos.csv?tipo=email").status_code == 400


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
    assert few <= 10


def test_a_reader_sees_the_report_without_its_actions(app: Flask, reader: FlaskClient) -> None:
    _titles(app, 1)
    page = reader.get(PAGE).text
    assert "Enviar por e-mail" not in page
    assert 'name="titulo"' not in page
    assert post(reader, PAGE, {"ir": "todos"}).status_code == 403
    for path in (
        *("imprimir", "impressos", "nao-impressos", "enviar", "enviar/confirmar", "selecao"),
        *("baixar", "baixar/confirmar", "cancelar", "cancelar/confirmar"),
    ):
        assert post(reader, f"{PAGE}/{path}", {"titulo": "1"}).status_code == 403


def test_the_tip_leads_to_the_list_of_variables(finance: FlaskClient) -> None:
    assert f'href="{PAGE}/variaveis"' in finance.get(PAGE).text
    page = finance.get(f"{PAGE}/variaveis").text
    assert "Variáveis de E-mail - Emissão de Boletos" in page
    assert "#boleto_linha_digitavel#" in page


# --- printing


def test_the_chosen_boletos_make_one_pdf_in_the_order_of_the_report(
    app: Flask, finance: FlaskClient
) -> None:
    with app.app_context():
        create_settings()
        late, early = (create_boleto(due_date=date(2026, 12, day)).id for day in (20, 5))
    order = [early, late]
    page = post(finance, f"{PAGE}/imprimir", {"titulo": [str(late), str(early)]})
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


def test_many_boletos_are_printed_in_parts(
    app: Flask, finance: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(print_views, "PER_PDF", 2)
    ids = _titles(app, 3)
    whole = ",".join(map(str, ids))
    page = post(finance, f"{PAGE}/imprimir", {"titulo": whole}).text
    assert re.findall(r'name="titulo" value="([\d,]+)">Abrir', page) == [
        f"{ids[0]},{ids[1]}",
        str(ids[2]),
    ]
    refused = post(finance, f"{PAGE}/boletos.pdf", {"titulo": whole})
    assert refused.status_code == 400
    assert "imprima em partes" in refused.text


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


def test_marking_keeps_what_was_marked_and_can_be_taken_back(
    app: Flask, finance: FlaskClient
) -> None:
    with app.app_context():
        create_settings()
        before = create_boleto(printed_at=NOON, document_number="B-1").id
        fresh = create_boleto().id
        bare = create_receivable(document_number="N-1").id
    both = {"titulo": f"{before},{fresh},{bare}"}
    answer = post(finance, f"{PAGE}/impressos?tipo=email", both)
    assert answer.location == f"{PAGE}?tipo=email"
    told = finance.get(answer.location).text
    assert "1 boleto marcado como impresso." in told
    assert "já marcado como impresso (B-1)" in told
    assert "sem boleto (N-1)" in told
    with app.app_context():
        assert db.session.get_one(Receivable, before).printed_at == NOON
    post(finance, f"{PAGE}/nao-impressos", both)
    with app.app_context():
        assert db.session.get_one(Receivable, before).printed_at is None
        assert db.session.get_one(Receivable, fresh).printed_at is None
        actions = db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
        assert actions == ["issuance.print", "issuance.unprint"]


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


def test_more_than_the_limit_is_refused(app: Flask, finance: FlaskClient, monkeypatch: Any) -> None:
    monkeypatch.setattr(forms, "MAX_SELECTED", 2)
    ids = _titles(app, 3)
    answer = post(finance, f"{PAGE}/imprimir", {"titulo": ",".join(map(str, ids))})
    assert answer.status_code == 400
    assert "no máximo 2" in answer.text
