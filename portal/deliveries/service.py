"""What a person does with messages: send by hand, resend, cancel, decide the uncertain."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from portal.core import audit
from portal.core.db import db
from portal.core.errors import Conflict, InvalidValue, NotFound
from portal.core.queue import wake
from portal.deliveries import outbox
from portal.deliveries.models import EmailMessage
from portal.deliveries.outbox import Parcel
from portal.deliveries.states import Kind, State, person_may
from portal.receivables.models import Receivable, ReceivableStatus
from portal.users.models import User

MOVE_NAMES = {
    State.QUEUED: "voltou à fila",
    State.CANCELLED: "cancelada",
    State.SENT: "marcada como entregue",
}


def get(message_id: int, *, lock: bool = False) -> EmailMessage:
    """The message; raises NotFound."""
    message = db.session.get(EmailMessage, message_id, with_for_update=lock or None)
    if message is None:
        raise NotFound(f"E-mail {message_id} não existe.")
    return message


def resend(message_id: int, actor: User, now: datetime) -> EmailMessage:
    """Put a failed, uncertain, expired or bounced message back into the queue. Raises Conflict."""
    message = _move(message_id, State.QUEUED, "deliveries.resend", actor, now)
    message.next_attempt_at = now
    message.attempts = 0
    message.handed_over = False
    message.cause = ""
    message.reason = f"Reenvio pedido por {actor.name}."
    db.session.commit()
    wake(outbox.DRAIN, message.smtp_account_id)
    return message


def cancel(message_id: int, actor: User, now: datetime) -> EmailMessage:
    """Cancel a message that waits. Raises Conflict once it is being sent or ended."""
    message = _move(message_id, State.CANCELLED, "deliveries.cancel", actor, now)
    message.reason = f"Cancelado por {actor.name}."
    message.cause = "cancelled"
    message.next_attempt_at = None
    db.session.commit()
    return message


def mark_delivered(message_id: int, actor: User, now: datetime) -> EmailMessage:
    """A person found out that an uncertain message did arrive. Raises Conflict."""
    message = _move(message_id, State.SENT, "deliveries.mark_delivered", actor, now)
    message.reason = f"{actor.name} confirmou a entrega; o servidor não havia respondido."
    message.cause = "confirmed"
    db.session.commit()
    return message


def resend_cause(cause: str, actor: User, now: datetime) -> int:
    """Put every message that failed for `cause` back into the queue; returns how many."""
    messages = db.session.scalars(
        select(EmailMessage)
        .where(
            EmailMessage.state == State.FAILED,
            EmailMessage.cause == cause,
            EmailMessage.kind != Kind.TEST,
        )
        .with_for_update()
    ).all()
    for message in messages:
        message.state = State.QUEUED
        message.next_attempt_at = now
        message.attempts = 0
        message.handed_over = False
        message.cause = ""
        message.reason = f"Reenvio pedido por {actor.name}."
    audit.record(
        actor,
        "deliveries.resend_cause",
        "email_message",
        None,
        now,
        summary=f"{len(messages)} mensagens reenviadas, causa {cause}",
    )
    db.session.commit()
    outbox.wake_accounts()
    return len(messages)


def _move(message_id: int, after: State, action: str, actor: User, now: datetime) -> EmailMessage:
    message = get(message_id, lock=True)
    before = message.state
    if not person_may(before, after):
        raise Conflict("O estado deste e-mail mudou: recarregue a página e veja o que é possível.")
    message.state = after
    audit.record(
        actor,
        action,
        "email_message",
        message.id,
        now,
        summary=f"E-mail a {message.recipient} {MOVE_NAMES[after]}",
        changes={"state": [before.value, after.value]},
    )
    return message


def manual_parcels(receivable_ids: Sequence[int]) -> list[Parcel]:
    """One parcel per client and address, for preview and for sending. Raises InvalidValue."""
    if not receivable_ids:
        raise InvalidValue("receivables", "Selecione ao menos um boleto.")
    titles = db.session.scalars(
        select(Receivable).where(Receivable.id.in_(receivable_ids)).order_by(Receivable.id)
    ).all()
    parcels: dict[tuple[int, str], Parcel] = {}
    for title in titles:
        if title.status != ReceivableStatus.OPEN or not title.has_boleto:
            raise InvalidValue(
                "receivables",
                f"O título {title.document_number} não está em aberto ou não tem boleto."
                " Tire-o da seleção.",
            )
        if not title.client.email_list:
            raise InvalidValue(
                "receivables",
                f"{title.client.name} não tem e-mail válido. Corrija o cadastro ou tire o título"
                f" {title.document_number} da seleção.",
            )
        for address in title.client.email_list:
            key = (title.client_id, address)
            parcel = parcels.setdefault(
                key, Parcel(f"client:{title.client_id}", address, title.client_id, None, [])
            )
            parcel.receivable_ids.append(title.id)
    return list(parcels.values())
