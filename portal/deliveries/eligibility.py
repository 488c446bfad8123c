"""The rule: whether a contract's boleto is generated and e-mailed, and why not.

Plain facts in, a verdict with reasons out. Checklist, preview, generation, log and "por que não
foi enviado?" all show these words. Source: the manual page "Como Parametrizar o Envio de Boletos
ao Gerar o Financeiro do Contrato", sections Requisitos de Uso and 1 to 3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Status(StrEnum):
    """Only BLOCKED stops an e-mail."""

    OK = "ok"
    WARNING = "warning"
    BLOCKED = "blocked"
    UNTESTED = "untested"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement as it stands: a fact as evidence, and the one page that mends it."""

    code: str
    status: Status
    evidence: str
    fix_url: str

    def to_dict(self) -> dict[str, str]:
        """Plain values, as JSON shows and the receivable keeps them."""
        return {
            "code": self.code,
            "status": self.status.value,
            "evidence": self.evidence,
            "fix_url": self.fix_url,
        }


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The account of Parâmetros financeiro, and its message."""

    id: int
    name: str
    server: str  # "smtp.exemplo.com:587 com TLS"
    active: bool
    pause_reason: str
    tested_at: datetime | None
    test_accepted: bool
    test_is_current: bool
    tested_by: str
    has_credentials: bool
    subject: str
    body_present: bool
    variables: int
    unknown_variables: tuple[str, ...]
    message_changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class WalletFacts:
    """The wallet of the contract."""

    id: int
    name: str
    is_bank: bool
    active: bool
    email_on_generation: bool
    makes_boleto: bool  # has the bank data of which a boleto can be made


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the rule looks at for one contract and one competence."""

    contract_id: int
    contract_status: str  # active, suspended, cancelled
    contract_delivery_type: str | None  # email, printed, or None = inherit
    default_delivery_type: str
    client_id: int
    client_active: bool
    emails: tuple[str, ...]
    invalid_emails: str
    wallet: WalletFacts
    account: AccountFacts | None
    open_receivables: int
    max_open_receivables: int | None
    already_generated: bool
    competence: str  # "12/2026"
    now: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens to the contract, with every requirement that was looked at."""

    requirements: tuple[Requirement, ...]
    printed: bool

    @property
    def not_generated_code(self) -> str:
        """The requirement that stops the title itself; "" when it is generated."""
        return self._first_blocked(GENERATION)

    @property
    def not_sent_code(self) -> str:
        """The requirement that stops the e-mail; "" when it is sent (or the title is printed)."""
        return "" if self.printed else self._first_blocked(DELIVERY)

    @property
    def emails(self) -> bool:
        """Whether the title is generated and e-mailed."""
        return not (self.printed or self.not_generated_code or self.not_sent_code)

    @property
    def ready(self) -> bool:
        """Whether nothing blocks an automatic e-mail."""
        return all(item.status != Status.BLOCKED for item in self.requirements)

    def _first_blocked(self, codes: tuple[str, ...]) -> str:
        blocked = {item.code for item in self.requirements if item.status == Status.BLOCKED}
        return next((code for code in codes if code in blocked), "")


Rule = Callable[[Facts], Requirement]
DELIVERY_NAMES = {"email": "E-mail", "printed": "Impresso"}
CONTRACT_NAMES = {"active": "ativo", "suspended": "suspenso", "cancelled": "cancelado"}
SMTP_URL = "/configuracoes/smtp"
FINANCIAL_URL = "/configuracoes/parametros/financeiro"


def contract_active(facts: Facts) -> Requirement:
    """Only active contracts are billed."""
    status = Status.OK if facts.contract_status == "active" else Status.BLOCKED
    name = CONTRACT_NAMES.get(facts.contract_status, facts.contract_status)
    return Requirement(
        "contract_active", status, f"contrato {name}", f"/contratos/{facts.contract_id}"
    )


def client_active(facts: Facts) -> Requirement:
    """Inactive clients are not billed."""
    status = Status.OK if facts.client_active else Status.BLOCKED
    evidence = "cliente ativo" if facts.client_active else "cliente inativo"
    return Requirement("client_active", status, evidence, f"/clientes/{facts.client_id}")


def not_generated_yet(facts: Facts) -> Requirement:
    """A contract has one title a competence."""
    status = Status.BLOCKED if facts.already_generated else Status.OK
    done = "já gerado" if facts.already_generated else "ainda não gerado"
    return Requirement(
        "not_generated_yet",
        status,
        f"{facts.competence} {done}",
        f"/financeiro/titulos?contrato={facts.contract_id}",
    )


def open_receivables_limit(facts: Facts) -> Requirement:
    """The maximum of open titles per contract, when Parâmetros financeiro set one."""
    url = f"/financeiro/titulos?contrato={facts.contract_id}&situacao=open"
    limit = facts.max_open_receivables
    if limit is None:
        return Requirement("open_receivables_limit", Status.OK, "sem limite", url)
    status = Status.BLOCKED if facts.open_receivables >= limit else Status.OK
    evidence = f"{facts.open_receivables} em aberto, limite {limit}"
    return Requirement("open_receivables_limit", status, evidence, url)


def email_delivery_type(facts: Facts) -> Requirement:
    """Tipo de envio de cobrança must be E-mail: the contract's own, or the general one."""
    own = facts.contract_delivery_type
    effective = own or facts.default_delivery_type
    source = "do próprio contrato" if own else "padrão do sistema"
    url = (
        f"/contratos/{facts.contract_id}/faturamento"
        if own
        else "/configuracoes/parametros/gerais/contratos"
    )
    status = Status.OK if effective == "email" else Status.BLOCKED
    return Requirement(
        "email_delivery_type", status, f"{DELIVERY_NAMES[effective]} ({source})", url
    )


def wallet_email_on_generation(facts: Facts) -> Requirement:
    """Enviar e-mail para cliente ao gerar financeiro do contrato = Sim in the wallet."""
    wallet = facts.wallet
    on = wallet.email_on_generation and wallet.active
    word = "Sim" if wallet.email_on_generation else "Não"
    evidence = f"carteira “{wallet.name}”: enviar ao gerar = {word}"
    return Requirement(
        "wallet_email_on_generation",
        Status.OK if on else Status.BLOCKED,
        evidence if wallet.active else f"{evidence}, carteira inativa",
        f"/cadastros/carteiras/{wallet.id}",
    )


def wallet_is_bank(facts: Facts) -> Requirement:
    """E-mail on generation is not recommended for Gateway wallets (the manual's Aviso).

    A warning, not a block; but where the wallet has no bank data there is no boleto to attach,
    and an e-mail without its boleto is never sent.
    """
    wallet = facts.wallet
    if wallet.is_bank and wallet.makes_boleto:
        status, text = Status.OK, "do tipo Banco"
    elif wallet.makes_boleto:
        status, text = Status.WARNING, "do tipo Gateway: envio ao gerar não é recomendado"
    else:
        status, text = Status.BLOCKED, "sem dados bancários: não há boleto para anexar"
    evidence = f"carteira “{wallet.name}” {text}"
    return Requirement("wallet_is_bank", status, evidence, f"/cadastros/carteiras/{wallet.id}")


def smtp_account_chosen(facts: Facts) -> Requirement:
    """Servidor de e-mail para vários boletos e faturas is filled."""
    if facts.account is None:
        evidence = "nenhuma conta escolhida em Parâmetros financeiro"
        return Requirement("smtp_account_chosen", Status.BLOCKED, evidence, FINANCIAL_URL)
    evidence = f"Parâmetros financeiro usam a conta “{facts.account.name}”"
    return Requirement("smtp_account_chosen", Status.OK, evidence, FINANCIAL_URL)


def smtp_account_usable(facts: Facts) -> Requirement:
    """The account is active; never or no longer tested is only a warning."""
    account = facts.account
    if account is None:
        return Requirement("smtp_account_usable", Status.BLOCKED, "sem conta SMTP", SMTP_URL)
    url = f"{SMTP_URL}/{account.id}"
    if not account.active:
        evidence = f"conta “{account.name}” pausada: {account.pause_reason or 'por uma pessoa'}"
        return Requirement("smtp_account_usable", Status.BLOCKED, evidence, url)
    if not account.has_credentials:
        evidence = f"conta “{account.name}” sem usuário ou senha"
        return Requirement("smtp_account_usable", Status.BLOCKED, evidence, url)
    status, tested = _test_of(account, facts.now)
    return Requirement("smtp_account_usable", status, f"{account.server}, {tested}", url)


def _test_of(account: AccountFacts, now: datetime) -> tuple[Status, str]:
    if account.tested_at is None:
        return Status.UNTESTED, "nunca testado"
    ago = _ago(now - account.tested_at)
    if not account.test_accepted:
        return Status.WARNING, f"o último teste falhou {ago}"
    if not account.test_is_current:
        return Status.UNTESTED, f"a conexão mudou depois do teste de {ago}"
    by = f" por {account.tested_by}" if account.tested_by else ""
    return Status.OK, f"teste aceito {ago}{by}"


def message_ready(facts: Facts) -> Requirement:
    """Assunto and mensagem are filled and every variable is known."""
    account = facts.account
    if account is None:
        return Requirement("message_ready", Status.BLOCKED, "sem conta, sem mensagem", SMTP_URL)
    url = f"{SMTP_URL}/{account.id}/mensagem"
    if not account.subject or not account.body_present:
        missing = "assunto" if not account.subject else "mensagem"
        return Requirement("message_ready", Status.BLOCKED, f"falta preencher: {missing}", url)
    if account.unknown_variables:
        names = ", ".join(account.unknown_variables[:3])
        return Requirement("message_ready", Status.BLOCKED, f"variável desconhecida: {names}", url)
    evidence = f"“{account.subject}” · {account.variables} variáveis, todas conhecidas"
    changed, tested = account.message_changed_at, account.tested_at
    if changed and tested and changed > tested:
        return Requirement(
            "message_ready", Status.WARNING, f"{evidence}; mudou depois do último teste", url
        )
    return Requirement("message_ready", Status.OK, evidence, url)


def client_email(facts: Facts) -> Requirement:
    """The client has at least one valid address."""
    url = f"/clientes/{facts.client_id}"
    if facts.emails:
        status = Status.WARNING if facts.invalid_emails else Status.OK
        extra = f" (ignorado: {facts.invalid_emails})" if facts.invalid_emails else ""
        return Requirement("client_email", status, ", ".join(facts.emails) + extra, url)
    if facts.invalid_emails:
        evidence = f"e-mail inválido: {facts.invalid_emails}"
        return Requirement("client_email", Status.BLOCKED, evidence, url)
    return Requirement("client_email", Status.BLOCKED, "cliente sem e-mail", url)


# In the order in which a person would mend them; the first blocked one names the cause.
_GENERATION_RULES: tuple[Rule, ...] = (
    contract_active,
    client_active,
    not_generated_yet,
    open_receivables_limit,
)
_DELIVERY_RULES: tuple[Rule, ...] = (
    email_delivery_type,
    wallet_email_on_generation,
    wallet_is_bank,
    smtp_account_chosen,
    smtp_account_usable,
    message_ready,
    client_email,
)
GENERATION = tuple(rule.__name__ for rule in _GENERATION_RULES)
DELIVERY = tuple(rule.__name__ for rule in _DELIVERY_RULES)
CODES = DELIVERY + GENERATION


def judge(facts: Facts) -> Verdict:
    """The verdict on one contract and competence."""
    requirements = tuple(rule(facts) for rule in (*_DELIVERY_RULES, *_GENERATION_RULES))
    effective = facts.contract_delivery_type or facts.default_delivery_type
    return Verdict(requirements, printed=effective == "printed")


def _ago(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    if seconds < 60:
        return "agora"
    if seconds < 3600:
        return f"há {seconds // 60} min"
    if seconds < 86_400:
        return f"há {seconds // 3600} h"
    days = seconds // 86_400
    return f"há {days} dia{'s' if days > 1 else ''}"
