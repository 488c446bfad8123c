"""Words for what runs behind the pages."""

from portal.core.queue import SENDING, URGENT
from portal.operations.redis_state import Task
from portal.web.labels import Label

QUEUES: dict[str, str] = {
    URGENT: "O que alguém espera, e a reconciliação",
    SENDING: "Envio de e-mails",
}
# What each job does, and what its number is of.
JOBS: dict[str, tuple[str, str]] = {
    "jobs.deliveries.drain": ("Enviar e-mails", "conta nº"),
    "jobs.deliveries.alert": ("Avisar da pausa", "conta nº"),
    "jobs.bounces.read": ("Ler devoluções", "conta nº"),
    "jobs.generation.run": ("Gerar financeiro", "geração nº"),
    "jobs.smtp.run_test": ("Enviar e-mail de teste", "teste nº"),
    "jobs.reconcile.run": ("Reconciliar", ""),
    "jobs.webhooks.drain": ("Avisar outro sistema", "webhook nº"),
    "jobs.privacy.sweep": ("Apagar o que passou do prazo", ""),
}
STATES: dict[str, Label] = {
    "idle": Label("Livre", "success", "✓"),
    "busy": Label("Trabalhando", "info", "→"),
    "started": Label("Começando", "info", "…"),
    "suspended": Label("Suspenso", "warning", "!"),
}


def task(found: Task) -> str:
    """`Enviar e-mails, conta nº 2`; a job that has no words yet by its own name."""
    name, of = JOBS.get(found.name, (found.name, "nº"))
    if not found.args or not of:
        return name
    return f"{name}, {of} {', '.join(str(item)[:20] for item in found.args)}"


def state(word: str) -> Label:
    """A worker's state; an unknown one by RQ's own word."""
    return STATES.get(word) or Label(word, "muted", "–")
