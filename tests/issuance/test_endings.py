"""Settling and cancelling many titles at once."""

from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.core import clock
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.receivables.models import Receivable, ReceivableStatus
from tests.factories import NOON, create_receivable
from tests.support.forms import post

PAGE = "/financeiro/emissao"


@pytest.fixture
def three(app: Flask) -> list[int]:
    """Two open titles and one that is paid, P-1."""
    with app.app_context():
        paid = {"status": ReceivableStatus.PAID, "settled_at": NOON, "document_number": "P-1"}
        return [create_receivable().id, create_receivable().id, create_receivable(**paid).id]


def _statuses(app: Flask, ids: list[int]) -> list[str]:
    with app.app_context():
        return [db.session.get_one(Receivable, key).status.value for key in ids]


def _events(app: Flask) -> list[tuple[str, int | None]]:
    with app.app_context():
        rows = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))
        return [(event.action, event.entity_id) for event in rows]


def test_before_the_change_the_page_says_what_changes_and_what_does_not(
    app: Flask, finance: FlaskClient, three: list[int]
) -> None:
    for path, words in (("baixar", "Baixar 2 títulos como pagos"), ("cancelar", "Cancelar 2")):
        page = post(finance, f"{PAGE}/{path}", {"titulo": ",".join(map(str, three))}).text
        assert words in page
        assert "R$\xa0239,80" in page
        assert "P-1" in page
    assert _statuses(app, three) == ["open", "open", "paid"]


def test_titles_are_settled_on_the_day_of_the_payment_each_with_its_audit(
    app: Flask, finance: FlaskClient, three: list[int]
) -> None:
    fields = {"titulo": ",".join(map(str, three)), "data": "2026-01-20"}
    answer = post(finance, f"{PAGE}/baixar/confirmar?cidade=campinas", fields)
    assert answer.location == f"{PAGE}?cidade=campinas"
    told = finance.get(answer.location).text
    assert "2 títulos baixados como pagos." in told
    assert "De fora: já pago (P-1)" in told
    with app.app_context():
        settled = db.session.get_one(Receivable, three[0]).settled_at
        assert settled
        assert clock.local_date(settled, "America/Sao_Paulo") == date(2026, 1, 20)
        assert db.session.get_one(Receivable, three[2]).settled_at == NOON
    assert _events(app) == [("receivables.settle", key) for key in three[:2]]
    post(finance, f"{PAGE}/baixar/confirmar", fields)
    assert len(_events(app)) == 2
    assert "Nenhum título mudou" in finance.get(PAGE).text


def test_a_payment_lies_in_the_past(app: Flask, finance: FlaskClient, three: list[int]) -> None:
    tomorrow = clock.now().date() + timedelta(days=2)
    for day in (tomorrow.isoformat(), "", "31/12"):
        fields = {"titulo": str(three[0]), "data": day}
        answer = post(finance, f"{PAGE}/baixar/confirmar", fields)
        assert answer.status_code == 422, day
        assert f'value="{three[0]}"' in answer.text
    assert _statuses(app, three) == ["open", "open", "paid"]


@pytest.mark.parametrize(
    "fields", [{}, {"motivo": "engano"}, {"certeza": "1"}, {"motivo": "x" * 201, "certeza": "1"}]
)
def test_cancelling_wants_a_reason_and_a_yes(
    app: Flask, finance: FlaskClient, three: list[int], fields: dict[str, str]
) -> None:
    answer = post(finance, f"{PAGE}/cancelar/confirmar", {"titulo": str(three[0]), **fields})
    assert answer.status_code == 422
    assert _statuses(app, three) == ["open", "open", "paid"]


def test_paid_titles_are_not_cancelled_and_the_reason_is_kept(
    app: Flask, finance: FlaskClient, three: list[int]
) -> None:
    fields = {"titulo": ",".join(map(str, three)), "motivo": "gerado em dobro", "certeza": "1"}
    post(finance, f"{PAGE}/cancelar/confirmar", fields)
    assert _statuses(app, three) == ["cancelled", "cancelled", "paid"]
    assert "já pago (P-1)" in finance.get(PAGE).text
    assert _events(app) == [("receivables.cancel", key) for key in three[:2]]
    assert "gerado em dobro" in finance.get(f"/financeiro/titulos/{three[0]}").text
