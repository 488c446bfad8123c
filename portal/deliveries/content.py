"""What a claimed message says: loaded as it stands now, composed without a transaction."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from portal.boletos import Slip, render_pdf
from portal.clients.models import Client
from portal.core import clock
from portal.core.crypto import SecretUnreadable
from portal.core.db import db
from portal.deliveries.claims import Claim
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.receivables.models import Receivable, ReceivableStatus
from portal.receivables.slips import slip_of
from portal.settings.models import GeneralSettings
from portal.smtp import accounts
from portal.smtp.facts import ClientFacts, CompanyFacts, ContractFacts, MessageFacts, TitleFacts
from portal.smtp.mailboxes import InvalidMailbox
from portal.smtp.message import compose as compose_message
from portal.smtp.message import sanitise_html
from portal.smtp.server import SmtpServer
from portal.smtp.variables import MessageTooLarge, problems, render

MERGE_ABOVE = 5  # more titles than this go in one merged PDF


class Unsendable(Exception):
    """The message cannot be made; the text says why and what to do. No mail leaves without it."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claimed message as plain values: no row, no open transaction."""

    server: SmtpServer
    recipient: str
    message_id: str
    subject: str
    body: str
    facts: MessageFacts
    slips: tuple[Slip, ...]
    date: datetime
    skip: str = ""  # why it need not be sent any more


@dataclass(frozen=True, slots=True)
class Mail:
    """A composed message, and what the log keeps of it."""

    data: bytes
    as_sent: dict[str, str]


def load(claim: Claim, now: datetime) -> Parcel:
    """Everything the claimed message needs, read in one short transaction. Raises Unsendable."""
    message = db.session.scalars(
        select(EmailMessage)
        .where(EmailMessage.id == claim.message_id)
        .options(
            joinedload(EmailMessage.smtp_account),
            joinedload(EmailMessage.client),
            selectinload(EmailMessage.links)
            .joinedload(MessageReceivable.receivable)
            .joinedload(Receivable.contract),
        )
        .execution_options(populate_existing=True)
    ).one()
    try:
        return _parcel(message, now)
    finally:
        db.session.rollback()


def _parcel(message: EmailMessage, now: datetime) -> Parcel:
    account = message.smtp_account
    try:
        server = accounts.server_of(account, current_app.config["SETTINGS"].keys)
    except SecretUnreadable:
        raise Unsendable(
            f"A senha da conta “{account.name}” não pôde ser lida. Digite-a de novo na conta."
        ) from None
    titles = [title for title in message.receivables if title.status == ReceivableStatus.OPEN]
    return Parcel(
        server=server,
        recipient=message.recipient,
        message_id=message.message_id,
        subject=account.subject,
        body=account.body,
        facts=facts_for(message, titles, now),
        slips=tuple(slip_of(title) for title in titles if title.has_boleto),
        date=now,
        skip="" if titles else _skip_reason(message.receivables),
    )


def _skip_reason(titles: list[Receivable]) -> str:
    if not titles:
        return "sem títulos"
    if all(title.status == ReceivableStatus.PAID for title in titles):
        return "boleto pago" if len(titles) == 1 else "boletos pagos"
    if all(title.status == ReceivableStatus.CANCELLED for title in titles):
        return "boleto cancelado" if len(titles) == 1 else "boletos cancelados"
    return "boletos pagos ou cancelados"


def facts_for(message: EmailMessage, titles: list[Receivable], now: datetime) -> MessageFacts:
    """What the variables show. Payer and numbers are those frozen in the titles."""
    there = clock.local(now, current_app.config["SETTINGS"].timezone)
    client = message.client
    contracts = {title.contract_id: title.contract for title in titles}
    return MessageFacts(
        client=ClientFacts(
            name=client.name if client else "",
            cpf_cnpj=client.cpf_cnpj if client else "",
            address=_address(client) if client else "",
        ),
        company=company_facts(),
        titles=tuple(title_facts(title) for title in titles),
        today=there.date(),
        hour=there.hour,
        contracts=tuple(ContractFacts(item.code, item.plan) for item in contracts.values()),
    )


def company_facts() -> CompanyFacts:
    """The company of Parâmetros gerais."""
    general = db.session.get(GeneralSettings, 1)
    if general is None:
        return CompanyFacts("")
    return CompanyFacts(
        general.company_name,
        general.company_cpf_cnpj,
        general.company_phone,
        general.company_email,
    )


def title_facts(title: Receivable) -> TitleFacts:
    """One title as variables show it."""
    return TitleFacts(
        number=title.document_number,
        amount=title.amount,
        due_date=title.due_date,
        competence=title.competence,
        nosso_numero=title.nosso_numero or "",
        linha_digitavel=title.linha_digitavel,
    )


def _address(client: Client) -> str:
    street = ", ".join(filter(None, (client.address, client.number)))
    return " - ".join(filter(None, (street, client.district, client.city, client.state)))


def compose(parcel: Parcel) -> Mail:
    """Render text, HTML and PDFs, and put them together. Raises Unsendable."""
    if not parcel.slips:
        raise Unsendable("Não há boleto para anexar: a carteira não tem dados bancários.")
    refused = problems(parcel.subject, parcel.body)
    if refused:
        raise Unsendable(f"A mensagem da conta precisa de correção: {refused[0].message}")
    try:
        rendered = render(parcel.subject, parcel.body, parcel.facts)
        attachments = _attachments(parcel.slips)
        message = compose_message(
            parcel.server,
            parcel.recipient,
            rendered,
            attachments,
            parcel.message_id,
            parcel.date,
        )
    except MessageTooLarge as error:
        raise Unsendable(str(error)) from error
    except InvalidMailbox as error:
        raise Unsendable(f"Endereço inválido: {error}") from error
    digest = hashlib.sha256()
    for _, content in attachments:
        digest.update(content)
    return Mail(
        message.as_bytes(),
        {
            "subject": rendered.subject,
            "text": rendered.text,
            "html": sanitise_html(rendered.html),
            "pdf_sha256": digest.hexdigest(),
        },
    )


def _attachments(slips: tuple[Slip, ...]) -> list[tuple[str, bytes]]:
    if len(slips) > MERGE_ABOVE:
        return [(f"boletos-{len(slips)}.pdf", render_pdf(slips))]
    return [
        (f"boleto-{slip.vencimento:%Y-%m-%d}-{slip.numero_documento}.pdf", render_pdf([slip]))
        for slip in slips
    ]
