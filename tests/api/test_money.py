"""Titles, runs and e-mails through the API."""

import pytest

from portal.core import clock
from portal.core.db import db
from portal.deliveries.models import DeliveryAttempt
from portal.deliveries.states import State
from portal.generation import service as generation
from portal.receivables.models import Receivable
from tests.factories import (
    create_client,
    create_contract,
    create_message,
    create_receivable,
    create_settings,
)

ORDER = {"competence": "2026-12"}


@pytest.fixture
def company(app):
    """Two contracts that are ready, one of them without e-mail."""
    with app.app_context():
        create_settings()
        create_contract(code="K1", client=create_client(code="C1"))
        create_contract(code="K2", client=create_client(code="C2", emails=""))


def test_preview_start_and_follow_a_run(app, erp, company):
    preview = erp.client.post("/api/v1/generations/preview", json=ORDER, headers=erp.headers)
    assert preview.json["receivables"] == 2
    assert (preview.json["amount"], preview.json["not_sent"]) == ("239.80", {"client_email": 1})
    started = erp.post("/generations", ORDER)
    assert (started.status_code, started.json["state"]) == (202, "queued")
    run_id = started.json["id"]
    assert started.json["requested_by"] == "API: ERP"
    with app.app_context():
        generation.run(run_id, clock.now())
    done = erp.get(f"/generations/{run_id}").json
    assert (done["state"], done["receivables"], done["amount"]) == ("done", 2, "239.80")
    assert [row["id"] for row in erp.get("/generations").json["data"]] == [run_id]
    titles = erp.get(f"/receivables?generation_id={run_id}&client_code=C1").json["data"]
    assert [title["contract_code"] for title in titles] == ["K1"]
    assert titles[0]["linha_digitavel"]
    pdf = erp.get(f"/receivables/{titles[0]['id']}/boleto.pdf")
    assert (pdf.mimetype, pdf.data[:5]) == ("application/pdf", b"%PDF-")
    mails = erp.get(f"/deliveries?generation_id={run_id}&state=queued").json["data"]
    assert [mail["receivables"] for mail in mails] == [[titles[0]["id"]]]


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({}, "competence"),
        ({"competence": "2026-13"}, "competence"),
        ({"competence": "12/2026"}, "competence"),
        (ORDER | {"installments": 0}, "installments"),
        (ORDER | {"contract_codes": ["nao-ha"]}, ""),
        (ORDER | {"wallet": "nao-ha"}, ""),
        (ORDER | {"pilot": 3, "rest": True}, "rest"),
    ],
)
def test_an_order_that_cannot_be_is_refused(erp, company, order, field):
    for path in ("/generations", "/generations/preview"):
        answer = erp.post(path, order)
        assert answer.status_code == 422
        assert [item["field"] for item in answer.json["errors"]] == [field]


def test_a_title_is_settled_once(app, erp):
    with app.app_context():
        title = create_receivable()
        paid, cancelled = title.id, create_receivable(contract=create_contract()).id
    future = erp.post(f"/receivables/{paid}/settle", {"paid_on": "2099-01-01"})
    assert (future.status_code, future.json["errors"][0]["field"]) == (422, "paid_on")
    settled = erp.post(f"/receivables/{paid}/settle", {"paid_on": "2026-11-20"}).json
    assert (settled["status"], settled["settled_at"][:10]) == ("paid", "2026-11-20")
    again = erp.post(f"/receivables/{paid}/settle")
    assert (again.status_code, again.mimetype) == (409, "application/problem+json")
    silent = erp.post(f"/receivables/{cancelled}/cancel")
    assert (silent.status_code, silent.json["errors"][0]["field"]) == (422, "reason")
    assert (
        erp.post(f"/receivables/{cancelled}/cancel", {"reason": "Engano"}).json["status"]
        == "cancelled"
    )
    assert erp.post(f"/receivables/{cancelled}/cancel", {"x": 1}).status_code == 422
    with app.app_context():
        assert db.session.get_one(Receivable, paid).settled_at is not None


def test_a_title_without_boleto_has_no_pdf(app, erp):
    with app.app_context():
        title_id = create_receivable().id
    answer = erp.get(f"/receivables/{title_id}/boleto.pdf")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_titles_are_found_by_due_date_and_status(app, erp):
    with app.app_context():
        title_id = create_receivable().id
    inside = erp.get("/receivables?due_from=2026-12-10&due_to=2026-12-10&status=open").json["data"]
    assert [row["id"] for row in inside] == [title_id]
    assert erp.get("/receivables?due_from=2026-12-11").json["data"] == []
    assert erp.get("/receivables?status=paid").json["data"] == []
    assert erp.get("/receivables?contract_code=nao-ha").status_code == 422


def test_a_failed_mail_is_read_with_its_tries_sent_again_and_cancelled(app, erp):
    with app.app_context():
        message = create_message(state=State.FAILED, cause="content", next_attempt_at=None)
        db.session.add(
            DeliveryAttempt(
                message_id=message.id, number=1, started_at=clock.now(), stage="rcpt",
                outcome="permanent", code=550, reply="550 não", cause="mailbox", milliseconds=9,
            )
        )  # fmt: skip
        db.session.commit()
        message_id = message.id
    read = erp.get(f"/deliveries/{message_id}").json
    assert (read["state"], read["tries"][0]["code"]) == ("failed", 550)
    assert "text" not in read
    again = erp.post(f"/deliveries/{message_id}/resend")
    assert (again.status_code, again.json["state"]) == (202, "queued")
    assert "API: ERP" in again.json["reason"]
    assert erp.post(f"/deliveries/{message_id}/resend").status_code == 409
    assert erp.post(f"/deliveries/{message_id}/cancel").json["state"] == "cancelled"
    assert erp.post("/deliveries/999999/cancel").status_code == 404
