"""Words, signs and tones of the titles."""

from datetime import date

from portal.receivables.models import Receivable, ReceivableStatus
from portal.settings.labels import DELIVERY_NAMES
from portal.web.labels import Label

STATUSES: dict[ReceivableStatus, Label] = {
    ReceivableStatus.OPEN: Label("Aberto", "info", "○"),
    ReceivableStatus.PAID: Label("Pago", "success", "✓"),
    ReceivableStatus.CANCELLED: Label("Cancelado", "muted", "–"),
}
OVERDUE = Label("Vencido", "warning", "!")
UNDONE = Label("Desfeito", "muted", "–")
FROZEN_DELIVERY_TYPE = (
    "Como estava quando o título foi gerado. Mudar o tipo de envio de cobrança vale só para os "
    "próximos boletos."
)
# Why a title was not e-mailed, in few words: the codes of the rule that can stop an e-mail.
NOT_SENT: dict[str, str] = {
    "email_delivery_type": "Tipo de envio Impresso",
    "wallet_email_on_generation": "Carteira com envio ao gerar = Não",
    "wallet_is_bank": "Carteira sem dados bancários",
    "smtp_account_chosen": "Nenhuma conta em Parâmetros financeiro",
    "smtp_account_usable": "Conta SMTP pausada ou incompleta",
    "message_ready": "Mensagem incompleta",
    "client_email": "Cliente sem e-mail válido",
}
SENDING_FILTERS: dict[str, str] = {
    "email": "Por e-mail",
    "printed": "Impresso",
    **{code: f"Não enviado: {text[0].lower()}{text[1:]}" for code, text in NOT_SENT.items()},
}


def status(receivable: Receivable, today: date) -> Label:
    """The title's situation on `today`: an open one past its due date is overdue, and one that
    was cancelled with its whole run is undone."""
    if receivable.undone_at:
        return UNDONE
    if receivable.status == ReceivableStatus.OPEN and receivable.due_date < today:
        return OVERDUE
    return STATUSES[receivable.status]


def sending(receivable: Receivable) -> str:
    """How the title was to reach the client, as the rule decided at generation."""
    if receivable.not_sent_code:
        code = receivable.not_sent_code
        return f"Não enviado: {NOT_SENT.get(code, code)}"
    return DELIVERY_NAMES[receivable.delivery_type]


def installment(receivable: Receivable) -> str:
    """`2 de 12`; empty where the title stands alone."""
    many = receivable.installments > 1
    return f"{receivable.installment} de {receivable.installments}" if many else ""
