"""Words, sign and tone of the clients."""

from portal.clients.models import EmailStatus
from portal.web.labels import Label

EMAIL_LABELS = {
    EmailStatus.OK: Label("Válido", "success", "✓"),
    EmailStatus.MISSING: Label("Sem e-mail", "warning", "!"),
    EmailStatus.INVALID: Label("Inválido", "danger", "✕"),
}
ACTIVE_LABELS = {True: Label("Ativo", "success", "✓"), False: Label("Inativo", "muted", "·")}
EMAIL_FILTERS = {
    "missing": "Sem e-mail",
    "invalid": "E-mail inválido",
    "ok": "E-mail válido",
}
ACTIVE_FILTERS = {"S": "Ativos", "N": "Inativos"}
