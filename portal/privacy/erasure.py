"""Anonymising one client at their request (LGPD, art. 18, IV and VI). The only writer of it.

Erased: registration, recipients, subjects and bodies of e-mails, addresses and names in what
servers answered, bounces, kept answers of the API, the payer printed on the titles, the filters of
lists that were taken away. Kept, because accounting law asks for it (art. 16, I): contracts,
amounts, dates, nosso número, linha digitável, states and proofs. The audit trail is append-only:
what it says of the client's past changes stays, for as long as the company answers for them
(art. 16, I; art. 37).

Attempts are append-only too: their trigger refuses every UPDATE. An attempt whose reply names an
address is taken out and put back under its own number, the same but for that text, in the same
transaction as everything else.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from urllib.parse import quote

from sqlalchemy import Table, delete, func, insert, null, or_, select, update
from sqlalchemy.orm import selectinload

from portal.boletos import Party
from portal.clients.accesses import MOST
from portal.clients.contact import NEVER_BOUNCED
from portal.clients.models import Client, DataAccess, EmailStatus
from portal.contracts.models import Contract, ContractStatus
from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import KEEPING_KEYS, db
from portal.core.errors import Conflict, InvalidValue, NotFound
from portal.deliveries.models import Bounce, DeliveryAttempt, EmailMessage
from portal.deliveries.states import WAITING
from portal.privacy.redaction import ERASED, marks, redact
from portal.receivables.models import Receivable, ReceivableStatus
from portal.web.formatters import cpf_cnpj
from portal.webhooks.models import WebhookCall

NAME = "Cliente anonimizado"
BLANK: dict[str, Any] = {
    "name": NAME, "cpf_cnpj": "", "emails": "", "invalid_emails": "",
    "email_status": EmailStatus.MISSING, "phone": "", "address": "", "number": "",
    "complement": "", "district": "", "city": "", "state": "", "postal_code": "",
    "active": False, **NEVER_BOUNCED,
}  # fmt: skip


def obstacles(client: Client) -> list[str]:
    """What stands against anonymising the client, each a sentence with its next step."""
    if client.anonymised_at:
        return ["Este cliente já foi anonimizado."]
    found = []
    if count := _count(Contract, client, Contract.status == ContractStatus.ACTIVE):
        found.append(f"Tem {_many(count, 'contrato ativo', 'contratos ativos')}: cancele antes.")
    if count := _count(Receivable, client, Receivable.status == ReceivableStatus.OPEN):
        words = _many(count, "título em aberto", "títulos em aberto")
        found.append(f"Tem {words}: baixe ou cancele antes.")
    if count := _count(EmailMessage, client, EmailMessage.state.in_(WAITING)):
        words = _many(count, "e-mail na fila", "e-mails na fila")
        found.append(f"Tem {words}: cancele ou espere sair.")
    return found


def anonymise(client_id: int, typed_code: str, actor: Actor | None, now: datetime) -> Client:
    """Erase the client's personal data for good; `typed_code` is the person's confirmation.

    Raises NotFound, InvalidValue (another code), Conflict with every obstacle.
    """
    client = db.session.get(Client, client_id, with_for_update=KEEPING_KEYS, populate_existing=True)
    if client is None:
        raise NotFound("Este cliente não existe.")
    if typed_code.strip() != client.code:
        raise InvalidValue("code", f"Escreva o código do cliente, {client.code}, para confirmar.")
    if found := obstacles(client):
        raise Conflict(" ".join(found))
    known = _known(client)
    _erase_messages(client, known)
    _erase_titles(client, known)
    _erase_searches(known)
    for name, value in BLANK.items():
        setattr(client, name, value)
    client.version += 1
    client.anonymised_at = now
    audit.record(
        actor, "privacy.anonymise", "client", client.id, now,
        summary=f"Cliente de código {client.code}, a pedido do titular",
    )  # fmt: skip
    db.session.commit()
    return client


def _known(client: Client) -> re.Pattern[str] | None:
    document = client.cpf_cnpj
    addresses = (*client.email_list, *client.invalid_emails.split(", "))
    return marks(names=(client.name, document, cpf_cnpj(document), client.phone, *addresses))


def _erase_messages(client: Client, known: re.Pattern[str] | None) -> None:
    messages = db.session.scalars(
        select(EmailMessage)
        .where(EmailMessage.client_id == client.id)
        .options(selectinload(EmailMessage.links))
    ).all()
    for message in messages:
        # Still one recipient each: the constraints that forbid sending twice compare them.
        message.recipient = f"anonimizado-{message.id}@dado-apagado.invalid"
        message.subject = ERASED if message.subject else ""
        message.text = message.html = ""
        message.reply, message.reason = redact([message.reply, message.reason], known)
        for link in message.links:
            if link.automatic_recipient is not None:
                link.automatic_recipient = message.recipient
    ids = [message.id for message in messages]
    _replace_attempts(ids, known)
    theirs = or_(
        Bounce.message_id.in_(ids),  # or of no message of ours, to one of the client's addresses
        func.lower(Bounce.recipient).in_([address.lower() for address in client.email_list]),
    )
    for bounce in db.session.scalars(select(Bounce).where(theirs)):
        bounce.recipient, bounce.diagnostic = ERASED, redact(bounce.diagnostic, known)
    for call in db.session.scalars(select(WebhookCall).where(WebhookCall.subject_id.in_(ids))):
        call.payload, call.error = redact([call.payload, call.error], known)
    _erase_answers(client, ids)


def _replace_attempts(message_ids: Sequence[int], known: re.Pattern[str] | None) -> None:
    table = cast(Table, DeliveryAttempt.__table__)
    rows = db.session.execute(
        select(table).where(table.c.message_id.in_(message_ids), table.c.reply != "")
    ).mappings()
    cleaned = [
        {**row, "reply": reply}
        for row in rows
        if (reply := redact(row["reply"], known)) != row["reply"]
    ]
    if cleaned:
        db.session.execute(delete(table).where(table.c.id.in_([row["id"] for row in cleaned])))
        db.session.execute(insert(table), cleaned)


def _erase_answers(client: Client, message_ids: Sequence[int]) -> None:
    """Answers kept for repeated requests: whoever asks again is shown what is there then."""
    answers = db.metadata.tables["api_requests"]  # of a room above this one
    places = [f"/clients/{quote(client.code, safe='')}", *(f"/deliveries/{n}" for n in message_ids)]
    theirs = answers.c.location.in_([f"/api/v1{place}" for place in places])
    db.session.execute(update(answers).where(theirs).values(answer=null()))


def _erase_titles(client: Client, known: re.Pattern[str] | None) -> None:
    payer = dict.fromkeys(Party.__dataclass_fields__, "") | {"name": NAME}
    for title in db.session.scalars(select(Receivable).where(Receivable.client_id == client.id)):
        if "pagador" in title.printed:
            title.printed = {**title.printed, "pagador": payer}
        title.reasons = redact(title.reasons, known)


def _erase_searches(known: re.Pattern[str] | None) -> None:
    """Notes of lists that were taken away: their filters, in brackets, may name the client."""
    if known is None:
        return
    lists = (DataAccess.client_id.is_(None), DataAccess.what.contains("("))
    for note in db.session.scalars(select(DataAccess).where(*lists)):
        note.what = known.sub(ERASED, note.what)[:MOST]


def _count(model: Any, client: Client, condition: Any) -> int:
    query = select(func.count()).select_from(model).where(model.client_id == client.id, condition)
    return db.session.scalar(query) or 0


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
