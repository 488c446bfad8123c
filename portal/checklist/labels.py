"""Names of the requirements, and the words of the "Fluxo de Trabalho"."""

from portal.deliveries.eligibility import Requirement, Status
from portal.deliveries.labels import STATUSES
from portal.web.labels import Label

NAMES: dict[str, str] = {
    "company": "Dados da empresa",
    "smtp_account_usable": "Conta SMTP",
    "message_ready": "Mensagem",
    "smtp_account_chosen": "Servidor para vários boletos",
    "email_delivery_type": "Tipo de envio de cobrança",
    "wallet_email_on_generation": "Carteira de cobrança",
    "wallet_is_bank": "Tipo da carteira",
    "client_email": "E-mail dos clientes",
    "contract_active": "Contratos",
}
NEUTRAL = Label("próximo passo", "muted", "")
# What the one link of a requirement says where "Corrigir" would say too little.
ACTIONS: dict[tuple[str, Status], str] = {
    ("smtp_account_usable", Status.UNTESTED): "Testar",
    ("smtp_account_usable", Status.WARNING): "Testar",
    ("message_ready", Status.WARNING): "Conferir",
    ("email_delivery_type", Status.WARNING): "Ver quais",
    ("client_email", Status.WARNING): "Corrigir em massa",
    ("client_email", Status.BLOCKED): "Corrigir em massa",
}


def name(requirement: Requirement) -> str:
    """What the row is called."""
    return NAMES.get(requirement.code, requirement.code)


def action(requirement: Requirement, *, may_change: bool) -> str:
    """The word of the row's link."""
    if requirement.status == Status.OK or not may_change:
        return "Ver"
    if requirement.fix_url.endswith("/importar"):
        return "Importar"
    return ACTIONS.get((requirement.code, requirement.status), "Corrigir")


def label(status: Status) -> Label:
    """Sign, word and tone of a status."""
    return STATUSES[status]
