"""One client's data: all of it exported, and none of it left after anonymising."""

import json
from decimal import Decimal

import pytest
from sqlalchemy import select

from portal.api.models import ApiRequest, ApiToken
from portal.boletos import Party, render_pdf
from portal.clients import service as clients
from portal.clients.models import Client
from portal.contracts.models import Contract, ContractStatus
from portal.core.audit import AuditEvent
from portal.core.csv_reader import ON_SCREEN
from portal.core.db import db
from portal.core.errors import Conflict, InvalidValue
from portal.deliveries.bounces.parse import BounceFacts
from portal.deliveries.bounces.record import Outcome, record
from portal.deliveries.models import Bounce, DeliveryAttempt, EmailMessage, MessageReceivable
from portal.deliveries.states import State
from portal.privacy import erasure, holdings
from portal.receivables.models import Receivable, ReceivableStatus
from portal.receivables.slips import slips_of
from portal.webhooks.models import Event, Webhook, WebhookCall
from tests import factories
from tests.boletos.samples import create_slip
from tests.factories import NOON
from tests.privacy.conftest import CPF, EMAIL, MARKS, NAME, SECRET_TEXT, make_past
from tests.support.forms import post
from tests.support.pages import words

HEADER = "codigo;razao_social;cpf_cnpj;email;ativo"


def everywhere():
    """Everything that is stored but the audit trail, as one text per table."""
    found = {}
    for table in db.metadata.sorted_tables:
        if table.name != "audit_events":
            rows = [list(row) for row in db.session.execute(select(table))]
            found[table.name] = json.dumps(rows, default=str, ensure_ascii=False)
    return found


def anonymise(past):
    return erasure.anonymise(past.client, past.code, None, NOON)


# --- export ---------------------------------------------------------------------------------------
def test_the_export_holds_everything_that_is_held(app, finance, past):
    finance.get(f"/clientes/{past.client}").close()
    answer = finance.get(f"/clientes/{past.client}/dados/exportar.json")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    data = json.loads(answer.data)
    assert (data["cliente"]["nome"], data["cliente"]["cpf_cnpj"]) == (NAME, CPF)
    assert data["contratos"][0]["situacao"] == "cancelled"
    (title,) = data["titulos"]
    assert (title["valor"], title["pagador"]["name"]) == ("119.90", NAME)
    (message,) = data["emails"]
    assert message["texto"] == SECRET_TEXT
    assert len(message["tentativas"]) == 2
    assert message["devolucoes"][0]["codigo"] == "5.1.1"
    assert data["acessos_aos_dados"][0]["quem"] == "Bruno Lima"


def test_the_export_leaves_no_column_of_the_client_out(app):
    shown = set(holdings.CLIENT.values())
    assert {column.name for column in Client.__table__.columns} - shown == {
        "id", "version", "email_status",
    }  # fmt: skip


# --- anonymising ----------------------------------------------------------------------------------
def test_nothing_that_tells_who_it_was_is_left_anywhere(session, past):
    hook = Webhook(url="https://x.example", created_at=NOON)
    session.add(hook)
    session.flush()
    token = ApiToken(name="ERP", prefix="p", digest="d", created_by="Ana", created_at=NOON)
    session.add(token)
    session.flush()
    account = session.get(EmailMessage, past.message).smtp_account_id
    session.add_all(
        [
            WebhookCall(
                webhook_id=hook.id, event_id="e", event=Event.BOUNCED, subject_id=past.message,
                payload={"data": {"recipient": EMAIL}}, error=f"500: {EMAIL}?", created_at=NOON,
            ),
            Bounce(  # of no message that we know
                smtp_account_id=account, notification_id="<x@y>", recipient=EMAIL.upper(),
                action="failed", status="5.1.1", diagnostic=NAME, received_at=NOON,
            ),
            *(
                ApiRequest(
                    token_id=token.id, key=place, fingerprint="f", status=201, created_at=NOON,
                    answer={"name": NAME, "recipient": EMAIL}, location=f"/api/v1{place}",
                )
                for place in (f"/clients/{past.code}", f"/deliveries/{past.message}")
            ),
        ]
    )  # fmt: skip
    session.commit()
    before = everywhere()
    assert [mark for mark in MARKS if any(mark in rows for rows in before.values())]
    anonymise(past)
    left = {
        (table, mark)
        for table, rows in everywhere().items()
        for mark in (*MARKS, "Zuleika")
        if mark.lower() in rows.lower()
    }
    assert left == set()


def test_whoever_took_a_list_by_the_name_leaves_no_name_behind(app, finance, past):
    for wanted in (NAME, EMAIL, CPF):
        where = {"cliente": wanted.upper(), "situacao": "paid"}
        finance.get("/financeiro/emissao/titulos.csv", query_string=where).close()
    with app.app_context():
        assert NAME.upper() in everywhere()["data_accesses"]
        anonymise(past)
        notes = everywhere()["data_accesses"]
    assert not [mark for mark in MARKS if mark.lower() in notes.lower()]
    assert notes.count("situacao=paid") == 3


def test_a_bounce_that_comes_later_brings_nothing_back(session, past):
    message = session.get(EmailMessage, past.message)
    message.state = State.SENT
    session.commit()
    anonymise(past)
    fact = BounceFacts("<late@x>", EMAIL, "failed", "5.1.1", f"550 {EMAIL}?", message.message_id)
    assert record(message.smtp_account, [fact], NOON, NOON) == [Outcome.BOUNCED]
    session.commit()
    assert message.state == State.BOUNCED
    assert not [table for table, rows in everywhere().items() if EMAIL in rows]


def test_accounting_and_proof_stay(session, past):
    anonymise(past)
    title = session.get(Receivable, past.title)
    assert (title.amount, title.nosso_numero) == (Decimal("119.90"), "109/00000001-2")
    assert title.status == ReceivableStatus.PAID
    kept = create_slip().to_dict()
    assert {**title.printed, "pagador": {}} == {**kept, "pagador": {}}
    (slip,) = slips_of([title])
    assert slip.pagador == Party(name=erasure.NAME)
    assert render_pdf([slip]).startswith(b"%PDF")
    message = session.get(EmailMessage, past.message)
    assert (message.state, message.pdf_sha256) == (State.BOUNCED, "a" * 64)
    assert (message.text, message.html) == ("", "")
    assert message.reply.startswith("550 5.1.1 <[dado apagado]>")
    tries = session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.id)).all()
    assert [(item.id, item.number, item.reply, item.milliseconds) for item in tries] == [
        (1, 1, "451 <[dado apagado]> try later", 7),
        (2, 2, "250 2.0.0 Ok: queued", 7),
    ]
    link = session.scalars(select(MessageReceivable)).one()
    assert link.automatic_recipient == message.recipient


def test_the_trail_says_that_it_was_done_and_repeats_nothing(session, past):
    anonymise(past)
    (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "privacy.anonymise"))
    told = f"{event.summary} {event.changes}"
    assert (event.entity, event.entity_id) == ("client", past.client)
    assert not any(mark in told for mark in MARKS)


@pytest.mark.parametrize("what", ["contract", "title", "message"])
def test_who_still_owes_or_waits_cannot_be_erased(session, past, what):
    if what == "contract":
        session.get(Contract, past.contract).status = ContractStatus.ACTIVE
    elif what == "title":
        session.get(Receivable, past.title).status = ReceivableStatus.OPEN
    else:
        session.get(EmailMessage, past.message).state = State.QUEUED
    session.commit()
    with pytest.raises(Conflict, match="Tem 1 "):
        anonymise(past)
    session.rollback()
    assert session.get(Client, past.client).name == NAME


def test_another_code_erases_nothing(session, past):
    with pytest.raises(InvalidValue):
        erasure.anonymise(past.client, past.code + "1", None, NOON)
    session.rollback()
    assert session.get(Client, past.client).name == NAME


def test_two_clients_can_be_erased_and_neither_twice(session, past):
    other = make_past()
    anonymise(past)
    anonymise(other)
    with pytest.raises(Conflict, match="já foi anonimizado"):
        anonymise(past)
    session.rollback()


def test_an_erased_client_comes_back_neither_by_form_nor_by_import(session, past, tmp_path):
    client = anonymise(past)
    values = {"name": NAME, "cpf_cnpj": CPF, "emails": EMAIL, "postal_code": "", "active": True}
    with pytest.raises(Conflict, match="anonimizado"):
        clients.change(client.id, values, client.version, None, NOON)
    session.rollback()
    seen = {past.code: session.get(Client, past.client).version}
    assert clients.change_emails({past.code: EMAIL}, seen, "x", None, NOON).changed == []
    file = tmp_path / "c.csv"
    file.write_text(
        f"{HEADER}\n{past.code};{NAME};{CPF};{EMAIL};S\nN1;Outro Cliente;52998224725;;S\n"
    )
    report = clients.import_file(file, ON_SCREEN, "c.csv", None, NOON)
    assert (report.accepted, report.rejected) == (1, 1)
    (problem,) = report.errors
    assert (problem.line, problem.code) == (2, "anonymised")
    client = session.get(Client, past.client, populate_existing=True)
    assert (client.name, client.emails, client.active) == (erasure.NAME, "", False)


# --- pages ----------------------------------------------------------------------------------------
def test_only_an_administrator_erases_and_types_the_code(app, admin, finance, reader, past):
    page = f"/clientes/{past.client}/dados"
    assert reader.get(page).status_code == 403
    assert "Só um administrador anonimiza" in words(finance.get(page))
    assert post(finance, f"{page}/anonimizar", {"code": past.code}).status_code == 403
    wrong = post(admin, f"{page}/anonimizar", {"code": "outro"})
    assert wrong.status_code == 422
    assert f"Escreva o código do cliente, {past.code}" in words(wrong)
    assert post(admin, f"{page}/anonimizar", {"code": past.code}).status_code == 303
    assert "Anonimizado em" in words(admin.get(page))


def test_what_was_erased_reads_so_on_every_page(app, admin, past):
    with app.app_context():
        anonymise(past)
        factories.create_settings()
    for url in (
        f"/clientes/{past.client}",
        f"/clientes/{past.client}/editar",
        f"/clientes/{past.client}/emails-enviados",
        f"/financeiro/titulos/{past.title}",
        f"/contratos/{past.contract}",
        f"/sistema/log-email/{past.message}",
        f"/clientes/{past.client}/dados/exportar.json",
    ):
        answer = admin.get(url)
        assert answer.status_code == 200, url
        assert not any(mark in answer.text for mark in MARKS), url
    shown = words(admin.get(f"/sistema/log-email/{past.message}"))
    assert "o cliente foi anonimizado" in shown
