"""Words, signs and tones of the webhooks."""

from portal.web.labels import Label
from portal.webhooks.models import CallState, Event
from portal.webhooks.service import TEST_EVENT

EVENTS: dict[str, str] = {
    Event.SENT: "E-mail enviado (aceito pelo servidor)",
    Event.FAILED: "E-mail falhou",
    Event.UNCERTAIN: "E-mail incerto (o servidor não confirmou)",
    Event.BOUNCED: "E-mail devolvido",
    TEST_EVENT: "Teste",
}
SHORT: dict[str, str] = {
    Event.SENT: "enviado",
    Event.FAILED: "falhou",
    Event.UNCERTAIN: "incerto",
    Event.BOUNCED: "devolvido",
    TEST_EVENT: "teste",
}
ACTIVE: dict[bool, Label] = {
    True: Label("Ativo", "success", "✓"),
    False: Label("Pausado", "danger", "✕"),
}
STATES: dict[CallState, Label] = {
    CallState.QUEUED: Label("Na fila", "info", "○"),
    CallState.CALLING: Label("Avisando", "info", "→"),
    CallState.DONE: Label("Recebido", "success", "✓"),
    CallState.FAILED: Label("Falhou", "danger", "✕"),
}
