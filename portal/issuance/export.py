"""The report as a file for spreadsheets."""

from collections.abc import Iterator
from datetime import date

from portal.core.csv_writer import write_csv
from portal.core.errors import InvalidValue
from portal.core.money import format_amount
from portal.issuance import labels, narrowing, queries
from portal.issuance.forms import IssuanceFilters, Key
from portal.receivables import labels as title_labels
from portal.receivables.models import Receivable
from portal.settings.labels import DELIVERY_NAMES
from portal.web.formatters import day, moment, number

CHUNK = 500  # titles read at once
MOST = 100_000  # more rows do not open well in a spreadsheet, and are heavy to make
HEADERS = (
    "Vencimento",
    "Cliente",
    "Contrato",
    "Documento",
    "Nosso número",
    "Linha digitável",
    "Valor",
    "Situação",
    "Tipo de envio",
    "Envio",
    "Aceito pelo servidor em",
    "Impresso em",
)


def export(filters: IssuanceFilters, today: date, timezone: str) -> bytes:
    """Every title that the filters leave, the first to fall due first, as CSV.

    Raises InvalidValue for more than MOST.
    """
    wanted = narrowing.conditions(filters)
    if queries.total(wanted, at_most=MOST) is None:
        raise InvalidValue(
            "receivables", f"São mais de {number(MOST)} títulos: reduza o filtro e exporte de novo."
        )
    return write_csv(HEADERS, _rows(wanted, today, timezone))


def _rows(wanted: narrowing.Conditions, today: date, timezone: str) -> Iterator[tuple[str, ...]]:
    after: Key | None = None
    while True:
        sheet = queries.search(wanted, after, CHUNK)
        sendings = queries.sendings([title.id for title in sheet.rows])
        for title in sheet.rows:
            yield _cells(title, sendings.get(title.id, queries.NEVER), today, timezone)
        if sheet.next_after is None:
            return
        after = sheet.next_after


def _cells(
    title: Receivable, sending: queries.Sending, today: date, timezone: str
) -> tuple[str, ...]:
    return (
        day(title.due_date),
        title.client.name,
        title.contract.code,
        title.document_number,
        title.nosso_numero or "",
        title.linha_digitavel,
        format_amount(title.amount),
        title_labels.status(title, today).text,
        DELIVERY_NAMES[title.delivery_type],
        labels.SENDINGS[sending.state].text,
        moment(sending.sent_at, timezone) if sending.sent_at else "",
        moment(title.printed_at, timezone) if title.printed_at else "",
    )
