"""What the log's search finds, its pages, and how many there are."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core import clock
from portal.core.db import db
from portal.core.text import fold
from portal.deliveries import log_queries, log_search
from portal.deliveries.forms import LogFilters
from portal.deliveries.log_terms import Terms, terms
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import Kind, State
from portal.web.search import contains, starts_with
from tests.deliveries_screens.making import create_failed, create_queued, create_sent
from tests.factories import create_client, create_contract, create_message, create_receivable

LOG = "/sistema/log-email"


def _asked(**filters: Any) -> Terms:
    return terms(LogFilters(**filters), clock.now().date(), "America/Sao_Paulo")


def _walk(asked: Terms) -> Iterator[list[int]]:
    """The ids of each page."""
    after: int | None = None
    while True:
        page = log_queries.search(asked, clock.now(), after)
        yield [row.id for row in page.rows]
        if page.next_after is None:
            return
        after = page.next_after


@pytest.fixture
def log(app: Flask) -> None:
    """Three e-mails to tell apart."""
    with app.app_context():
        client = create_client(
            name="JOSÉ 100% [Fibra] d'Ávila", code="C-7", cpf_cnpj="12ABC34501DE35"
        )
        title = create_receivable(
            contract=create_contract(client=client),
            document_number="77-1226",
            sequence=123,
            nosso_numero="109/00000123-4",
        )
        create_sent(receivable=title, recipient="um_a@x.example", subject="Boleto Ônix")
        create_failed(recipient="umba@x.example", subject="outro")
        create_failed(recipient="tres@y.example", subject="conta jose")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("jose", {"um_a@x.example"}),  # the client goes before the subject of another
        ("100%", {"um_a@x.example"}),
        ("[fibra] D'AVILA", {"um_a@x.example"}),
        ("C-7", {"um_a@x.example"}),
        ("12.ABC.345", {"um_a@x.example"}),
        ("12abc34501de35", {"um_a@x.example"}),
        ("UM_A", {"um_a@x.example"}),  # an underscore is no wildcard
        ("um", set()),  # too short for the beginning of an address
        ("umb", {"umba@x.example"}),
        ("@x", set()),
        ("77-12", {"um_a@x.example"}),
        ("109/00000123-4", {"um_a@x.example"}),
        ("109000001234", {"um_a@x.example"}),
        ("00000123", {"um_a@x.example"}),
        ("999/00000123-4", set()),
        ("onix", {"um_a@x.example"}),
        ("OUTRO", {"umba@x.example"}),
        ("\\", set()),
        ("*", set()),
        ("' OR '1'='1", set()),
        ("9" * 60, set()),
    ],
)
def test_a_text_finds_clients_recipients_titles_and_else_subjects(
    log: None, finance: FlaskClient, text: str, found: set[str]
) -> None:
    page = finance.get(LOG, query_string={"q": text}).text.split('id="log"')[1]
    assert set(re.findall(r'title="(\S+@\S+)"', page)) == found


def test_a_text_that_finds_much_is_read_from_the_newest_on(
    app: Flask, log: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        few = log_search.sought("jose")
        expected = list(_walk(_asked(text="jose")))
        for name in ("FEW", "CLIENTS"):
            monkeypatch.setattr(log_search, name, 0)
        assert few.few
        assert not log_search.sought("jose").few
        assert list(_walk(_asked(text="jose"))) == expected


def test_pages_follow_the_moment_and_lose_no_row(
    app: Flask, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_queries, "PAGE_SIZE", 3)
    now = clock.now()
    made = [create_message(created_at=now - timedelta(hours=hour % 4)) for hour in range(10)]
    expected = [item.id for item in sorted(made, key=lambda m: (m.created_at, m.id), reverse=True)]
    pages = list(_walk(_asked()))
    assert [len(page) for page in pages] == [3, 3, 3, 1]
    assert [number for page in pages for number in page] == expected


def test_a_rare_match_among_many_rows_is_found_by_going_on(
    app: Flask, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, width in (("JUDGED_FIRST", 2), ("JUDGED", 4)):
        monkeypatch.setattr(log_queries, name, width)
    now = clock.now()
    rare = create_failed(subject="raro", created_at=now - timedelta(days=2))
    for number in range(9):
        create_sent(subject="comum", created_at=now - timedelta(minutes=number))
    asked = _asked(text="raro")
    first = log_queries.search(asked, now, None)
    assert (first.rows, first.next_after is None) == ([], False)
    assert first.searched_until is not None
    assert [number for page in _walk(asked) for number in page] == [rare.id]
    assert log_queries.total(asked) is None  # nobody counts what takes long to find


def test_the_page_says_how_far_it_searched(
    app: Flask, finance: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_queries, "JUDGED_FIRST", 1)
    monkeypatch.setattr(log_queries, "JUDGED", 1)
    with app.app_context():
        for _ in range(2):
            create_sent(subject="comum")
    page = finance.get(f"{LOG}?q=raro").text
    assert "Nada encontrado desde" in page
    assert "Procurar nos e-mails anteriores" in page


def test_the_number_is_exact_up_to_a_bound(
    app: Flask, finance: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_queries, "COUNTED", 2)
    with app.app_context():
        for _ in range(2):
            create_sent()
        create_failed()
    assert "<strong>mais de 2 e-mails.</strong>" in finance.get(LOG).text
    assert "<strong>2 e-mails.</strong>" in finance.get(f"{LOG}?estado=sent").text
    assert "<strong>1 e-mail.</strong>" in finance.get(f"{LOG}?estado=failed").text


def test_beyond_what_is_looked_at_a_move_is_offered_without_a_number(
    app: Flask, finance: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.deliveries.bulk.GLANCE", 1)
    with app.app_context():
        for _ in range(3):
            create_failed(recipient="muitos@x.example")
    assert "Reenviar os que falharam</a>" in finance.get(f"{LOG}?estado=failed").text
    confirm = finance.get(f"{LOG}/em-massa?fazer=reenviar&estado=failed").text
    assert "Reenviar os 3 que falharam" in confirm


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tipo=manual", {"manual"}),
        ("tipo=automatic", {"automatic"}),
        ("tipo=x", {"manual", "automatic", "test"}),
    ],
)
def test_the_log_narrows_by_kind(
    app: Flask, finance: FlaskClient, query: str, found: set[str]
) -> None:
    with app.app_context():
        for kind in Kind:
            create_message(kind=kind, recipient=f"{kind.value}@x.example")
    page = finance.get(f"{LOG}?{query}").text.split('id="log"')[1]
    assert {kind.value for kind in Kind if f"{kind.value}@x.example" in page} == found


def test_the_clients_tab_has_the_filters_and_the_file_of_its_own(
    app: Flask, reader: FlaskClient
) -> None:
    with app.app_context():
        mine = create_sent(recipient="mine@x.example")
        client_id = mine.client_id
        create_failed(recipient="wrong@x.example", client=mine.client)
        create_failed(recipient="other@x.example")
    url = f"/clientes/{client_id}/emails-enviados"
    page = reader.get(f"{url}?estado=failed&cliente=99").text.split('id="log"')[1]
    assert "wrong@x.example" in page
    assert "mine@x.example" not in page
    file = reader.get(f"{url}.csv?estado=failed").text
    assert "wrong@x.example" in file
    assert "other@x.example" not in file


def test_marked_messages_alone_are_moved(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        first, second, third = (create_failed().id for _ in range(3))
        queued = create_queued().id
    assert f'name="email" value="{first}"' in finance.get(LOG).text
    query = f"fazer=reenviar&email={first}&email={second}&email={queued}"
    confirm = finance.get(f"{LOG}/em-massa?{query}").text
    assert "2 e-mails.</strong> Filtros: 3 marcados no log." in confirm
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', confirm))
    assert finance.post(f"{LOG}/em-massa", data=hidden).status_code == 303
    with app.app_context():
        states = {item.id: item.state for item in db.session.query(EmailMessage)}
    assert states == {
        first: State.QUEUED,
        second: State.QUEUED,
        third: State.FAILED,
        queued: State.QUEUED,
    }


def test_text_is_found_whatever_its_case_and_accents(session: Any) -> None:
    names = ("AÇÃO", "ação", "Nº 1ª", "a*b?[c]d^e", "100%_x\\y", "Ñandú", "çã")
    for number, name in enumerate(names):
        create_client(name=name, code=str(number))
    from portal.clients.models import Client

    for text in (
        *names,
        "acao",
        "ACAO",
        "NO 1A",
        "*",
        "?",
        "[",
        "]",
        "%",
        "_",
        "\\",
        "nandu",
        "zz",
    ):
        found = set(db.session.scalars(db.select(Client.name).where(contains(Client.name, text))))
        assert found == {name for name in names if fold(text) in fold(name)}, text


def test_a_prefix_is_no_pattern(session: Any) -> None:
    for recipient in ("ab%c@x.example", "abzc@x.example", "b@x.example", "ab\U0010ffff"):
        create_message(recipient=recipient)
    for text, count in (("ab", 3), ("ab%", 1), ("abz", 1), ("b", 1), ("", 4), ("\ud7ff", 0)):
        query = db.select(db.func.count(EmailMessage.id)).where(
            starts_with(EmailMessage.recipient, text)
        )
        assert db.session.scalar(query) == count, text
