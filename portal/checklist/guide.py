"""The checklist of the first day: the manual's steps, each with the form that does it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import url_for
from sqlalchemy import exists, select

from portal.checklist.probes import Checklist
from portal.core.db import db
from portal.deliveries import eligibility
from portal.deliveries.eligibility import Requirement, Status
from portal.deliveries.facts import NOBODY, account_facts
from portal.generation.models import Generation
from portal.settings.service import company_gaps, general
from portal.smtp.models import SmtpAccount
from portal.wallets.models import Wallet

# Warnings that the rule lets pass and a person may want: they hold nobody up.
PASSING = frozenset(
    {"message_ready", "email_delivery_type", "wallet_email_on_generation", "wallet_is_bank"}
    | {"client_email"}
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `url` is the page that does it ("" while something else has to come first).

    `opens`: whether that page's form can be shown in place.
    """

    key: str
    name: str
    say: str
    requirements: tuple[Requirement, ...]
    url: str
    opens: bool = True

    @property
    def done(self) -> bool:
        """Whether nothing of it holds up the first generation."""
        return all(_passes(item) for item in self.requirements)


@dataclass(frozen=True, slots=True)
class Guide:
    """The steps in the manual's order."""

    steps: tuple[Step, ...]
    opened: str  # the key of the step that is open; "" for none

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(step.done for step in self.steps)

    @property
    def next(self) -> str:
        """The key of the first step that is not done; "" when all are."""
        return next((step.key for step in self.steps if not step.done), "")


def is_first_day() -> bool:
    """Whether nothing has been generated yet: ever after, the checklist is a live check."""
    return not db.session.scalar(select(exists().where(Generation.id > 0)))


def account_in_question(chosen: SmtpAccount | None) -> SmtpAccount | None:
    """The account that sends; before one is chosen, the first that was made."""
    return chosen or db.session.scalar(select(SmtpAccount).order_by(SmtpAccount.id).limit(1))


def with_account(found: Checklist, account: SmtpAccount | None, now: datetime) -> Checklist:
    """The same requirements, those of account and message judged by this account."""
    if account is None:
        return found
    facts = replace(NOBODY, account=account_facts(account), now=now)
    mine = {
        "smtp_account_usable": eligibility.smtp_account_usable(facts),
        "message_ready": eligibility.message_ready(facts),
    }
    return Checklist(tuple(mine.get(item.code, item) for item in found.requirements))


def with_company(found: Checklist, *, always: bool) -> Checklist:
    """The same requirements after the company's own: a boleto names whom it pays.

    It is no part of the rule, so that it warns. `always`: also where nothing is missing.
    """
    gaps, url = company_gaps(), url_for("settings.general")
    if not gaps and not always:
        return found
    status, evidence = Status.OK, general().company_name
    if gaps:
        status = Status.WARNING
        evidence = f"Falta preencher: {', '.join(gaps)}. O boleto sairia sem o beneficiário."
    own = Requirement("company", status, evidence, url)
    return Checklist((own, *found.requirements))


def guide(found: Checklist, account: SmtpAccount | None, opened: str) -> Guide:
    """The steps as they stand; `opened` is what the person asked to see."""
    steps = tuple(_steps(found, account))
    return Guide(steps, opened if any(step.key == opened for step in steps) else "")


def _steps(found: Checklist, account: SmtpAccount | None) -> Sequence[Step]:
    def of(*codes: str) -> tuple[Requirement, ...]:
        return tuple(item for item in found.requirements if item.code in codes)

    return (
        Step(
            "empresa",
            "Dados da empresa",
            "Preencha o nome e o CNPJ de quem cobra: saem no boleto e nas mensagens.",
            of("company"),
            url_for("settings.general"),
        ),
        Step(
            "conta",
            "Conta SMTP",
            "Cadastre a conta que envia os e-mails e envie um e-mail de teste.",
            of("smtp_account_usable"),
            url_for("smtp.edit", account_id=account.id) if account else url_for("smtp.new"),
        ),
        Step(
            "mensagem",
            "Mensagem",
            "Escreva o assunto e a mensagem, com as variáveis de cada cliente."
            if account
            else "A mensagem é da conta: cadastre a conta primeiro.",
            of("message_ready"),
            url_for("smtp.message", account_id=account.id) if account else "",
            opens=account is not None,
        ),
        Step(
            "parametros",
            "Parâmetros financeiro",
            "Escolha a conta em Servidor de e-mail para vários boletos e faturas.",
            of("smtp_account_chosen"),
            url_for("settings.financial"),
        ),
        Step(
            "tipo-de-envio",
            "Tipo de envio de cobrança",
            "Deixe o padrão dos contratos em E-mail.",
            of("email_delivery_type"),
            url_for("settings.contracts"),
        ),
        Step(
            "carteira",
            "Carteira de cobrança",
            "Enviar e-mail para cliente ao gerar financeiro do contrato deve estar em Sim.",
            of("wallet_email_on_generation", "wallet_is_bank"),
            _wallet_url(found),
        ),
        Step(
            "base",
            "Clientes e contratos",
            "Importe os clientes e depois os contratos, em CSV.",
            of("client_email", "contract_active"),
            _base_url(found),
            opens=False,
        ),
    )


def _passes(requirement: Requirement) -> bool:
    passing = requirement.status == Status.WARNING and requirement.code in PASSING
    return passing or requirement.status == Status.OK


def _wallet_url(found: Checklist) -> str:
    """The wallet that is in the way; else the only one, or the list."""
    for item in found.requirements:
        if item.code == "wallet_email_on_generation" and item.fix_url[-1:].isdigit():
            return item.fix_url
    first = db.session.scalar(select(Wallet.id).order_by(Wallet.id).limit(1))
    return url_for("wallets.edit", wallet_id=first) if first else url_for("wallets.new")


def _base_url(found: Checklist) -> str:
    """What to do first: clients come before their contracts."""
    for item in found.requirements:
        if item.code in ("client_email", "contract_active") and not _passes(item):
            return item.fix_url
    return url_for("clients.index")
