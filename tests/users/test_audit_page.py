import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from portal.core import audit
from portal.core.db import db
from portal.users import audit_words
from tests.factories import NOON, create_user

PAGE = "/sistema/auditoria"
MIDNIGHT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # in São Paulo


def record(action="clients.change", now=NOON, actor=None, **more):
    audit.record(actor, action, "clients", 1, now, **more)
    db.session.commit()


@pytest.fixture
def events(app):
    """One event of Bia, one of the command line, one a minute before midnight."""
    with app.app_context():
        bia = create_user(name="Bia Reis", role="consulta")
        record("smtp.change", NOON, bia, summary="Conta A", changes={"host": ["a", "b"]})
        record("clients.import", MIDNIGHT, summary="base.csv")
        record("wallets.change", MIDNIGHT - timedelta(minutes=1), summary="Itaú 109")
        yield bia.id


def summaries(page):
    return [name for name in ("Conta A", "base.csv", "Itaú 109") if name in page.text]


def test_it_says_who_when_what_and_from_what_to_what(finance, events):
    page = finance.get(PAGE).text
    for part in ("24/11/2026 12:00", "Bia Reis", "E-mail SMTP:", "alterou", "servidor de saída:"):
        assert part in page
    assert "a → b" in page
    assert "linha de comando" in page


def test_it_narrows_by_person_area_and_period(finance, events):
    def shown(**args):
        return summaries(finance.get(PAGE, query_string=args))

    assert shown() == ["Conta A", "base.csv", "Itaú 109"]
    assert shown(pessoa=events) == ["Conta A"]
    assert shown(pessoa="0") == ["base.csv", "Itaú 109"]
    assert shown(area="wallets") == ["Itaú 109"]
    assert shown(de="2026-11-24") == ["Conta A", "base.csv"]
    assert shown(ate="2026-11-23") == ["Itaú 109"]
    assert shown(de="2026-11-24", ate="2026-11-24", area="clients") == ["base.csv"]


@pytest.mark.parametrize(
    "args",
    [
        {"pessoa": "x", "area": "%", "de": "ontem", "ate": "31/12/2026"},
        {"pessoa": "9" * 40, "area": "clients.", "de": "0001-01-01", "ate": "9999-12-31"},
        {"depois": "-1"},
        {"depois": "9" * 30},
    ],
)
def test_filters_that_cannot_be_read_do_not_narrow(finance, events, args):
    page = finance.get(PAGE, query_string=args)
    assert page.status_code == 200
    assert summaries(page) == ["Conta A", "base.csv", "Itaú 109"]


def test_a_long_trail_comes_in_pages_without_holes(app, finance):
    with app.app_context():
        for number in range(120):
            audit.record(None, "clients.change", "clients", 1, NOON, summary=f"<{number:03}>")
        db.session.commit()
    seen, url = [], f"{PAGE}?area=clients"
    while url:
        page = finance.get(url).text
        seen += [number for number in range(120) if f"&lt;{number:03}&gt;" in page]
        following = re.search(r'<a href="([^"]+)">Próximos', page)
        url = unescape(following[1]) if following else ""
    assert sorted(seen) == list(range(120))
    assert len(seen) == 120


def test_htmx_gets_the_table_alone(finance, events):
    part = finance.get(PAGE, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert "<html" not in part.text
    assert summaries(part) == ["Conta A", "base.csv", "Itaú 109"]


def test_what_was_written_is_shown_as_text(app, finance):
    with app.app_context():
        record(summary="<script>alert(1)</script>", changes={"name": ["<b>", '"><img>']})
    page = finance.get(PAGE).text
    assert "<script>alert" not in page
    assert "<img>" not in page


def test_no_page_writes_to_the_trail(app):
    rules = [rule for rule in app.url_map.iter_rules() if "auditoria" in rule.rule]
    assert {rule.rule for rule in rules} == {PAGE, f"{PAGE}.csv"}
    assert all(rule.methods == {"GET", "HEAD", "OPTIONS"} for rule in rules)


def test_stored_values_read_as_words():
    assert audit_words.value("active", True) == "Sim"
    assert audit_words.value("name", None) == "—"
    assert audit_words.value("security", "starttls") == "TLS"
    assert audit_words.value("name", "none") == "none"
    assert audit_words.value("amount", "1499.00") == "1499,00"
    assert audit_words.value("activated_on", "2026-06-28") == "28/06/2026"
    assert audit_words.value("wallet_id", 2) == "registro 2"
    assert audit_words.value("host", "10.0.0.1") == "10.0.0.1"
    assert audit_words.value("emails", ["a@b.c", "d@e.f"]) == "a@b.c; d@e.f"
    assert len(audit_words.value("body", "x" * 5000)) == 301
    assert audit_words.verb("rooms.unheard_of") == "unheard of"
    assert audit_words.area("rooms.unheard_of") == "rooms"
