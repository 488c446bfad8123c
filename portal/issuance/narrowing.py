"""The filters of the report as conditions that stay quick at a million titles.

A search over clients, or for a rare state, is answered first: where it leaves few, the titles are
looked up by number; where it leaves many, they are judged in a walk along the due dates.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, union_all

from portal.clients.models import Client
from portal.contracts.models import Contract
from portal.core.db import db
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.states import WAITING, State
from portal.issuance import labels
from portal.issuance.forms import IssuanceFilters
from portal.receivables.models import Receivable
from portal.receivables.queries import not_leading
from portal.wallets.models import Wallet
from portal.web.search import contains

FEW_CLIENTS, FEW_TITLES = 300, 2500  # named one by one
MIN_DIGITS = 3  # shorter numbers are a part of a name, or a whole code
MOST_DIGITS = 18  # what a BIGINT holds
BEFORE_FAILED = frozenset({State.SENT, State.UNCERTAIN, *WAITING})
LOST = frozenset({State.FAILED, State.BOUNCED})
# Filter → (states of which a message must be, states of which none may be).
STATES_OF: dict[str, tuple[frozenset[State], frozenset[State]]] = {
    labels.WAITING: (WAITING, frozenset()),
    labels.SENT: (frozenset({State.SENT}), frozenset()),
    labels.UNCERTAIN: (frozenset({State.UNCERTAIN}), WAITING | {State.SENT}),
    labels.FAILED: (LOST, BEFORE_FAILED),
    labels.NEVER: (frozenset(), BEFORE_FAILED | LOST),
}


@dataclass(frozen=True, slots=True)
class Conditions:
    """`lead` is read from an index; `judged` costs a look into other tables for each title."""

    lead: Sequence[ColumnElement[bool]]
    judged: Sequence[ColumnElement[bool]]

    @property
    def every(self) -> tuple[ColumnElement[bool], ...]:
        """All of them."""
        return *self.lead, *self.judged


def conditions(filters: IssuanceFilters) -> Conditions:
    """What titles must fulfil; asks the database what the search words mean."""
    ways = (_clients, _numbers, _sending, _wallet)
    found = [condition for way in ways for condition in way(filters)]
    few = any(condition.is_few for condition in found)
    plain = list(_plain(filters, few))
    if few:  # so few that each may be judged
        return Conditions([*(item.clause for item in found), *plain], [])
    lead = [item.clause for item in found if not item.is_judged]
    return Conditions([*lead, *plain], [item.clause for item in found if item.is_judged])


@dataclass(frozen=True, slots=True)
class _Found:
    """A condition; `is_few` when it is a list of numbers to look up, `is_judged` when other
    tables know."""

    clause: ColumnElement[bool]
    is_few: bool = False
    is_judged: bool = False


def _plain(filters: IssuanceFilters, few: bool) -> Iterator[ColumnElement[bool]]:
    """What columns must be. One index leads: of the few numbers, else the run's, else the
    status's; each of the last two goes on by due date."""
    if filters.generation_id is not None:
        yield _led_by(few, Receivable.generation_id) == filters.generation_id
        few = True
    if filters.status is not None:
        yield _led_by(few, Receivable.status) == filters.status
    if filters.delivery_type is not None:
        yield Receivable.delivery_type == filters.delivery_type
    if filters.since:
        yield Receivable.due_date >= filters.since
    if filters.until:
        yield Receivable.due_date <= filters.until
    if filters.printed is not None:
        is_printed = Receivable.printed_at.is_not(None)
        yield is_printed if filters.printed else ~is_printed


def _led_by(other: bool, column: Any) -> Any:
    """The column; where another index leads, so that SQLite does not walk this one's."""
    return not_leading(column) if other else column


def _wallet(filters: IssuanceFilters) -> Iterator[_Found]:
    if filters.wallet_id is None:
        return
    few = _few(select(Receivable.id).where(Receivable.wallet_id == filters.wallet_id), FEW_TITLES)
    if few is not None:
        yield _Found(Receivable.id.in_(few), is_few=True)
    else:
        yield _Found(not_leading(Receivable.wallet_id) == filters.wallet_id)


def _clients(filters: IssuanceFilters) -> Iterator[_Found]:
    wanted = []
    if filters.client:
        wanted.append(_client_is(filters.client))
    if filters.city:
        wanted.append(Client.city.in_(_cities(filters.city)))
    if not wanted:
        return
    found = select(Client.id).where(*wanted)
    few = _few(found, FEW_CLIENTS)
    if few is None:
        of_title = found.where(Client.id == Receivable.client_id)
        yield _Found(of_title.correlate(Receivable).exists(), is_judged=True)
    else:
        yield _Found(Receivable.client_id.in_(few), is_few=True)


def _cities(text: str) -> list[str]:
    """The cities whose name holds the text; one step of an index for each city that there is."""
    least = func.min(Client.city)
    every = select(least.label("city")).cte(recursive=True)
    following = select(least).where(Client.city > every.c.city).scalar_subquery()
    every = every.union_all(select(following).where(every.c.city.is_not(None)))
    return list(db.session.scalars(select(every.c.city).where(contains(every.c.city, text))))


def _client_is(text: str) -> ColumnElement[bool]:
    """Code, CPF/CNPJ from its beginning, or a part of the name."""
    ways = [Client.code == text]
    plain = _bare(text)
    if any(char.isdigit() for char in plain) and len(plain) >= MIN_DIGITS:
        ways.append(Client.cpf_cnpj.startswith(plain, autoescape=True))
    if not plain.isdigit():
        ways.append(contains(Client.name, text))
    return or_(*ways)


def _numbers(filters: IssuanceFilters) -> Iterator[_Found]:
    """Nosso número or document number, whole: each way of writing it is one look into an index."""
    text = filters.number
    if not text:
        return
    of_any_wallet = Receivable.wallet_id.in_(select(Wallet.id))
    of_contract = select(Contract.client_id).where(Contract.code == text.rpartition("-")[0])
    ways = [
        select(Receivable.id).where(of_any_wallet, Receivable.nosso_numero.in_(_spellings(text))),
        select(Receivable.id).where(
            Receivable.client_id.in_(of_contract), Receivable.document_number == text
        ),
    ]
    if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS:
        ways.append(select(Receivable.id).where(of_any_wallet, Receivable.sequence == int(text)))
    found = list(db.session.scalars(union_all(*ways).limit(FEW_TITLES)))
    yield _Found(Receivable.id.in_(found), is_few=True)


def _spellings(text: str) -> set[str]:
    """`text` as typed, and with the signs that each wallet's numbers are printed with."""
    sample = (
        select(func.max(Receivable.nosso_numero))
        .where(Receivable.wallet_id == Wallet.id)
        .correlate(Wallet)
        .scalar_subquery()
    )
    plain = _bare(text)
    found = {text}
    for pattern in filter(None, db.session.scalars(select(sample).select_from(Wallet))):
        if len(_bare(pattern)) == len(plain):
            letters = iter(plain)
            found.add("".join(next(letters) if char.isalnum() else char for char in pattern))
    return found


def _sending(filters: IssuanceFilters) -> Iterator[_Found]:
    if not filters.sending:
        return
    some, none = STATES_OF[filters.sending]
    if some:
        carried = select(MessageReceivable.receivable_id).join(MessageReceivable.message)
        few = _few(carried.where(EmailMessage.state.in_(some)), FEW_TITLES)
        if few is None:
            yield _Found(_has(some), is_judged=True)
        else:
            yield _Found(Receivable.id.in_(few), is_few=True)
    if none:
        yield _Found(~_has(none), is_judged=True)


def _has(states: frozenset[State]) -> ColumnElement[bool]:
    """Whether a message in one of the states carries the title."""
    return (
        select(MessageReceivable.receivable_id)
        .join(EmailMessage, EmailMessage.id == MessageReceivable.message_id)
        .where(
            MessageReceivable.receivable_id == Receivable.id,
            not_leading(EmailMessage.state).in_(states),  # the title leads, not the state
        )
        .correlate(Receivable)
        .exists()
    )


def _few(query: Select[Any], most: int) -> list[int] | None:
    """The numbers that the query finds, when they are `most` or fewer."""
    found = list(db.session.scalars(query.limit(most + 1)))
    return found if len(found) <= most else None


def _bare(text: str) -> str:
    return "".join(char for char in text if char.isalnum()).upper()
