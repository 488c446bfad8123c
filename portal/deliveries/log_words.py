"""What the log says beside a state, and what a person may do in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.core.money import format_brl
from portal.deliveries.cause_names import short
from portal.deliveries.holds import is_held
from portal.deliveries.labels import KINDS
from portal.deliveries.log_queries import Carried, Row
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import PERSONS_MOVES, WAITING, Kind, State
from portal.smtp.models import AccountState
from portal.web.formatters import short_moment

SENT_NOTE = "“Enviado”: o servidor de e-mail aceitou a mensagem. Isso não prova que ela foi lida."
TWICE = "o cliente pode recebê-la duas vezes"
OUTCOMES = {
    "accepted": "aceita",
    "temporary": "recusada por enquanto",
    "permanent": "recusada",
    "account": "conta recusada",
    "uncertain": "sem resposta",
    "interrupted": "interrompida",
}


@dataclass(frozen=True, slots=True)
class Action:
    """One button: the endpoint it posts to, its words, and what it asks first."""

    endpoint: str
    text: str
    question: str
    note: str = ""


RESEND, CANCEL, DELIVERED = "deliveries.resend", "deliveries.cancel", "deliveries.mark_delivered"
SOON = 120  # seconds in which a page that waits looks again
_AGAIN: dict[State, Action] = {
    State.FAILED: Action(RESEND, "Reenviar", "Pôr este e-mail de novo na fila?"),
    State.EXPIRED: Action(RESEND, "Reenviar", "Pôr este e-mail de novo na fila?"),
    State.BOUNCED: Action(RESEND, "Reenviar", "Pôr este e-mail de novo na fila?"),
    State.UNCERTAIN: Action(
        RESEND,
        "Reenviar",
        f"O servidor não confirmou, e a mensagem pode ter chegado: {TWICE}. Reenviar mesmo assim?",
        f"{TWICE}.",
    ),
}
_CANCEL = Action(CANCEL, "Cancelar envio", "Tirar este e-mail da fila? Ele não sai.")
_DELIVERED = Action(
    DELIVERED,
    "Marcar como entregue",
    "O destinatário confirmou que a mensagem chegou? O estado passa a Enviado.",
)


def actions(message: EmailMessage) -> list[Action]:
    """What a person may do with the message now; nothing with a test or while it is being sent."""
    if message.kind == Kind.TEST:
        return []
    after = PERSONS_MOVES.get(message.state, frozenset())
    found = []
    if State.SENT in after:
        found.append(_DELIVERED)
    if State.QUEUED in after:
        found.append(_AGAIN[message.state])
    if State.CANCELLED in after:
        found.append(_CANCEL)
    return found


def detail(row: Row, now: datetime, timezone: str) -> str:
    """What stands beside the state: when it leaves, when it was accepted, or why not."""
    message = row.message
    match message.state:
        case State.QUEUED if is_held(message):
            return held_by(message)
        case State.QUEUED:
            return _leaving(row, now, timezone)
        case State.SENT if message.accepted_at:
            return short_moment(message.accepted_at, now, timezone)
        case State.FAILED | State.UNCERTAIN | State.BOUNCED:
            return short(message.cause)
        case State.SKIPPED:
            return message.reason
        case _:
            return ""


def held_by(message: EmailMessage) -> str:
    """`pausado por Ana Souza`, from the reason that the pause wrote."""
    reason = message.reason.rstrip(".")
    return reason[:1].lower() + reason[1:]


def _leaving(row: Row, now: datetime, timezone: str) -> str:
    if row.message.smtp_account.state == AccountState.PAUSED:
        return "conta pausada"
    if row.leaves_at is None:
        return ""
    again = "de novo" if row.message.attempts else "sai"
    if row.leaves_at <= now:
        return f"{again} agora"
    return f"{again} {short_moment(row.leaves_at, now, timezone)}"


def titles(carried: Carried | None) -> str:
    """`10/12 · R$ 119,90`, `2 boletos · R$ 398,00`, or a dash."""
    if carried is None:
        return "—"
    if carried.count == 1:
        return f"{carried.due_date:%d/%m} · {format_brl(carried.amount)}"
    return f"{carried.count} boletos · {format_brl(carried.amount)}"


def origin(message: EmailMessage) -> str:
    """`automático · Ana Souza`."""
    return f"{KINDS[message.kind]} · {message.requested_by}"


def short_origin(message: EmailMessage) -> str:
    """`automático · Ana`: the first name is enough in a row; of the command line the whole."""
    person = message.requested_by
    name = person.split(" ")[0] if message.requested_by_id else person
    return f"{KINDS[message.kind]} · {name}"


def moving(rows: Sequence[Row], now: datetime) -> bool:
    """Whether a row changes within the next minutes, so that looking again is worth it."""
    return any(
        row.message.state == State.SENDING
        or (row.leaves_at is not None and (row.leaves_at - now).total_seconds() < SOON)
        for row in rows
        if row.message.state in WAITING
    )
