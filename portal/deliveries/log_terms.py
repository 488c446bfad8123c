"""The filters of the log as conditions, the one that an index serves best apart from the rest.

Every index of the log goes from its filter to the newest: pages follow the leading condition, and
the others are judged row by row, over a bounded number of rows at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, literal_column

from portal.deliveries.forms import NOBODY, LogFilters
from portal.deliveries.log_search import Sought, sought
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import Kind, State
from portal.web.search import starts_with

# As the partial index says it: SQLite uses it only where the query has the very words.
_BY_HAND = EmailMessage.kind != literal_column("'automatic'")


@dataclass(frozen=True, slots=True)
class Terms:
    """`lead` and the period are read from one index; `few`: a text that finds few e-mails leads."""

    lead: tuple[ColumnElement[bool], ...]
    rest: tuple[ColumnElement[bool], ...]
    found: Sought | None = None  # what the text means, where one was typed

    @property
    def few(self) -> bool:
        """Whether the text alone leaves few e-mails."""
        return self.found is not None and self.found.few

    def narrow(self, query: Select[Any]) -> Select[Any]:
        """`query` of messages with every condition."""
        return query.where(*self.lead, *self.rest)


def terms(filters: LogFilters, today: date, timezone: str) -> Terms:
    """What the filters ask for; `timezone` begins the days of a period. A text is looked up."""
    found = sought(filters.text) if filters.text else None
    texts = [found.condition] if found else []
    ranked = list(_ranked(filters))
    if found and found.few:
        lead, rest = texts, ranked
    else:
        lead, rest = ranked[:1], ranked[1:] + texts
    if filters.kind == Kind.AUTOMATIC:  # nearly all are: no index leads there
        rest.append(EmailMessage.kind == Kind.AUTOMATIC)
    lead += _period(filters, today, timezone)
    return Terms(tuple(lead), tuple(rest), found)


def _period(filters: LogFilters, today: date, timezone: str) -> Iterator[ColumnElement[bool]]:
    since, until = filters.span(today, timezone)
    if since:
        yield EmailMessage.created_at >= since
    if until:
        yield EmailMessage.created_at < until


def _ranked(filters: LogFilters) -> Iterator[ColumnElement[bool]]:
    """One condition a filter, first the one that usually leaves the fewest."""
    scope, by_hand = f"manual:{filters.batch}:", filters.kind not in (None, Kind.AUTOMATIC)
    rare = filters.state not in (None, State.SENT)
    nobody = filters.user_id == NOBODY
    for given, condition in (
        (filters.ids, EmailMessage.id.in_(filters.ids)),
        (filters.client_id, EmailMessage.client_id == filters.client_id),
        (
            filters.batch,
            EmailMessage.generation_id.is_(None) & starts_with(EmailMessage.scope, scope),
        ),
        (filters.cause, EmailMessage.cause == filters.cause),
        (rare, EmailMessage.state == filters.state),
        (by_hand, (EmailMessage.kind == filters.kind) & _BY_HAND),
        (filters.generation_id, EmailMessage.generation_id == filters.generation_id),
        (nobody, EmailMessage.requested_by_id.is_(None)),
        (filters.user_id, EmailMessage.requested_by_id == filters.user_id),
        (filters.account_id, EmailMessage.smtp_account_id == filters.account_id),
        (filters.state and not rare, EmailMessage.state == filters.state),
    ):
        if given:
            yield condition
