"""The "Fluxo de Trabalho": the steps of the manual as a drawing that knows how each one stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import url_for
from sqlalchemy import func, select

from portal.checklist import labels
from portal.checklist.probes import Checklist
from portal.contracts.models import Contract, ContractStatus
from portal.core import clock
from portal.core.db import db
from portal.deliveries.eligibility import Status
from portal.deliveries.models import EmailMessage
from portal.generation.models import Generation, GenerationState
from portal.settings.models import DeliveryType
from portal.settings.service import financial, general
from portal.smtp.models import AccountState, SmtpAccount
from portal.wallets.models import Wallet
from portal.web.formatters import month, number, since
from portal.web.labels import Label


@dataclass(frozen=True, slots=True)
class Node:
    """One step: where it is done, how it stands, and one fact in a few words.

    `steps` are the steps of the guide that it stands for.
    """

    name: str
    url: str
    label: Label
    fact: str
    steps: frozenset[str] = frozenset()


def nodes(
    found: Checklist, account: SmtpAccount | None, timezone: str, now: datetime
) -> Sequence[Node]:
    """The six steps in the manual's order; `account` is the one that sends, or is to send."""
    chosen = financial().smtp_account
    today = clock.local_date(now, timezone)
    coming = next_month(today)
    account_url = url_for("smtp.edit", account_id=account.id) if account else url_for("smtp.index")
    return (
        Node(
            "E-mail SMTP",
            account_url,
            _label(found, "smtp_account_usable", "message_ready"),
            _account_fact(account, found, now),
            frozenset({"conta", "mensagem"}),
        ),
        Node(
            "Parâmetros",
            url_for("settings.financial"),
            _label(found, "smtp_account_chosen"),
            f"conta {chosen.name}" if chosen else "nenhuma conta",
            frozenset({"parametros"}),
        ),
        Node(
            "Tipo de envio",
            url_for("settings.contracts"),
            _label(found, "email_delivery_type"),
            _delivery_fact(),
            frozenset({"tipo-de-envio"}),
        ),
        Node(
            "Carteira",
            url_for("wallets.index"),
            _label(found, "wallet_email_on_generation", "wallet_is_bank"),
            _wallet_fact(),
            frozenset({"carteira"}),
        ),
        Node("Gerar", url_for("generation.index"), labels.NEUTRAL, _generation_fact(coming)),
        Node(
            "Log",
            url_for("deliveries.log", periodo="hoje"),
            labels.NEUTRAL,
            _log_fact(_midnight(today, timezone)),
        ),
    )


def next_month(today: date) -> date:
    """The first of the month after today's: the competence that is generated next."""
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)


def _label(found: Checklist, *codes: str) -> Label:
    return labels.label(found.status_of(*codes))


def _account_fact(account: SmtpAccount | None, found: Checklist, now: datetime) -> str:
    if account is None:
        return "sem conta"
    if account.state == AccountState.PAUSED:
        return "conta pausada"
    if found.status_of("message_ready") == Status.BLOCKED:
        return "mensagem incompleta"
    if account.tested_at is None:
        return "nunca testado"
    if not account.test_accepted:
        return "o teste falhou"
    if not account.test_is_current:
        return "mudou após o teste"
    return f"testado {since(account.tested_at, now)}"


def _delivery_fact() -> str:
    if general().default_delivery_type != DeliveryType.EMAIL:
        return "padrão Impresso"
    printed = db.session.scalar(
        select(func.count()).where(
            Contract.status == ContractStatus.ACTIVE, Contract.delivery_type == DeliveryType.PRINTED
        )
    )
    if not printed:
        return "padrão E-mail"
    return f"{number(printed)} impresso{'s' if printed > 1 else ''}"


def _wallet_fact() -> str:
    rows = db.session.execute(
        select(Wallet.email_on_generation, func.count())
        .where(Wallet.active.is_(True))
        .group_by(Wallet.email_on_generation)
    )
    counts: dict[bool, int] = dict(rows.all())
    off = counts.get(False, 0)
    if not counts:
        return "nenhuma carteira"
    if not off:
        return "envio = Sim"
    return "envio = Não" if off == sum(counts.values()) else f"{number(off)} com envio = Não"


def _generation_fact(coming: date) -> str:
    made = db.session.scalar(
        select(func.sum(Generation.receivables)).where(
            Generation.competence == coming, Generation.state != GenerationState.UNDONE
        )
    )
    if not made:
        return month(coming)
    return f"{month(coming)}: {number(int(made))} título{'s' if made > 1 else ''}"


def _log_fact(start: datetime) -> str:
    count = db.session.scalar(select(func.count()).where(EmailMessage.created_at >= start))
    return f"{number(count or 0)} hoje"


def _midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(timezone))
