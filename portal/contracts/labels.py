"""Words, sign and tone of the contracts."""

from portal.contracts.models import ContractStatus
from portal.settings.labels import DELIVERY_NAMES
from portal.settings.models import DeliveryType
from portal.web.labels import Label

STATUS_LABELS = {
    ContractStatus.ACTIVE: Label("Ativo", "success", "✓"),
    ContractStatus.SUSPENDED: Label("Suspenso", "warning", "‖"),
    ContractStatus.CANCELLED: Label("Cancelado", "muted", "✕"),
}
INHERIT = "inherit"
DELIVERY_FILTERS = {
    "email": "E-mail",
    "printed": "Impresso",
    INHERIT: "Padrão",
}


def delivery_text(own: DeliveryType | None, default: DeliveryType) -> str:
    """How a contract's Tipo de Envio de Cobrança reads: `Padrão (E-mail)`, or its own."""
    return DELIVERY_NAMES[own] if own else f"Padrão ({DELIVERY_NAMES[default]})"
