"""A client with a past: paid title with a boleto, an e-mail with its text, tries and a bounce."""

from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from portal.contracts.models import ContractStatus
from portal.core.db import db
from portal.deliveries.models import Bounce, DeliveryAttempt
from portal.deliveries.states import State
from portal.receivables.models import ReceivableStatus
from tests import factories
from tests.boletos.samples import create_slip
from tests.factories import NOON

NAME, EMAIL = "Zuleika Quintanilha", "zuleika.q@provedor-antigo.com.br"
CPF, PHONE, STREET = "11144477735", "(19) 98888-7777", "Travessa das Acácias"
MARKS = (NAME, EMAIL, CPF, "111.444.777-35", PHONE, STREET)
SECRET_TEXT = f"Olá, Zuleika. Segue o boleto de {NAME}."


@dataclass
class Past:
    """Ids of the rows."""

    client: int
    contract: int
    title: int
    message: int
    code: str


def make_past(**changes: Any) -> Past:
    client = factories.create_client(
        name=NAME, emails=EMAIL, cpf_cnpj=CPF, phone=PHONE, address=STREET, **changes
    )
    contract = factories.create_contract(client=client, status=ContractStatus.CANCELLED)
    slip = create_slip().to_dict()
    payer = {"name": NAME, "cpf_cnpj": CPF, "address": STREET}
    title = factories.create_receivable(
        contract=contract,
        status=ReceivableStatus.PAID,
        nosso_numero="109/00000001-2",
        printed={**slip, "pagador": {**slip["pagador"], **payer}},
        reasons=[{"code": "client_email", "status": "ok", "evidence": EMAIL, "fix_url": "/x"}],
    )
    message = factories.create_message(
        receivable=title,
        recipient=EMAIL,
        state=State.BOUNCED,
        subject=f"Boleto de {NAME}",
        text=SECRET_TEXT,
        html=f"<p>{SECRET_TEXT}</p>",
        reply=f"550 5.1.1 <{EMAIL}>: user unknown",
        reason=f"{EMAIL} não existe",
        accepted_at=NOON,
        pdf_sha256="a" * 64,
    )
    for number, reply in enumerate((f"451 <{EMAIL.upper()}> try later", "250 2.0.0 Ok: queued"), 1):
        db.session.add(
            DeliveryAttempt(
                message_id=message.id, number=number, started_at=NOON, stage="rcpt",
                outcome="temporary", code=451, reply=reply, cause="greylisted", milliseconds=7,
            )
        )  # fmt: skip
    db.session.add(
        Bounce(
            smtp_account_id=message.smtp_account_id, message_id=message.id, notification_id="<n@x>",
            recipient=EMAIL, action="failed", status="5.1.1", diagnostic=f"no such user {EMAIL}",
            received_at=NOON,
        )
    )  # fmt: skip
    db.session.commit()
    return Past(client.id, contract.id, title.id, message.id, client.code)


@pytest.fixture
def past(app: Flask) -> Past:
    """The rows, and nothing that stands against erasing the client."""
    with app.app_context():
        return make_past()
