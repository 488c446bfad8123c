"""The PDFs of a message made again, and the proof that they are those that were sent."""

from datetime import timedelta
from io import BytesIO

from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader

from portal.core import clock
from portal.core.db import db
from portal.deliveries import claims, content
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.proof import proof
from portal.receivables import service as receivables
from portal.receivables.models import Receivable, ReceivableStatus
from portal.wallets.models import Wallet
from tests.deliveries_screens.making import add_try, create_queued
from tests.factories import create_account, create_message
from tests.receivables.making import create_boleto
from tests.support.pages import links, words

LOG = "/sistema/log-email"


def _sent(*titles: Receivable) -> int:
    """A message with these titles, composed and noted by the very code that sends."""
    now = clock.now()
    message = create_queued(create_account(), receivable=titles[0])
    for title in titles[1:]:
        message.links.append(MessageReceivable(receivable=title))
    db.session.commit()
    message_id, account_id = message.id, message.smtp_account_id
    claim = claims.claim_next(account_id, now)
    assert claim is not None
    mail = content.compose(content.load(claim, now))
    claims.hand_over(claim, now, **mail.as_sent)
    claims.settle(claim, state="sent", accepted_at=now)
    db.session.commit()
    return message_id


def test_the_attachment_is_proved_to_be_the_one_that_was_sent(
    app: Flask, reader: FlaskClient
) -> None:
    with app.app_context():
        title = create_boleto()
        message_id, digits = _sent(title), title.linha_digitavel
    assert f"{LOG}/{message_id}/anexos" in reader.get(f"{LOG}/{message_id}").text
    page = reader.get(f"{LOG}/{message_id}/anexos")
    assert "PDF idêntico ao enviado ✓" in words(page)
    (url,) = [url for url in links(page).values() if "anexo.pdf" in url]
    answer = reader.get(url)
    assert answer.mimetype == "application/pdf"
    assert "inline" in answer.headers["Content-Disposition"]
    text = PdfReader(BytesIO(answer.data)).pages[0].extract_text()
    assert digits in text


def test_what_changed_later_does_not_touch_the_proof(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        title, other = create_boleto(), create_boleto()
        message_id = _sent(title, other)
        db.session.get_one(Wallet, title.wallet_id).instructions = ["Outra instrução"]
        title.client.name = "Outro Nome"
        title.status, title.settled_at = ReceivableStatus.PAID, clock.now() + timedelta(hours=1)
        db.session.commit()
    page = reader.get(f"{LOG}/{message_id}/anexos")
    assert "PDFs idênticos aos enviados ✓" in words(page)
    assert len([url for url in links(page).values() if "anexo.pdf" in url]) == 2


def test_a_boleto_that_was_already_paid_was_not_attached(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        title, paid = create_boleto(), create_boleto()
        receivables.settle(paid.id, None, clock.now() - timedelta(hours=1))
        message_id = _sent(title, paid)
    page = reader.get(f"{LOG}/{message_id}/anexos")
    assert "PDF idêntico ao enviado ✓" in words(page)
    assert len([url for url in links(page).values() if "anexo.pdf" in url]) == 1


def test_a_payment_told_or_taken_back_later_does_not_touch_the_proof(session) -> None:
    title, paid, undone, cancelled = (create_boleto() for _ in range(4))
    hour = timedelta(hours=1)
    receivables.settle(paid.id, None, clock.now() - hour)
    receivables.settle(undone.id, None, clock.now() - hour)
    receivables.reopen(undone.id, None, clock.now() - hour)
    receivables.cancel(cancelled.id, None, clock.now() - hour)
    message = session.get_one(EmailMessage, _sent(title, paid, undone, cancelled))
    later = clock.now() + 48 * hour
    yesterday = (clock.now() - 24 * hour).date()
    receivables.settle(title.id, None, later, paid_on=yesterday)  # the bank's file came late
    receivables.reopen(paid.id, None, later)
    found = proof(message)
    assert (found.same, len(found.attachments)) == (True, 2)


def test_a_pdf_that_differs_is_said_to_differ(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        message_id = _sent(create_boleto())
        db.session.get_one(EmailMessage, message_id).pdf_sha256 = "ab" * 32
        db.session.commit()
    page = words(reader.get(f"{LOG}/{message_id}/anexos"))
    assert "PDF difere do enviado" in page
    assert "idêntico" not in page
    assert "ab" * 32 in page


def test_what_was_never_handed_over_is_not_called_sent(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        waits = create_queued(receivable=create_boleto()).id
        bare = create_message().id  # its title has no boleto
    page = words(reader.get(f"{LOG}/{waits}/anexos"))
    assert "nenhum anexo chegou a um servidor" in page
    assert "idêntico" not in page
    assert reader.get(f"{LOG}/{waits}/anexo.pdf?n=2").status_code == 409
    assert "Nenhum boleto com PDF" in words(reader.get(f"{LOG}/{bare}/anexos"))
    assert reader.get(f"{LOG}/{bare}/anexo.pdf").status_code == 409
    assert reader.get(f"{LOG}/999999/anexos").status_code == 404


def test_every_try_and_the_whole_reply_are_shown(app: Flask, reader: FlaskClient) -> None:
    with app.app_context():
        reply = "450 4.7.1 greylisted"
        message = create_queued(attempts=1, cause="greylisted", reply=reply, reason="Adiada.")
        add_try(message, "rcpt", "temporary", 450, reply, cause="greylisted")
        message_id = message.id
    page = words(reader.get(f"{LOG}/{message_id}"))
    for text in ("Destinatário", "recusada por enquanto", "450", reply, "212 ms"):
        assert text in page, text
    assert "Ver a resposta completa do servidor" in page
