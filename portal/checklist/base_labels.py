"""What the numbers and the lists of the base are called. The reasons have the rule's own words."""

from portal.checklist.base_health import EMAILS, Reason
from portal.checklist.base_lists import ListFilters
from portal.contracts.labels import DELIVERY_FILTERS
from portal.deliveries.eligibility import Requirement, Status
from portal.deliveries.labels import REASONS
from portal.web.formatters import number

DELIVERIES = DELIVERY_FILTERS
# What a list offers to change in its contracts or their clients.
OFFERS: dict[str, frozenset[str]] = {
    EMAILS: frozenset({"delivery_type", "wallet_id"}),
    "email_delivery_type": frozenset({"delivery_type"}),
    "wallet_email_on_generation": frozenset({"wallet_id", "delivery_type"}),
    "wallet_is_bank": frozenset({"wallet_id", "delivery_type"}),
    "client_email": frozenset({"emails", "delivery_type"}),
}
# Rows of the checklist that speak of many contracts.
_LISTED = {
    ("email_delivery_type", Status.WARNING),
    ("client_email", Status.WARNING),
    ("client_email", Status.BLOCKED),
}


def name(code: str) -> str:
    """What a list is called."""
    return "Receberiam e-mail" if code == EMAILS else REASONS.get(code, code)


def offers(code: str) -> frozenset[str]:
    """What the list of that code offers to change: delivery_type, wallet_id, emails."""
    return OFFERS.get(code, frozenset())


def described(filters: ListFilters) -> str:
    """The list in words, for the audit trail: `Lista Cliente sem e-mail válido, busca “ana”.`"""
    words = [f"Lista {name(filters.code)}"]
    if filters.every:
        words.append("com os que param antes por outro motivo")
    if filters.text:
        words.append(f"busca “{filters.text}”")
    if filters.contract_ids is not None:
        words.append("só os marcados")
    return f"{', '.join(words)}."


def is_listed(requirement: Requirement) -> bool:
    """Whether a row of the checklist speaks of some of many contracts, whose list it links to."""
    return (requirement.code, requirement.status) in _LISTED


def action(reason: Reason, *, may_change: bool) -> str:
    """The words of the link from a row of the checklist to its list."""
    if reason.code == "client_email" and may_change:
        return "Corrigir em massa"
    return "Ver o contrato" if reason.every == 1 else f"Ver os {number(reason.every)}"
