"""Whatever is sent to a form: no page of a broken portal, and what is refused changes nothing."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.core.db import db, reading
from tests.attacks.walking import Form, as_administrator, walk
from tests.support import company
from tests.support.forms import csrf_token
from tests.support.routes import private

EXAMPLES = 8  # a form
NOTES = {"user_sessions", "data_accesses"}  # written when a page is shown, not by what was sent
SIMULATED = "/financeiro/gerar/simular?competencia=2027-01&parcelas=1"
ODD = (
    "", " ", "\0", "\ud800", "\u2028", "٣", "１２", "²", "-1", "0", "9" * 30, "2147483648", "1e309",
    "NaN", "Infinity", "0.001", "1.234,56", "R$ 1.499,00", "99999999999,99", "31/02/2026",
    "31/12/9999", "2026-02-31", "9999-12-31", "10000-01-01", "0000-00-00", "13/2026", "True",
    "None", "[]", "{}", "' OR 1=1 --", "%_\\", "<script>", "{{7*7}}", "#nada#", "1;2;3",
    "a@b.com,c@d.com", "a@b.com\nBcc: x@y.z", "../../etc/passwd", "//evil.example",
    "https://[::1", "x" * 5000, "é" * 400, "\x1b[31m",
)  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(ODD),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30),
)
BYTES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"\xff\xfe", b"codigo;emails\n1;a@b.com\n", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04"]
    ),
)


@st.composite
def sendings(draw: st.DrawFn, form: Form) -> tuple[list[tuple[str, str]], dict[str, bytes]]:
    """The form as it is, some of its fields changed, taken out, or there more than once."""
    names = [name for name in form.fields if name != "csrf_token"]
    changed = draw(st.sets(st.sampled_from(names), max_size=4)) if names else set()
    fields = [
        (name, value)
        for name, value in form.present().items()
        if name in names and name not in changed
    ]
    for name in sorted(changed):
        offered = st.sampled_from(form.fields[name] or [""])
        fields += [(name, v) for v in draw(st.lists(st.one_of(TEXT, TEXT, offered), max_size=3))]
    return fields, {name: draw(BYTES) for name in form.files}


@pytest.fixture
def forms(app: Flask, admin: FlaskClient) -> list[Form]:
    """Every form of the portal; a POST that no page showed gets all names that there are."""
    with app.app_context():
        company.fill(2)
    _, found = walk(app, admin, (SIMULATED,))
    match = app.url_map.bind("").match
    shown = {match(form.action.split("?")[0].split("#")[0], method="POST")[0] for form in found}
    assert len(shown) > 45
    names = {name: values for form in found for name, values in form.fields.items()}
    hidden = [r for r in private(app) if r.writes and r.rule.endpoint not in shown]
    unseen = [Form(r.url(), fields=dict(names)) for r in hidden if r.rule.rule != "/sair"]
    return [form for form in found if form.action != "/sair"] + unseen


def test_no_form_breaks_and_what_is_refused_changes_nothing(app, admin, forms):
    statuses: set[int] = set()
    faults: list[str] = []

    def check(form: Form, sending: Any) -> None:
        as_administrator(app, admin)
        before = contents(app)
        status = send(admin, form, *sending).status_code
        statuses.add(status)
        if status >= 500:
            faults.append(f"{form.action} breaks ({status}): {sending}")
        if status >= 400 and contents(app) != before:
            faults.append(f"{form.action} refuses ({status}) and changes: {sending}")

    for form in forms:
        fuzz(form, check)
    assert faults == []
    assert statuses >= {303, 400, 422}
    assert not statuses & {401, 403}  # nobody was sent away before the form was read


def fuzz(form: Form, check: Callable[[Form, Any], None]) -> None:
    """Call `check` with EXAMPLES sendings of `form`, always the same ones."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(sending=sendings(form))
    def probe(sending: Any) -> None:
        check(form, sending)

    probe()


def send(
    client: FlaskClient, form: Form, fields: list[tuple[str, str]], files: dict[str, bytes]
) -> TestResponse:
    token = ("csrf_token", csrf_token(client))
    if form.multipart:
        data: dict[str, Any] = {
            name: value.replace("\ud800", "?") for name, value in [token, *fields]
        }
        parts = {name: (BytesIO(content), "arquivo.csv") for name, content in files.items()}
        return client.post(form.action, data=data | parts)
    pairs = [(name, value.encode("utf-8", "surrogatepass")) for name, value in [token, *fields]]
    return client.post(
        form.action, data=urlencode(pairs), content_type="application/x-www-form-urlencoded"
    )


def contents(app: Flask) -> dict[str, list[Any]]:
    with app.app_context(), reading(), db.engine.connect() as connection:
        return {
            table.name: connection.execute(select(table)).all()
            for table in db.metadata.sorted_tables
            if table.name not in NOTES
        }
