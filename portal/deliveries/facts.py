"""From the database to the facts of the rule; reads only."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from portal.boletos import InvalidBoleto, bank
from portal.clients.models import Client
from portal.contracts import schedule
from portal.contracts.bank_holidays import is_bank_holiday
from portal.contracts.business_days import next_business_day
from portal.contracts.models import Contract, ContractStatus
from portal.core.db import db
from portal.core.errors import NotFound
from portal.deliveries.eligibility import AccountFacts, Facts, Verdict, WalletFacts, judge
from portal.receivables.models import Receivable, ReceivableStatus
from portal.settings.models import (
    BusinessDayRule,
    DeliveryType,
    FinancialSettings,
    GeneralSettings,
    Holiday,
)
from portal.smtp import variables
from portal.smtp.models import AccountState, Security, SmtpAccount
from portal.wallets.models import Wallet, WalletKind
from portal.web.formatters import month

Candidates = Select[*tuple[Any, ...]]
SECURITY_NAMES = {Security.NONE: "sem criptografia", Security.STARTTLS: "TLS", Security.SSL: "SSL"}
# Facts of no contract in particular: for the requirements that hold for all.
NOBODY = Facts(
    contract_id=0,
    contract_status="active",
    contract_delivery_type=None,
    default_delivery_type="email",
    client_id=0,
    client_active=True,
    emails=(),
    invalid_emails="",
    wallet=WalletFacts(0, "", True, True, True, True),
    account=None,
    open_receivables=0,
    max_open_receivables=None,
    already_generated=False,
    competence="",
    now=datetime.min.replace(tzinfo=UTC),
)
CANDIDATE_COLUMNS = (
    Contract.id.label("contract_id"),
    Contract.code.label("contract_code"),
    Contract.plan,
    Contract.amount,
    Contract.due_day,
    Contract.status.label("contract_status"),
    Contract.delivery_type,
    Contract.wallet_id,
    Contract.activated_on,
    Client.id.label("client_id"),
    Client.name.label("client_name"),
    Client.cpf_cnpj,
    Client.active.label("client_active"),
    Client.emails,
    Client.invalid_emails,
    Client.address,
    Client.number,
    Client.complement,
    Client.district,
    Client.city,
    Client.state,
    Client.postal_code,
)


@dataclass(frozen=True, slots=True)
class Context:
    """What is the same for every contract of a run."""

    default_delivery_type: DeliveryType
    group_by_client: bool
    max_open_receivables: int | None
    account: AccountFacts | None
    wallets: dict[int, Wallet]
    wallet_facts: dict[int, WalletFacts]
    business_day_rule: BusinessDayRule
    holidays: frozenset[date]  # municipal, where the rule asks; the national ones are known
    pro_rata: bool
    now: datetime

    def due_date(self, competence: date, due_day: int) -> date:
        """When a title of the month falls due, by the business-day rule.

        With NEXT it may be a day of the following month.
        """
        day = schedule.due_date(competence, due_day)
        if self.business_day_rule == BusinessDayRule.KEEP:
            return day
        return next_business_day(day, self._is_holiday)

    def amount(self, row: Any, competence: date) -> Decimal:
        """What one row of `candidates` is charged for the month, R$."""
        if not self.pro_rata:
            return Decimal(row.amount)
        return schedule.first_month_amount(row.amount, competence, row.activated_on)

    def _is_holiday(self, day: date) -> bool:
        return day in self.holidays or is_bank_holiday(day)


def load_context(now: datetime) -> Context:
    """The parameters, the account with its message, and the wallets, as they are now."""
    general = db.session.get(GeneralSettings, 1)
    financial = db.session.get(FinancialSettings, 1)
    wallets = {wallet.id: wallet for wallet in db.session.scalars(select(Wallet))}
    rule = general.business_day_rule if general else BusinessDayRule.KEEP
    account = financial.smtp_account if financial else None
    return Context(
        default_delivery_type=general.default_delivery_type if general else DeliveryType.PRINTED,
        group_by_client=financial.group_by_client if financial else True,
        max_open_receivables=financial.max_open_receivables if financial else None,
        account=account_facts(account) if account else None,
        wallets=wallets,
        wallet_facts={wallet.id: wallet_facts(wallet) for wallet in wallets.values()},
        business_day_rule=rule,
        holidays=_holidays() if rule == BusinessDayRule.NEXT else frozenset(),
        pro_rata=financial.pro_rata if financial else False,
        now=now,
    )


def _holidays() -> frozenset[date]:
    return frozenset(db.session.scalars(select(Holiday.day)))


def account_facts(account: SmtpAccount) -> AccountFacts:
    """What the rule asks of an account."""
    text = f"{account.subject}\n{account.body}"
    unknown = tuple(dict.fromkeys(item.name for item in variables.unknown(text)))
    security = SECURITY_NAMES[account.security]
    return AccountFacts(
        id=account.id,
        name=account.name,
        server=f"{account.host}:{account.port} com {security}"
        if account.security != Security.NONE
        else f"{account.host}:{account.port} {security}",
        active=account.state == AccountState.ACTIVE,
        pause_reason=account.pause_reason,
        tested_at=account.tested_at,
        test_accepted=bool(account.test_accepted),
        test_is_current=account.test_is_current,
        tested_by=account.tested_by,
        has_credentials=account.has_credentials,
        subject=account.subject.strip(),
        body_present=bool(account.body.strip()),
        variables=len({token.name for token in variables.find(text)}),
        unknown_variables=unknown,
        message_changed_at=account.message_changed_at,
    )


def wallet_facts(wallet: Wallet) -> WalletFacts:
    """What the rule asks of a wallet."""
    return WalletFacts(
        id=wallet.id,
        name=wallet.name,
        is_bank=wallet.kind == WalletKind.BANK,
        active=wallet.active,
        email_on_generation=wallet.email_on_generation,
        makes_boleto=makes_boleto(wallet),
    )


def makes_boleto(wallet: Wallet) -> bool:
    """Whether the wallet's bank data are complete: a boleto can be made of them."""
    try:
        bank(wallet.bank_code).check(wallet.bank_account)
    except InvalidBoleto:
        return False
    return True


def candidates(
    *,
    contract_codes: Sequence[str] = (),
    wallet_id: int | None = None,
    contract_ids: Iterable[int] | None = None,
    where: Sequence[ColumnElement[bool]] = (),
) -> Candidates:
    """Contracts to look at, with their client's columns; those of a client stand together."""
    query: Candidates = select(*CANDIDATE_COLUMNS).join(Client, Client.id == Contract.client_id)
    if contract_codes:
        query = query.where(Contract.code.in_(contract_codes))
    if contract_ids is not None:
        query = query.where(Contract.id.in_(list(contract_ids)))
    if wallet_id is not None:
        query = query.where(Contract.wallet_id == wallet_id)
    return query.where(*where).order_by(Contract.client_id, Contract.id)


def generated_already(
    competences: Sequence[date], contract_ids: Collection[int] | None = None, before: int = 0
) -> set[tuple[int, date]]:
    """(contract id, competence) of every title of these months, but for what was undone.

    `contract_ids` narrows to these contracts; `before` to what earlier runs than this one made.
    """
    query = select(Receivable.contract_id, Receivable.competence).where(
        Receivable.competence.in_(competences), *_narrowed(contract_ids, before)
    )
    rows = db.session.execute(query)
    return {(contract_id, competence) for contract_id, competence in rows}


def open_counts(contract_ids: Collection[int] | None = None, before: int = 0) -> dict[int, int]:
    """Open titles by contract; narrowed as in `generated_already`."""
    query = (
        select(Receivable.contract_id, func.count())
        .where(Receivable.status == ReceivableStatus.OPEN, *_narrowed(contract_ids, before))
        .group_by(Receivable.contract_id)
    )
    return dict(db.session.execute(query).all())


def _narrowed(contract_ids: Collection[int] | None, before: int) -> Iterator[ColumnElement[bool]]:
    yield Receivable.undone_at.is_(None)  # said even of open titles: the index covers only these
    if contract_ids is not None:
        yield Receivable.contract_id.in_(contract_ids)
    if before:
        yield func.coalesce(Receivable.generation_id, 0) < before


def facts_of(
    row: Any, context: Context, competence: date, *, already: bool, open_receivables: int
) -> Facts:
    """Facts of one row of `candidates`."""
    return Facts(
        contract_id=row.contract_id,
        contract_status=_status(row, competence),
        contract_delivery_type=row.delivery_type.value if row.delivery_type else None,
        default_delivery_type=context.default_delivery_type.value,
        client_id=row.client_id,
        client_active=row.client_active,
        emails=tuple(filter(None, row.emails.split(", "))),
        invalid_emails=row.invalid_emails,
        wallet=context.wallet_facts[row.wallet_id],
        account=context.account,
        open_receivables=open_receivables,
        max_open_receivables=context.max_open_receivables,
        already_generated=already,
        competence=month(competence),
        now=context.now,
    )


def _status(row: Any, competence: date) -> str:
    """The contract's status in the competence; one that starts later is not active in it yet."""
    status: ContractStatus = row.contract_status
    if status == ContractStatus.ACTIVE and schedule.starts_after(competence, row.activated_on):
        return f"ativado em {row.activated_on:%d/%m/%Y}"
    return status.value


def explain(contract_id: int, competence: date, now: datetime) -> Verdict:
    """The verdict on one contract now; raises NotFound."""
    context = load_context(now)
    row = db.session.execute(candidates(contract_ids=[contract_id])).first()
    if row is None:
        raise NotFound(f"Contrato {contract_id} não existe.")
    already = (contract_id, competence) in generated_already([competence], [contract_id])
    count = open_counts([contract_id]).get(contract_id, 0)
    return judge(facts_of(row, context, competence, already=already, open_receivables=count))
