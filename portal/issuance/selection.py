"""What a person chose to send, looked at first: who gets what, and what cannot go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.clients.models import Client
from portal.core.db import db
from portal.core.emails import split_emails
from portal.issuance import labels
from portal.issuance.queries import NEVER, Sending, sendings
from portal.receivables.labels import STATUSES
from portal.receivables.models import Receivable, ReceivableStatus
from portal.receivables.queries import by_ids
from portal.settings.models import FinancialSettings

MOST_ADDRESSES = 10  # of one client, in one sending
Typed = Mapping[int, str]  # client → the addresses as a person changed them


@dataclass(frozen=True, slots=True)
class Bundle:
    """Titles that go together in one e-mail. `contract_id` where each contract has its own."""

    contract_id: int | None
    titles: Sequence[Receivable]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One client: the addresses, as typed and as understood, and what goes to each of them."""

    client: Client
    typed: str
    addresses: Sequence[str]
    problem: str
    bundles: Sequence[Bundle]

    @property
    def titles(self) -> list[Receivable]:
        """All titles of the client."""
        return [title for bundle in self.bundles for title in bundle.titles]


@dataclass(frozen=True, slots=True)
class Refused:
    """A title that cannot be e-mailed, and why."""

    title: Receivable
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen titles, sorted out."""

    recipients: Sequence[Recipient]
    refused: Sequence[Refused]
    sendings: Mapping[int, Sending]

    @property
    def titles(self) -> list[Receivable]:
        """The titles that can go."""
        return [title for recipient in self.recipients for title in recipient.titles]

    @property
    def emails(self) -> int:
        """How many e-mails that makes: one per bundle and address."""
        return sum(len(item.addresses) * len(item.bundles) for item in self.recipients)

    @property
    def wrong(self) -> list[Recipient]:
        """Clients whose addresses cannot be used as typed."""
        return [recipient for recipient in self.recipients if recipient.problem]

    @property
    def repeated(self) -> list[Receivable]:
        """Titles that were e-mailed before, may have been, or wait to be."""
        return [title for title in self.titles if went(self.sending(title))]

    def sending(self, title: Receivable) -> Sending:
        """What was already sent of the title."""
        return self.sendings.get(title.id, NEVER)


def went(before: Sending) -> bool:
    """Whether the client has the e-mail, may have it, or is going to."""
    return before.sent_at is not None or before.state in (
        labels.SENT,
        labels.WAITING,
        labels.UNCERTAIN,
    )


def sort_out(receivable_ids: Sequence[int], typed: Typed | None = None) -> Selection:
    """Who would get the titles, the first to fall due first. Raises NotFound."""
    together: dict[int, list[Receivable]] = {}
    refused = []
    titles = by_ids(receivable_ids, slips=False)
    for title in sorted(titles, key=lambda item: (item.due_date, item.id)):
        reason = why_not(title)
        if reason:
            refused.append(Refused(title, reason))
        else:
            together.setdefault(title.client_id, []).append(title)
    by_client = _group_by_client()
    recipients = [
        _recipient(of_client, (typed or {}).get(client_id), by_client)
        for client_id, of_client in together.items()
    ]
    return Selection(recipients, refused, sendings(receivable_ids))


def why_not(title: Receivable) -> str:
    """Why the title cannot be e-mailed by hand; empty when it can."""
    if title.status != ReceivableStatus.OPEN:
        return f"está {STATUSES[title.status].text.lower()}"
    if not title.has_boleto:
        return "não tem boleto: a carteira não tinha dados bancários"
    if not title.client.email_list:
        return "o cliente não tem e-mail válido"
    return ""


def _group_by_client() -> bool:
    financial = db.session.get(FinancialSettings, 1)
    return financial.group_by_client if financial else True


def _recipient(titles: list[Receivable], typed: str | None, by_client: bool) -> Recipient:
    client = titles[0].client
    bundles: dict[int | None, list[Receivable]] = {}
    for title in titles:
        bundles.setdefault(None if by_client else title.contract_id, []).append(title)
    addresses, problem = client.email_list, ""
    if typed is not None:
        addresses, problem = _read(typed)
    return Recipient(
        client,
        ", ".join(addresses) if typed is None else typed,
        addresses,
        problem,
        [Bundle(contract_id, together) for contract_id, together in bundles.items()],
    )


def _read(typed: str) -> tuple[tuple[str, ...], str]:
    addresses, invalid = split_emails(typed)
    if invalid:
        return addresses, f"“{invalid[0][:80]}” não é um e-mail válido."
    if not addresses:
        return addresses, "Informe ao menos um e-mail, ou tire o boleto da seleção."
    if len(addresses) > MOST_ADDRESSES:
        return addresses, f"São no máximo {MOST_ADDRESSES} e-mails por cliente."
    return addresses, ""
