"""The account that sends by hand, what keeps it from sending, and the message it would send."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.core.db import db
from portal.deliveries.content import facts_for
from portal.deliveries.forecast import forecast
from portal.deliveries.models import EmailMessage
from portal.issuance.selection import Recipient
from portal.settings.models import FinancialSettings
from portal.smtp import variables
from portal.smtp.models import AccountState, SmtpAccount
from portal.smtp.variables import Rendered

# What shows the updated amount of an overdue title.
SHOW_UPDATED = frozenset({"boleto_valor_atualizado", "boletos_total_atualizado", "boletos_tabela"})


@dataclass(frozen=True, slots=True)
class Sender:
    """The account that sends, what keeps it from sending, and when the last e-mail leaves."""

    account: SmtpAccount | None
    problem: str
    paused: bool
    last_leaves_at: datetime | None

    @property
    def shows_updated(self) -> bool:
        """Whether its message tells what an overdue title costs today."""
        if self.account is None:
            return False
        text = f"{self.account.subject}\n{self.account.body}"
        return any(token.name in SHOW_UPDATED for token in variables.find(text))


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
    titles = list(first.bundles[0].titles)
    facts = facts_for(EmailMessage(client=first.client), titles, now)
    try:
        return variables.render(account.subject, account.body, facts)
    except variables.MessageTooLarge as error:
        return Rendered("", str(error), "")
