"""The log as a file for spreadsheets."""

from collections.abc import Iterator

from portal.core.csv_writer import stream_csv
from portal.core.db import db
from portal.core.money import format_amount
from portal.deliveries import log_queries
from portal.deliveries.cause_names import short
from portal.deliveries.labels import KINDS, STATES
from portal.deliveries.log_terms import Terms
from portal.deliveries.models import EmailMessage
from portal.web.formatters import moment

CHUNK = 500  # messages read at once
HEADERS = (
    "Número",
    "Quando",
    "Estado",
    "Causa",
    "Motivo",
    "Cliente",
    "Destinatário",
    "Assunto",
    "Boletos",
    "Valor",
    "Origem",
    "Quem",
    "Conta",
    "Tentativas",
    "Aceito em",
    "Resposta do servidor",
)


def export(asked: Terms, timezone: str) -> Iterator[bytes]:
    """Every message that the filters leave, the newest first, as CSV, piece by piece."""
    return stream_csv(HEADERS, _rows(asked, timezone))


def _rows(asked: Terms, timezone: str) -> Iterator[tuple[str, ...]]:
    for messages in log_queries.chunks(asked, CHUNK):
        titles = log_queries.carried([message.id for message in messages])
        for message in messages:
            yield _cells(message, titles.get(message.id), timezone)
        db.session.rollback()  # a file may be taken slowly: no transaction stays open meanwhile


def _cells(
    message: EmailMessage, carried: log_queries.Carried | None, timezone: str
) -> tuple[str, ...]:
    return (
        str(message.id),
        moment(message.created_at, timezone),
        STATES[message.state].text,
        short(message.cause),
        message.reason,
        message.client.name if message.client else "",
        message.recipient,
        message.subject,
        str(carried.count if carried else 0),
        format_amount(carried.amount) if carried else "",
        KINDS[message.kind],
        message.requested_by,
        message.smtp_account.name,
        str(message.attempts),
        moment(message.accepted_at, timezone) if message.accepted_at else "",
        message.reply,
    )
