"""Log de e-mail and the client's tab."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core import clock
from portal.core.db import db
from portal.deliveries.departures import departures
from portal.deliveries.forms import LogFilters
from portal.deliveries.models import EmailMessage, QuotaUse
from portal.deliveries.states import Kind, State
from portal.smtp.models import AccountState
from tests.deliveries_screens.making import create_failed, create_queued, create_sent
from tests.factories import (
    create_account,
    create_client,
    create_contract,
    create_message,
    create_receivable,
    create_user,
)
from tests.receivables.making import create_boleto
from tests.support.counting import selects

LOG = "/sistema/log-email"


def test_an_empty_log_leads_to_what_is_missing(finance: FlaskClient) -> None:
    page = finance.get(LOG)
    assert "Nenhum e-mail ainda" in page.text
    assert 'href="/checklist"' in page.text


def test_a_row_tells_the_whole_story(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        user = create_user(name="Bruno Lima")
        account = create_account(name="Financeiro")
        client = create_client(name="Padaria São José")
        title = create_boleto(contract=create_contract(client=client))
        create_sent(
            receivable=title,
            recipient="fin@padaria.example",
            kind=Kind.MANUAL,
            smtp_account=account,
            requested_by=user.name,
            requested_by_id=user.id,
        )
    page = reader.get(LOG).text
    for text in (
        "Padaria São José",
        "fin@padaria.example",
        "Seu boleto vence em 10/12/2026",
        "10/12 · R$\xa0119,90",
        "manual · Bruno",
        "Financeiro",
        "Enviado",
    ):
        assert text in page, text
    assert "Isso não prova que ela foi lida" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"a@x.example", "b@x.example", "c@x.example"}),
        ("q=A@X", {"a@x.example"}),
        ("q=jose", {"a@x.example"}),
        ("q=DOC-77", {"a@x.example"}),
        ("q=vence%20em", {"a@x.example"}),
        ("q=%25", set()),
        ("q=%27%20OR%20%271%27=%271", set()),
        ("estado=failed", {"b@x.example"}),
        ("estado=nonsense", {"a@x.example", "b@x.example", "c@x.example"}),
        ("causa=mailbox_not_found", {"b@x.example"}),
        ("periodo=hoje", {"a@x.example", "b@x.example"}),
        ("periodo=30", {"a@x.example", "b@x.example"}),
        ("ate=2026-11-24", {"c@x.example"}),
        ("de=2026-11-24&ate=2026-11-24", {"c@x.example"}),
        ("de=2026-11-25&ate=2026-11-25", set()),
        ("usuario=0", {"b@x.example", "c@x.example"}),
        ("conta=abc&usuario=-5&geracao=x", {"a@x.example", "b@x.example", "c@x.example"}),
        ("lote=%25%25%25%25%25%25%25%25%25%25%25%25%25%25%25%25", None),
    ],
)
def test_the_filters_of_the_url_narrow_the_log(
    app: Flask, finance: FlaskClient, query: str, found: set[str] | None, monkeypatch: Any
) -> None:
    now = clock.now() + timedelta(days=365)
    monkeypatch.setattr(clock, "now", lambda: now)
    with app.app_context():
        user = create_user(name="Bruno Lima")
        contract = create_contract(client=create_client(name="JOSÉ DA SILVA"))
        title = create_boleto(contract=contract, document_number="DOC-77")
        create_sent(
            receivable=title,
            recipient="a@x.example",
            requested_by_id=user.id,
            requested_by=user.name,
        )
        create_failed(recipient="b@x.example")
        create_message(recipient="c@x.example")  # created on 24/11/2026
    page = finance.get(f"{LOG}?{query}").text
    names = ("a@x.example", "b@x.example", "c@x.example")
    expected = set(names) if found is None else found
    assert {name for name in names if name in page.split('id="log"')[1]} == expected


def test_htmx_gets_the_results_alone(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        create_failed(recipient="b@x.example")
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    page = finance.get(f"{LOG}?q=b@x", headers=headers).text
    assert "b@x.example" in page
    assert "<html" not in page


def test_the_log_takes_the_same_queries_for_one_message_and_for_thirty(
    app: Flask, finance: FlaskClient
) -> None:
    with app.app_context():
        account = create_account()
        create_queued(account)
    few = selects(app, finance, LOG)
    with app.app_context():
        title = create_receivable()
        for number in range(29):
            create_queued(account, receivable=title, recipient=f"n{number}@x.example")
    assert selects(app, finance, LOG) == few
    assert few <= 14


def test_a_queued_message_tells_when_it_leaves_under_the_limits(
    app: Flask, finance: FlaskClient
) -> None:
    with app.app_context():
        account = create_account(hourly_limit=1)
        used = clock.now() - timedelta(minutes=20)
        first, second = create_queued(account), create_queued(account)
        db.session.add(QuotaUse(smtp_account_id=account.id, message_id=first.id, used_at=used))
        db.session.commit()
        expected = [
            clock.local(used + timedelta(hours=hours), "America/Sao_Paulo") for hours in (1, 2)
        ]
        ids = [first.id, second.id]
    page = finance.get(LOG).text
    for message_id, moment in zip(ids, expected, strict=True):
        row = page.split(f'id="email-{message_id}"')[1].split("</tr>")[0]
        assert f"{moment:%H:%M}" in row
        assert "sai " in row


def test_a_message_of_a_paused_account_promises_no_time(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        account = create_account(state=AccountState.PAUSED, pause_reason="Senha recusada.")
        create_queued(account)
    assert "conta pausada" in finance.get(LOG).text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": State.FAILED, "cause": "mailbox_full"}, "caixa cheia"),
        ({"state": State.UNCERTAIN, "cause": "uncertain"}, "servidor não confirmou"),
        ({"state": State.SKIPPED, "cause": "skipped", "reason": "boleto pago"}, "boleto pago"),
        ({"state": State.EXPIRED, "cause": "expired"}, "Expirado"),
        ({"state": State.CANCELLED, "cause": "cancelled"}, "Cancelado"),
        ({"state": State.BOUNCED, "cause": "mailbox_full"}, "Devolvido"),
        ({"state": State.SENDING}, "Enviando"),
    ],
)
def test_every_state_says_why(
    app: Flask, finance: FlaskClient, values: dict[str, Any], words: str
) -> None:
    with app.app_context():
        message_id = create_message(**values).id
    row = finance.get(LOG).text.split(f'id="email-{message_id}"')[1].split("</tr>")[0]
    assert words in row


def test_the_page_looks_again_only_while_something_leaves(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        create_failed()
    assert 'hx-trigger="every' not in finance.get(LOG).text
    with app.app_context():
        create_queued()
    assert 'hx-trigger="every' in finance.get(LOG).text


def test_one_cause_offers_to_resend_all_of_it(
    app: Flask, finance: FlaskClient, reader: FlaskClient
) -> None:
    with app.app_context():
        for _ in range(3):
            create_failed()
        create_failed(kind=Kind.TEST)
        create_failed("mailbox_full")
    url = f"{LOG}?causa=mailbox_not_found"
    assert "Reenviar os 3 que falharam" in finance.get(url).text
    assert "Reenviar os 4 que falharam" in finance.get(LOG).text
    assert "que falharam" not in reader.get(url).text
    page = reader.get(url).text  # what the cause means, and what to do
    assert "O endereço do destinatário não existe." in page
    assert "Confirme o e-mail com o cliente e corrija o cadastro." in page


def test_the_clients_tab_shows_only_the_clients_messages(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        mine = create_sent(recipient="mine@x.example")
        create_sent(recipient="other@x.example")
        client_id = mine.client_id
    page = reader.get(f"/clientes/{client_id}/emails-enviados").text
    assert "mine@x.example" in page
    assert "other@x.example" not in page
    assert reader.get("/clientes/9999/emails-enviados").status_code == 404


def test_the_export_has_the_filters_and_no_formula(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        client = create_client(name="=cmd|' /C calc'!A0")
        title = create_boleto(contract=create_contract(client=client))
        create_sent(receivable=title, recipient="a@x.example", subject="+1\t@x")
        create_failed(recipient="b@x.example")
    answer = reader.get(f"{LOG}.csv?estado=sent")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="log-email-')
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
    assert len(rows) == 1
    assert rows[0]["Cliente"] == "'=cmd|' /C calc'!A0"
    assert rows[0]["Assunto"].startswith("'+1")
    assert rows[0]["Valor"] == "119,90"


def test_days_are_those_of_the_portals_timezone() -> None:
    filters = LogFilters.from_args({"de": "2026-12-10", "ate": "2026-12-10"})
    since, until = filters.span(clock.now().date(), "America/Sao_Paulo")
    assert since is not None
    assert until is not None
    assert since.isoformat() == "2026-12-10T03:00:00+00:00"
    assert until - since == timedelta(days=1)


def test_when_a_message_leaves_counts_those_before_it_in_its_own_queue(
    app: Flask,
) -> None:
    """The newest page stands at the end of the queue: what is ahead of it counts, too."""
    with app.app_context():
        account, other = create_account(hourly_limit=1), create_account(name="Outra")
        queued = [create_queued(account, recipient=f"n{n}@x.example") for n in range(3)]
        create_queued(other, recipient="z@x.example")
        last = db.session.get(EmailMessage, queued[-1].id)
        assert last is not None
        now = clock.now()
        with app.test_request_context():
            leaving = departures([last], now)
        assert leaving[last.id] - now >= timedelta(hours=2)
