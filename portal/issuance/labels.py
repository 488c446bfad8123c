"""Words of the report."""

from portal.deliveries.labels import STATES
from portal.deliveries.states import State
from portal.web.labels import Label

SENT, WAITING, UNCERTAIN, FAILED, NEVER = "enviado", "fila", "incerto", "falhou", "nunca"
# What became of a title by e-mail: one word a title, the first that fits. A title
# that was sent and waits again is found by both words.
SENDINGS: dict[str, Label] = {
    WAITING: STATES[State.QUEUED],
    SENT: STATES[State.SENT],
    UNCERTAIN: STATES[State.UNCERTAIN],
    FAILED: Label("Falhou ou voltou", "danger", "✕"),
    NEVER: Label("Não enviado", "muted", "–"),
}
LAYOUTS = {"ficha": "Um boleto por página", "carne": "Carnê: três por página"}
