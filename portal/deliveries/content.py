"""What a claimed message says: loaded as it stands now, composed without a transaction."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, cast

from flask import current_app
from sqlalchemy import Table, bindparam, select

from portal.boletos import InvalidBoleto, RenderFailed, Slip, render_pdf
from portal.clients.models import Client
from portal.contracts.business_days import Closed
from portal.contracts.models import Contract
from portal.core import clock
from portal.core.crypto import SecretUnreadable
from portal.core.db import db, found_by, reading
from portal.deliveries.claims import Claim
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.receivables.models import Receivable, ReceivableStatus
from portal.receivables.second_copy import charges, closed_days
from portal.settings.models import GeneralSettings
from portal.smtp import accounts
from portal.smtp.facts import ClientFacts, CompanyFacts, ContractFacts, MessageFacts, TitleFacts
from portal.smtp.mailboxes import InvalidMailbox
from portal.smtp.message import compose as compose_message
from portal.smtp.message import sanitise_html
from portal.smtp.models import SmtpAccount
from portal.smtp.server import SmtpServer
from portal.smtp.variables import MessageTooLarge, problems, render

MERGE_ABOVE = 5  # more titles than this go in one merged PDF


class AccountUnusable(Exception):
    """No message of the account can leave; the text says why and what to do."""


class Unsendable(Exception):
    """The message cannot be made; the text says why and what to do. No mail leaves without it."""


@dataclass(frozen=True, slots=True)
class Draft:
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


# Built once: the sender runs them for every message, and building costs more than running.
_ACCOUNTS = cast(Table, SmtpAccount.__table__)
_MESSAGES = cast(Table, EmailMessage.__table__)
_CLIENTS = cast(Table, Client.__table__)
_TITLES = cast(Table, Receivable.__table__)
_CONTRACTS = cast(Table, Contract.__table__)
_GENERAL = cast(Table, GeneralSettings.__table__)
_CLIENT_COLUMNS = ("name", "cpf_cnpj", "address", "number", "district", "city", "state")
_COMPANY_COLUMNS = ("company_name", "company_cpf_cnpj", "company_phone", "company_email")
_LINKS = cast(Table, MessageReceivable.__table__)
_TITLE_COLUMNS = (
    *("contract_id", "status", "document_number", "amount", "due_date", "competence"),
    *("nosso_numero", "linha_digitavel", "codigo_barras", "printed"),
    *("fine_percent", "interest_percent_month"),
)
# A row for each title, with what they share in every one; one row without a title where none is.
_CARRIED = (
    select(
        _MESSAGES.c.recipient,
        _MESSAGES.c.message_id,
        *(_CLIENTS.c[name].label(f"client_{name}") for name in _CLIENT_COLUMNS),
        *(_GENERAL.c[name] for name in (*_COMPANY_COLUMNS, "logo_png")),
        *(_ACCOUNTS.c[name] for name in (*accounts.SERVER_COLUMNS, "subject", "body")),
        *(_TITLES.c[name] for name in _TITLE_COLUMNS),
        _CONTRACTS.c.code,
        _CONTRACTS.c.plan,
    )
    .select_from(
        _MESSAGES.join(_ACCOUNTS, _ACCOUNTS.c.id == _MESSAGES.c.smtp_account_id)
        .outerjoin(_CLIENTS, _CLIENTS.c.id == _MESSAGES.c.client_id)
        .outerjoin(_GENERAL, _GENERAL.c.id == 1)
        .outerjoin(_LINKS, _LINKS.c.message_id == _MESSAGES.c.id)
        .outerjoin(_TITLES, _TITLES.c.id == _LINKS.c.receivable_id)
        .outerjoin(_CONTRACTS, _CONTRACTS.c.id == _TITLES.c.contract_id)
    )
    .where(_MESSAGES.c.id == bindparam("message"))
    .order_by(_TITLES.c.due_date, _TITLES.c.id)
)


def load(claim: Claim, now: datetime) -> Draft:
    """Everything the claimed message needs, as it stands now. Raises AccountUnusable."""
    rows = found_by(_CARRIED, {"message": claim.message_id})
    carried = [row for row in rows if row.contract_id is not None]
    with reading():
        try:
            closed = _closed_for(carried, _there(now).date())
        finally:
            db.session.rollback()
    return _draft(rows[0], carried, closed, now)


def _draft(head: Any, carried: Sequence[Any], closed: Closed | None, now: datetime) -> Draft:
    # Rows have the attributes of the tables' classes, without the cost of making those.
    try:
        server = accounts.server_of(cast(SmtpAccount, head), current_app.config["SETTINGS"].keys)
    except SecretUnreadable:
        raise AccountUnusable(
            "A senha guardada não pôde ser lida com as chaves deste servidor. Confira"
            " PORTAL_ENCRYPTION_KEYS, ou digite a senha de novo na conta."
        ) from None
    titles = [title for title in carried if title.status == ReceivableStatus.OPEN]
    contracts = {title.contract_id: ContractFacts(title.code, title.plan) for title in titles}
    company = _company_of(head) if head.company_name is not None else CompanyFacts("")
    payer = {name: getattr(head, f"client_{name}") for name in _CLIENT_COLUMNS}
    client = None if payer["name"] is None else cast(Client, SimpleNamespace(**payer))
    return Draft(
        server=server,
        recipient=head.recipient,
        message_id=head.message_id,
        subject=head.subject,
        body=head.body,
        facts=_facts(
            client,
            [title_facts(title, now, closed) for title in titles],
            contracts.values(),
            company,
            now,
        ),
        slips=tuple(
            Slip.from_dict(title.printed, head.logo_png or b"")
            for title in titles
            if title.codigo_barras
        ),
        date=now,
        skip="" if titles else _skip_reason(carried),
    )


def _skip_reason(titles: Sequence[Receivable]) -> str:
    if not titles:
        return "sem títulos"
    if all(title.status == ReceivableStatus.PAID for title in titles):
        return "boleto pago" if len(titles) == 1 else "boletos pagos"
    if all(title.status == ReceivableStatus.CANCELLED for title in titles):
        return "boleto cancelado" if len(titles) == 1 else "boletos cancelados"
    return "boletos pagos ou cancelados"


def facts_for(message: EmailMessage, titles: list[Receivable], now: datetime) -> MessageFacts:
    """What the variables show. Payer and numbers are those frozen in the titles."""
    contracts = {title.contract_id: title.contract for title in titles}
    closed = _closed_for(titles, _there(now).date())
    return _facts(
        message.client,
        [title_facts(title, now, closed) for title in titles],
        [ContractFacts(item.code, item.plan) for item in contracts.values()],
        company_facts(),
        now,
    )


def _facts(
    client: Client | None,
    titles: Sequence[TitleFacts],
    contracts: Iterable[ContractFacts],
    company: CompanyFacts,
    now: datetime,
) -> MessageFacts:
    there = _there(now)
    return MessageFacts(
        client=ClientFacts(
            name=client.name if client else "",
            cpf_cnpj=client.cpf_cnpj if client else "",
            address=_address(client) if client else "",
        ),
        company=company,
        titles=tuple(titles),
        today=there.date(),
        hour=there.hour,
        contracts=tuple(contracts),
    )


def company_facts() -> CompanyFacts:
    """The company of Parâmetros gerais."""
    general = db.session.get(GeneralSettings, 1)
    return CompanyFacts("") if general is None else _company_of(general)


def _company_of(general: Any) -> CompanyFacts:
    return CompanyFacts(
        general.company_name,
        general.company_cpf_cnpj,
        general.company_phone,
        general.company_email,
    )


def _there(now: datetime) -> datetime:
    return clock.local(now, current_app.config["SETTINGS"].timezone)


def _closed_for(titles: Iterable[Any], today: date) -> Closed | None:
    """The holidays, read only where a title is past due: most messages need none."""
    return closed_days() if any(title.due_date < today for title in titles) else None


def title_facts(title: Receivable, now: datetime, closed: Closed | None) -> TitleFacts:
    """One title as variables show it; `closed` (None: not past due) tells the holidays."""
    updated = title.amount
    if closed:
        today = _there(now).date()
        updated = charges(title, today, closed).total
    return TitleFacts(
        updated_amount=updated,
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


def compose(draft: Draft) -> Mail:
    """Render text, HTML and PDFs, and put them together. Raises Unsendable."""
    if not draft.slips:
        raise Unsendable("Não há boleto para anexar: a carteira não tem dados bancários.")
    refused = _first_problem(draft.subject, draft.body)
    if refused:
        raise Unsendable(f"A mensagem da conta precisa de correção: {refused}")
    try:
        rendered = render(draft.subject, draft.body, draft.facts)
        attachments = attachments_of(draft.slips)
        message = compose_message(
            draft.server,
            draft.recipient,
            rendered,
            attachments,
            draft.message_id,
            draft.date,
        )
    except (MessageTooLarge, RenderFailed, InvalidBoleto) as error:
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


@lru_cache(maxsize=32)
def _first_problem(subject: str, body: str) -> str:
    """What keeps this text from being sent; the same for all messages of an account."""
    found = problems(subject, body)
    return found[0].message if found else ""


def attachments_of(slips: Sequence[Slip]) -> list[tuple[str, bytes]]:
    """(file name, PDF) of each attachment: one for each boleto, or one for all of many."""
    if len(slips) > MERGE_ABOVE:
        return [(f"boletos-{len(slips)}.pdf", render_pdf(slips))]
    names: Counter[str] = Counter()
    attachments = []
    for slip in slips:
        name = f"boleto-{slip.vencimento:%Y-%m-%d}-{slip.numero_documento}"
        names[name] += 1
        # Two wallets may give the same number; some readers keep one of two files of one name.
        again = f"-{names[name]}" if names[name] > 1 else ""
        attachments.append((f"{name}{again}.pdf", render_pdf([slip])))
    return attachments
