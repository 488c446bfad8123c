"""The requirements of automatic sending for the whole base, probed live.

The words for account, message and parameters are the rule's own (deliveries.eligibility); what
concerns many contracts at once is counted here.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select

from portal.clients.models import Client, EmailStatus
from portal.contracts.models import Contract, ContractStatus
from portal.core.db import db
from portal.deliveries import eligibility
from portal.deliveries.eligibility import Requirement, Status, WalletFacts
from portal.deliveries.facts import NOBODY, Context, load_context
from portal.settings.models import DeliveryType
from portal.web.formatters import number, percent

WALLETS_URL = "/cadastros/carteiras"
GENERAL_URL = "/configuracoes/parametros/gerais/contratos"

_Counts = dict[tuple[DeliveryType | None, int], int]


@dataclass(frozen=True, slots=True)
class Checklist:
    """Every requirement as it stands now."""

    requirements: tuple[Requirement, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing blocks automatic sending."""
        return all(item.status != Status.BLOCKED for item in self.requirements)

    @property
    def done(self) -> int:
        """How many requirements are in order."""
        return sum(item.status == Status.OK for item in self.requirements)

    @property
    def missing(self) -> int:
        """How many block."""
        return sum(item.status == Status.BLOCKED for item in self.requirements)

    def status_of(self, *codes: str) -> Status:
        """The worst status among these requirements."""
        worst = (Status.OK, Status.UNTESTED, Status.WARNING, Status.BLOCKED)
        found = [item.status for item in self.requirements if item.code in codes]
        return max(found, key=worst.index, default=Status.OK)

    def to_dict(self) -> dict[str, object]:
        """As `portal checklist --json` prints it."""
        return {
            "ready": self.ready,
            "requirements": [item.to_dict() for item in self.requirements],
        }


def check(now: datetime) -> Checklist:
    """Probe everything; reads only."""
    context = load_context(now)
    facts = replace(NOBODY, account=context.account, now=now)
    active = _active_contracts()
    return Checklist(
        (
            eligibility.smtp_account_usable(facts),
            eligibility.message_ready(facts),
            eligibility.smtp_account_chosen(facts),
            _delivery_type(context, active),
            *_wallets(context, active),
            _client_email(),
            _contracts(active),
        )
    )


def _active_contracts() -> _Counts:
    """Active contracts by their own delivery type and their wallet: one query for all of it."""
    rows = db.session.execute(
        select(Contract.delivery_type, Contract.wallet_id, func.count())
        .where(Contract.status == ContractStatus.ACTIVE)
        .group_by(Contract.delivery_type, Contract.wallet_id)
    )
    return {(kind, wallet_id): count for kind, wallet_id, count in rows}


def _delivery_type(context: Context, active: _Counts) -> Requirement:
    own_printed = sum(count for (kind, _), count in active.items() if kind == DeliveryType.PRINTED)
    own_email = sum(count for (kind, _), count in active.items() if kind == DeliveryType.EMAIL)
    if context.default_delivery_type == DeliveryType.EMAIL:
        if not own_printed:
            return Requirement("email_delivery_type", Status.OK, "Padrão E-mail.", GENERAL_URL)
        some = (
            "1 contrato está como Impresso por escolha própria e não recebe e-mail."
            if own_printed == 1
            else f"{number(own_printed)} contratos estão como Impresso por escolha própria e não"
            " recebem e-mail."
        )
        evidence = f"Padrão E-mail. {some}"
        status = Status.BLOCKED if own_printed == sum(active.values()) else Status.WARNING
        return Requirement("email_delivery_type", status, evidence, "/contratos?tipo=printed")
    evidence = f"Padrão Impresso; como E-mail por escolha própria: {_many(own_email)}."
    status = Status.WARNING if own_email else Status.BLOCKED
    return Requirement("email_delivery_type", status, evidence, GENERAL_URL)


def _wallets(context: Context, active: _Counts) -> list[Requirement]:
    used: Counter[int] = Counter()
    for (_, wallet_id), count in active.items():
        used[wallet_id] += count
    facts = [item for item in context.wallet_facts.values() if item.id in used or not used]
    if not facts:
        evidence = "Nenhuma carteira cadastrada."
        return [
            Requirement("wallet_email_on_generation", Status.BLOCKED, evidence, WALLETS_URL),
            Requirement("wallet_is_bank", Status.BLOCKED, evidence, WALLETS_URL),
        ]
    return [_sending_wallets(facts, used), _bank_wallets(facts)]


def _sending_wallets(facts: list[WalletFacts], used: Counter[int]) -> Requirement:
    off = [item for item in facts if not (item.email_on_generation and item.active)]
    code = "wallet_email_on_generation"
    if not off:
        names = ", ".join(f"“{item.name}”" for item in facts[:3])
        return Requirement(code, Status.OK, f"Enviar ao gerar = Sim em {names}.", WALLETS_URL)
    status = Status.BLOCKED if len(off) == len(facts) else Status.WARNING
    first = max(off, key=lambda item: used[item.id])
    contracts = sum(used[item.id] for item in off)
    more = f" e mais {len(off) - 1}" if len(off) > 1 else ""
    why = (
        "está inativa"
        if first.email_on_generation
        else "está com Enviar e-mail para cliente ao gerar financeiro do contrato = Não"
    )
    evidence = f"“{first.name}”{more} {why} ({_many(contracts)})."
    return Requirement(code, status, evidence, f"{WALLETS_URL}/{first.id}")


def _bank_wallets(facts: list[WalletFacts]) -> Requirement:
    rank = (Status.OK, Status.WARNING, Status.BLOCKED)
    judged = [
        eligibility.wallet_is_bank(replace(NOBODY, wallet=item))
        for item in facts
        if item.email_on_generation
    ]
    if not judged:
        return Requirement(
            "wallet_is_bank", Status.OK, "Nenhuma carteira envia ao gerar.", WALLETS_URL
        )
    worst = max(judged, key=lambda item: rank.index(item.status))
    if worst.status == Status.BLOCKED and any(item.status != Status.BLOCKED for item in judged):
        return replace(worst, status=Status.WARNING)
    return worst


def _client_email() -> Requirement:
    counts: dict[EmailStatus, int] = dict(
        db.session.execute(
            select(Client.email_status, func.count())
            .where(Client.active.is_(True))
            .group_by(Client.email_status)
        ).all()
    )
    total = sum(counts.values())
    good = counts.get(EmailStatus.OK, 0)
    missing, invalid = counts.get(EmailStatus.MISSING, 0), counts.get(EmailStatus.INVALID, 0)
    if not total:
        evidence = "Nenhum cliente ativo. Importe os clientes."
        return Requirement("client_email", Status.WARNING, evidence, "/clientes/importar")
    if good == total:
        evidence = (
            "O único cliente ativo tem e-mail válido."
            if total == 1
            else f"Todos os {number(total)} clientes ativos têm e-mail válido."
        )
        return Requirement("client_email", Status.OK, evidence, "/clientes")
    evidence = (
        f"{percent(good, total)} dos clientes ativos: {number(missing)} sem e-mail, "
        f"{number(invalid)} com e-mail inválido."
    )
    url = f"/clientes?email={'missing' if missing else 'invalid'}"
    status = Status.WARNING if good else Status.BLOCKED
    return Requirement("client_email", status, evidence, url)


def _contracts(active: _Counts) -> Requirement:
    count = sum(active.values())
    if not count:
        evidence = "Nenhum contrato ativo. Importe os contratos."
        return Requirement("contract_active", Status.WARNING, evidence, "/contratos/importar")
    evidence = f"{_many(count)} ativo{'s' if count > 1 else ''}."
    return Requirement("contract_active", Status.OK, evidence, "/contratos")


def _many(contracts: int) -> str:
    return f"{number(contracts)} contrato{'' if contracts == 1 else 's'}"
