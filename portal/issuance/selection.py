"""What a person chose, looked at before anything is sent: who gets what, and what cannot go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.clients.models import Client
from portal.core.db import db
from portal.deliveries.content import facts_for
from portal.deliveries.forecast import forecast
from portal.deliveries.models import EmailMessage
from portal.issuance.queries import NEVER, Sending, sendings
from portal.receivables.labels import STATUSES
from portal.receivables.models import Receivable, ReceivableStatus
from portal.receivables.queries import by_ids
from portal.settings.models import FinancialSettings
from portal.smtp import variables
from portal.smtp.models import AccountState, SmtpAccount
from portal.smtp.variables import Rendered


@dataclass(frozen=True, slots=True)
class Recipient:
    """One client, the addresses, and the titles that go together in each e-mail."""

    client: Client
    titles: Sequence[Receivable]

    @property
    def addresses(self) -> Sequence[str]:
        """Who receives: one e-mail each."""
        return self.client.email_list


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
    sendings: dict[int, Sending]

    @property
    def titles(self) -> list[Receivable]:
        """The titles that can go."""
        return [title for recipient in self.recipients for title in recipient.titles]

    @property
    def emails(self) -> int:
        """How many e-mails that makes: one per client and address."""
        return sum(len(recipient.addresses) for recipient in self.recipients)

    @property
    def repeated(self) -> list[Receivable]:
        """Titles that were e-mailed before, or wait to be."""
        return [title for title in self.titles if title.id in self.sendings and self._went(title)]

    def sending(self, title: Receivable) -> Sending:
        """What was already sent of the title."""
        return self.sendings.get(title.id, NEVER)

    def _went(self, title: Receivable) -> bool:
        before = self.sending(title)
        return before.waiting or before.sent_at is not None


def sort_out(receivable_ids: Sequence[int]) -> Selection:
    """Who would get the titles, in the order chosen. Raises NotFound."""
    together: dict[int, list[Receivable]] = {}
    refused = []
    for title in by_ids(receivable_ids, slips=False):
        reason = why_not(title)
        if reason:
            refused.append(Refused(title, reason))
        else:
            together.setdefault(title.client_id, []).append(title)
    recipients = [Recipient(titles[0].client, titles) for titles in together.values()]
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


@dataclass(frozen=True, slots=True)
class Sender:
    """The account that sends, what keeps it from sending, and when the last e-mail leaves."""

    account: SmtpAccount | None
    problem: str
    paused: bool
    last_leaves_at: datetime | None


def sender(emails: int, now: datetime) -> Sender:
    """The account of Parâmetros financeiro, looked at for so many e-mails more."""
    account = db.session.scalar(
        select(SmtpAccount)
        .join(FinancialSettings, FinancialSettings.smtp_account_id == SmtpAccount.id)
        .where(FinancialSettings.id == 1)
    )
    if account is None:
        return Sender(None, "Nenhuma conta foi escolhida em Parâmetros financeiro.", False, None)
    refusals = variables.problems(account.subject, account.body)
    if refusals:
        return Sender(account, f"A mensagem da conta: {refusals[0].message}", False, None)
    if account.state == AccountState.PAUSED:
        return Sender(account, "", True, None)
    eta = forecast(account.id, emails, now).eta
    resting = account.hold_until if account.hold_until and account.hold_until > now else None
    return Sender(account, "", False, max(eta, resting) if eta and resting else eta)


def rendered(account: SmtpAccount, first: Recipient, now: datetime) -> Rendered:
    """The message as the first recipient would get it, with the very facts of the sender."""
    facts = facts_for(EmailMessage(client=first.client), list(first.titles), now)
    try:
        return variables.render(account.subject, account.body, facts)
    except variables.MessageTooLarge as error:
        return Rendered("", str(error), "")
