"""Words of a client's timeline."""

from portal.deliveries.bounces.plain_notice import DELAYED
from portal.deliveries.timeline import Theme
from portal.web.labels import Label

THEMES: dict[Theme, str] = {
    Theme.TITLES: "Títulos",
    Theme.PAYMENTS: "Pagamentos",
    Theme.EMAILS: "E-mails",
    Theme.BOUNCES: "Devoluções",
    Theme.REGISTER: "Cadastro",
}
EVENTS: dict[str, Label] = {
    "created": Label("Título gerado", "info", "+"),
    "settled": Label("Pago", "success", "✓"),
    "reopened": Label("Baixa estornada", "warning", "↩"),
    "cancelled": Label("Título cancelado", "muted", "–"),
    "undone": Label("Geração desfeita", "muted", "–"),
    "register": Label("Cadastro", "muted", "✎"),
    DELAYED: Label("Entrega atrasada", "warning", "…"),
}
BOUNCED = Label("Devolvido", "danger", "↩")


def event(name: str) -> Label:
    """What happened, of everything but an e-mail, which shows its state."""
    return EVENTS.get(name, BOUNCED)
