"""Every page that shows a client's data leaves a note of who saw it, whoever wrote the page."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import delete, select

from portal.clients import accesses
from portal.clients.models import DataAccess
from portal.core.db import db
from portal.privacy.watching import ARGUMENTS, FILES, NOBODYS, SEEN
from tests.factories import NOON
from tests.support import company as company_of
from tests.support.counting import statements
from tests.support.forms import post
from tests.support.pages import links, words
from tests.support.routes import private, routes

LOG = "/sistema/acessos"


def noted(app):
    with app.app_context():
        query = select(DataAccess.client_id, DataAccess.what).order_by(DataAccess.id)
        return [tuple(row) for row in db.session.execute(query)]


def look(client, url, **options):
    answer = client.get(url, **options)
    answer.close()
    return answer


def test_every_page_about_one_client_leaves_a_note(app, admin):
    with app.app_context():
        company_of.fill(1)
    about_one = [
        route
        for route in private(app)
        if route.reads and route.permission and ARGUMENTS & route.rule.arguments
    ]
    assert len(about_one) > 8
    silent = []
    for route in about_one:
        with app.app_context():
            db.session.execute(delete(DataAccess))
            db.session.commit()
        answer = look(admin, route.url(1))
        kept = [client for client, _ in noted(app)]
        if answer.status_code == 200 and kept != [1]:
            silent.append(f"{route}: {kept}")
        no_boleto = route.rule.rule.endswith(".pdf") and answer.status_code in (404, 409)
        assert no_boleto or answer.status_code in (200, 302, 303), str(route)
    assert silent == []


def test_every_file_that_leaves_is_noted_or_is_about_nobody(app, admin):
    """A new download is noted by itself; one that is about nobody must be named."""
    with app.app_context():
        company_of.fill(1)
    files = [
        route
        for route in private(app)
        if route.reads and route.permission and route.only_ids
        if route.rule.rule.endswith((".csv", ".json", ".zip"))
    ]
    assert len(files) > 3
    for route in files:
        with app.app_context():
            db.session.execute(delete(DataAccess))
            db.session.commit()
        answer = look(admin, route.url(1))
        if answer.status_code == 200:
            assert answer.mimetype in FILES, str(route)
            assert bool(noted(app)) == (route.rule.endpoint not in NOBODYS), str(route)
    known = {rule.endpoint for rule in (route.rule for route in routes(app))}
    assert known >= NOBODYS


def test_one_person_and_client_an_hour_is_one_row(app, finance, reader, past):
    with time_machine.travel(NOON, tick=False) as clock:
        for url in ("", "/contratos", "/financeiro", "/emails-enviados"):
            look(finance, f"/clientes/{past.client}{url}")
        look(finance, f"/financeiro/titulos/{past.title}")
        assert noted(app) == [(past.client, SEEN)]
        look(reader, f"/clientes/{past.client}")
        assert len(noted(app)) == 2
        clock.shift(timedelta(hours=1))
        look(finance, f"/clientes/{past.client}")
        assert len(noted(app)) == 3


def test_an_export_says_what_was_taken(app, finance, past):
    look(finance, "/sistema/log-email.csv?estado=bounced")
    ((client, what),) = noted(app)
    assert client is None
    assert what.startswith("Baixou log-email-")
    assert "estado=bounced" in what


@pytest.mark.parametrize("url", ["/clientes", "/clientes/importar/modelo.csv", "/clientes/999999"])
def test_what_shows_no_client_leaves_no_note(app, finance, past, url):
    look(finance, url)
    assert noted(app) == []


def test_the_page_waits_for_no_note_and_survives_its_failure(app, finance, past, monkeypatch):
    with statements(app) as found:
        answer = finance.get(f"/clientes/{past.client}")
    assert all(statement.startswith("SELECT") for statement in found)
    monkeypatch.setattr(accesses, "note", lambda *_: 1 / 0)
    answer.close()
    assert answer.status_code == 200
    assert noted(app) == []


def test_the_log_narrows_by_client_person_and_day(app, finance, reader, past):
    with time_machine.travel(NOON, tick=False):
        look(finance, f"/clientes/{past.client}")
        look(reader, "/sistema/log-email.csv")
        seen = words(finance.get(LOG))
        assert "Bruno Lima" in seen
        assert "Baixou log-email" in seen
        page = finance.get(LOG, query_string={"cliente": past.code})
        assert "Baixou" not in words(page)
        assert f"/clientes/{past.client}" in page.text
        assert "Nenhum acesso" in words(finance.get(f"{LOG}?ate=2026-11-23"))
        assert "Nenhum acesso" in words(finance.get(f"{LOG}?pessoa=0"))
        assert reader.get(LOG).status_code == 403
        there = links(finance.get(f"/clientes/{past.client}"))["Quem viu estes dados"]
        assert there == f"{LOG}?cliente={past.code}"


def test_signing_out_or_posting_is_no_access(app, finance, past):
    post(finance, f"/clientes/{past.client}/editar").close()
    assert noted(app) == []
