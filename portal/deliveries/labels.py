"""Words, signs and tones of what deliveries show."""

from portal.deliveries.eligibility import Status
from portal.deliveries.states import Kind, State
from portal.web.labels import Label

STATES: dict[State, Label] = {
    State.QUEUED: Label("Na fila", "info", "…"),
    State.SENDING: Label("Enviando", "info", "→"),
    State.SENT: Label("Enviado", "success", "✓"),
    State.FAILED: Label("Falhou", "danger", "✕"),
    State.UNCERTAIN: Label("Incerto", "warning", "?"),
    State.CANCELLED: Label("Cancelado", "muted", "–"),
    State.EXPIRED: Label("Expirado", "muted", "◷"),
    State.SKIPPED: Label("Pulado", "muted", "»"),
    State.BOUNCED: Label("Devolvido", "danger", "↩"),
}
KINDS: dict[Kind, str] = {
    Kind.AUTOMATIC: "automático",
    Kind.MANUAL: "manual",
    Kind.TEST: "teste",
}
STATUSES: dict[Status, Label] = {
    Status.OK: Label("pronto", "success", "✓"),
    Status.WARNING: Label("atenção", "warning", "!"),
    Status.BLOCKED: Label("falta", "danger", "✕"),
    Status.UNTESTED: Label("não testado", "warning", "?"),
}
REQUIREMENTS: dict[str, str] = {
    "email_delivery_type": "Tipo de envio de cobrança",
    "wallet_email_on_generation": "Carteira: enviar ao gerar",
    "wallet_is_bank": "Tipo da carteira",
    "smtp_account_chosen": "Servidor para vários boletos",
    "smtp_account_usable": "Conta SMTP",
    "message_ready": "Mensagem",
    "client_email": "E-mail do cliente",
    "contract_active": "Contrato ativo",
    "client_active": "Cliente ativo",
    "open_receivables_limit": "Limite de títulos em aberto",
    "not_generated_yet": "Competência ainda não gerada",
}
# What a count of titles or contracts by code is called in previews and reports.
REASONS: dict[str, str] = {
    "email_delivery_type": "Tipo de envio Impresso",
    "wallet_email_on_generation": "Carteira com envio ao gerar = Não",
    "wallet_is_bank": "Carteira sem dados bancários",
    "smtp_account_chosen": "Nenhuma conta em Parâmetros financeiro",
    "smtp_account_usable": "Conta SMTP pausada ou incompleta",
    "message_ready": "Mensagem incompleta",
    "client_email": "Cliente sem e-mail válido",
    "contract_active": "Contrato suspenso ou cancelado",
    "client_active": "Cliente inativo",
    "open_receivables_limit": "Limite de títulos em aberto atingido",
    "not_generated_yet": "Já gerado nesta competência",
}
