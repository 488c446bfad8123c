"""Words, signs and tones of the charts of Início."""

from portal.web.labels import Label

# What came of a try, in the order of the stack; the codes are those of the tries in the log.
TRIES: dict[str, Label] = {
    "accepted": Label("Aceita", "success", "✓"),
    "temporary": Label("Recusada por enquanto", "warning", "…"),
    "permanent": Label("Recusada", "danger", "✕"),
    "account": Label("Conta recusada", "danger", "!"),
    "uncertain": Label("Sem resposta", "warning", "?"),
    "interrupted": Label("Interrompida", "muted", "–"),
}
