"""How the message will look: unsaved text, sample or real facts.

This room knows no clients. A room above may replace `FACTS` and `CLIENT_LOOKUP` when it registers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from portal.core import clock
from portal.smtp import variables
from portal.smtp.facts import (
    ClientFacts,
    CompanyFacts,
    ContractFacts,
    MessageFacts,
    TitleFacts,
)
from portal.smtp.message import html_document

DRAFT_LIMIT = 3000  # characters of a draft in an address: servers cut request lines at 4094


def sample_facts(_client_id: int | None, overdue: bool) -> MessageFacts:
    """An invented client with two titles, due in ten days or ten days ago."""
    timezone = current_app.config["SETTINGS"].timezone
    now = clock.local(clock.now(), timezone)
    due = now.date() + timedelta(days=-10 if overdue else 10)
    titles = tuple(
        TitleFacts(
            number=f"1042-{index}",
            amount=Decimal("119.90"),
            due_date=due + timedelta(days=30 * (index - 1)),
            competence=due.replace(day=1),
            nosso_numero=f"109/0000001{index}-4",
            linha_digitavel="34191.09008 00000.110004 12341.234565 1 00000000011990",
        )
        for index in (1, 2)
    )
    return MessageFacts(
        client=ClientFacts("Maria da Silva", "52998224725", "Rua das Fibras, 100, Campinas - SP"),
        company=CompanyFacts(
            "Rede Exemplo LTDA", "11222333000181", "(11) 4000-0000", "financeiro@example.com"
        ),
        titles=titles,
        today=now.date(),
        hour=now.hour,
        contracts=(ContractFacts("1042", "FIBRA 300M"),),
    )


# (client id or None, overdue) -> facts. Raises NotFound when there is no such client.
FACTS: Callable[[int | None, bool], MessageFacts] = sample_facts
# Address of a fragment that lists clients for `?q=`, each a button with data-pick="<id>",
# data-pick-into="client_id" and data-pick-text="<name>"; None while no room offers one.
CLIENT_LOOKUP: Callable[[], str] | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as one client would get it, or why it cannot be shown."""

    subject: str = ""
    text: str = ""
    html: str = ""
    problem: str = ""


def preview(subject: str, body: str, client_id: int | None, *, overdue: bool) -> Preview:
    """The message rendered; `html` is a whole document, cleaned as when it is sent."""
    try:
        rendered = variables.render(subject, body, FACTS(client_id, overdue))
    except variables.MessageTooLarge as error:
        return Preview(problem=str(error))
    return Preview(rendered.subject, rendered.text, html_document(rendered.html))


def draft_token(subject: str, body: str) -> str | None:
    """The unsaved message as part of an address; None when it is too long for one."""
    token = _serializer().dumps([subject, body])
    text = token if isinstance(token, str) else token.decode()
    return text if len(text) <= DRAFT_LIMIT else None


def read_draft(token: str) -> tuple[str, str] | None:
    """Subject and body of `draft_token`; None when it is not one of ours."""
    try:
        subject, body = _serializer().loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    return str(subject), str(body)


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="smtp-message-draft")
