"""Fields that no form has, and words that no search should read as anything but words."""

import re
from typing import Any

import pytest
from sqlalchemy import JSON, Date, DateTime, String, func, select
from sqlalchemy import Enum as SqlEnum

from portal.clients.models import Client
from portal.core.db import db, reading
from tests.attacks.walking import as_administrator, walk
from tests.support import company
from tests.support.forms import csrf_token, post
from tests.support.pages import plain
from tests.support.routes import private

NUMBER, WORD, DAY = 424_242, "ataque-de-fora", "2001-02-03"
SIMULATED = "/financeiro/gerar/simular?competencia=2027-01&parcelas=1"
FREE = {"csrf_token", "version", "id"}
# What a form of that address is there for.
MEANT = {
    ("receivables.status", "paid"): "/baixar",
    ("receivables.status", "cancelled"): "/cancelar",
    ("smtp_accounts.state", "paused"): "/pausar",
    ("generations.state", "paused"): "/pausar",
    ("generations.state", "cancelled"): "/cancelar",
    ("email_messages.state", "cancelled"): "/cancelar",
    ("email_messages.kind", "manual"): "/enviar/confirmar",
    ("users.role", "admin"): "/usuarios/",
    ("webhook_calls.state", "queued"): "",
    ("smtp_tests.state", "queued"): "/testar",
}


def columns() -> list[Any]:
    return [column for table in db.metadata.sorted_tables for column in table.columns]


def everything() -> dict[str, str]:
    """A value of our own for the name of every column there is."""
    found: dict[str, str] = {}
    for column in columns():
        kind = column.type
        if isinstance(kind, SqlEnum):
            found[column.name] = str(kind.enums[-1])
        elif isinstance(kind, Date | DateTime):
            found[column.name] = DAY
        elif isinstance(kind, String | JSON):
            found[column.name] = WORD
        else:
            found[column.name] = str(NUMBER)
    return {name: value for name, value in found.items() if name not in FREE}


def strange(app: Any) -> set[str]:
    """Where one of our values stands, and the words of each column of states."""
    seen: set[str] = set()
    with app.app_context(), reading(), db.engine.connect() as connection:
        for column in columns():
            for value in connection.scalars(select(column)):
                if isinstance(column.type, SqlEnum) and value is not None:
                    seen.add(f"{column.table.name}.{column.name}={value.value}")
                elif WORD in str(value) or str(value).startswith(DAY) or value == NUMBER:
                    seen.add(f"{column.table.name}.{column.name}: {value}")
    return seen


def test_fields_that_a_form_does_not_have_are_ignored(app, admin):
    with app.app_context():
        company.fill(2)
    _, forms = walk(app, admin, (SIMULATED,))
    extra = everything()
    assert {"role", "state", "status", "password_hash", "session_version", "sequence"} <= set(extra)
    before, faults, saved = strange(app), [], 0
    for form in forms:
        mine = {name: value for name, value in extra.items() if name not in form.fields}
        if form.multipart or form.action == "/sair":
            continue
        as_administrator(app, admin)
        answer = post(admin, form.action, mine | form.present() | {"csrf_token": csrf_token(admin)})
        assert answer.status_code < 500, form.action
        saved += answer.status_code in (200, 303)
        now = strange(app)
        faults += [f"{form.action} wrote {what}" for what in now - before if not meant(what, form)]
        before |= now
    assert faults == []
    assert saved > 25


def meant(what: str, form: Any) -> bool:
    return any(
        what == f"{column}={word}" and part in form.action for (column, word), part in MEANT.items()
    )


# --- searching ------------------------------------------------------------------------------------
QUOTES = ["' OR '1'='1", '"; DROP TABLE clients; --', "\\%_[a-z]'"]
OUR_OWN = "/ajuda"  # the handbook holds signs like any text, and nobody's data


def searches(app: Any, admin: Any) -> list[str]:
    """Every page with a field for words."""
    pages, _ = walk(app, admin)
    found = {url.split("?")[0] for url, html in pages.items() if re.search(r'name="q"', main(html))}
    assert len(found) > 4
    return sorted(found - {OUR_OWN})


def main(html: str) -> str:
    """The page without the search of its top bar."""
    return html.partition("<main")[2]


def test_signs_of_a_pattern_are_letters_in_every_search(app, admin):
    with app.app_context():
        company.fill(2)
    for url in searches(app, admin):
        nothing = shown(admin, url, "zzzzzz")
        for word in ("%", "_", "%%", "_____", "\\%"):
            found = {text for text in shown(admin, url, word) - nothing if word not in text}
            assert found == set(), (url, word)


def shown(admin: Any, url: str, word: str) -> set[str]:
    """What the page says of a search, word by word."""
    answer = admin.get(url, query_string={"q": word})
    assert answer.status_code == 200, (url, word)
    return set(plain(main(answer.text)).split())


@pytest.mark.parametrize("word", QUOTES)
def test_quotes_in_any_argument_are_bound(app, admin, word):
    with app.app_context():
        company.fill(2)
    names = (
        "q",
        "ordem",
        "estado",
        "conta",
        "cliente",
        "carteira",
        "causa",
        "cidade",
        "situacao",
        "de",
    )
    pages = [
        r for r in private(app) if r.reads and r.only_ids and not r.rule.rule.startswith("/api")
    ]
    for route in pages:
        answer = admin.get(route.url(), query_string=dict.fromkeys(names, word))
        assert answer.status_code < 500, (route, word)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Client)) == 2
