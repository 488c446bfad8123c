"""Words of the runs: their state, what they are for, and the reasons that they count."""

from datetime import datetime

from portal.core import clock
from portal.deliveries import labels as deliveries
from portal.deliveries.states import State
from portal.generation.models import Generation, GenerationState
from portal.web.formatters import WEEKDAYS, number
from portal.web.labels import Label

STATES: dict[GenerationState, Label] = {
    GenerationState.QUEUED: Label("Na fila", "info", "…"),
    GenerationState.RUNNING: Label("Gerando", "info", "▸"),
    GenerationState.PAUSED: Label("Pausada", "warning", "‖"),
    GenerationState.DONE: Label("Concluída", "success", "✓"),
    GenerationState.FAILED: Label("Falhou", "danger", "✕"),
    GenerationState.CANCELLED: Label("Cancelada", "muted", "–"),
    GenerationState.UNDONE: Label("Desfeita", "muted", "↶"),
}
# A client without a valid address is one reason for the rule and two kinds of work for a person.
SPLIT_REASONS = {
    "client_email.missing": "Cliente sem e-mail",
    "client_email.invalid": "E-mail inválido",
}
LISTS = {
    "emails": "Títulos que vão por e-mail",
    "printed": "Títulos impressos",
    "overdue": "Títulos que nascem vencidos",
    "late": "Títulos que vencem antes de o e-mail sair",
}


SCOPES = {
    "wallet_name": "carteira",
    "plan": "plano",
    "city": "cidade",
    "due_day": "vencimento no dia",
}


def reason(key: str) -> str:
    """What a reason is called: a requirement's code, or one of the two kinds of `client_email`."""
    return SPLIT_REASONS.get(key) or deliveries.REASONS.get(key, key)


def is_list(key: str) -> bool:
    """Whether the simulation has a list of that key."""
    return key in {*LISTS, *SPLIT_REASONS, *deliveries.REASONS}


def list_name(key: str) -> str:
    """What a list of simulated titles is called."""
    return LISTS.get(key) or reason(key)


def scope(generation: Generation) -> str:
    """For whom the run was: `toda a base`, `contrato 5001`, `carteira Itaú`, `piloto de 20`."""
    given = generation.parameters
    if codes := given.get("contract_codes"):
        return f"contrato{'s' if len(codes) > 1 else ''} {', '.join(codes[:3])}"
    if limit := given.get("limit"):
        return f"grupo piloto de {number(limit)} {'cliente' if limit == 1 else 'clientes'}"
    if codes := given.get("client_codes"):
        return f"lista de {number(len(codes))} {'cliente' if len(codes) == 1 else 'clientes'}"
    words = [f"{name} {given[key]}" for key, name in SCOPES.items() if given.get(key)]
    if given.get("rest"):
        words.append("todos menos o grupo piloto")
    return ", ".join(words) or "toda a base"


def message_state(state: State, count: int) -> Label:
    """The state's own label; quiet while nothing is in it."""
    label = deliveries.STATES[state]
    return label if count else Label(label.text, "muted", label.sign)


def long_moment(moment: datetime, timezone: str) -> str:
    """`qua. 26/11 às 14:20`."""
    there = clock.local(moment, timezone)
    return f"{WEEKDAYS[there.weekday()]} {there:%d/%m} às {there:%H:%M}"
