"""The log as a file for spreadsheets."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import select

from portal.core.csv_writer import write_csv
from portal.core.money import format_amount
from portal.deliveries import log_queries
from portal.deliveries.cause_names import short
from portal.deliveries.forms import LogFilters
from portal.deliveries.labels import KINDS, STATES
from portal.deliveries.models import EmailMessage
from portal.web.formatters import moment
from portal.web.pagination import page_of

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


def export(filters: LogFilters, today: date, timezone: str) -> bytes:
    """Every message that the filters leave, the newest first, as CSV."""
    return write_csv(HEADERS, _rows(filters, today, timezone))


def _rows(filters: LogFilters, today: date, timezone: str) -> Iterator[tuple[str, ...]]:
    after: int | None = None
    while True:
        query = log_queries.narrowed(select(EmailMessage), filters, today, timezone)
        page = page_of(
            query.options(*log_queries.row_options()), EmailMessage.id, after=after, size=CHUNK
        )
        titles = log_queries.carried([message.id for message in page.rows])
        for message in page.rows:
            yield _cells(message, titles.get(message.id), timezone)
        if page.next_after is None:
            return
        after = page.next_after


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
