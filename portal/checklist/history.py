"""What happened to each requirement: tests and changes, with who and when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.smtp.accounts import CONNECTION
from portal.smtp.models import SmtpTest, SmtpTestState

# Which changes are the history of a requirement: entity and columns.
CHANGES: dict[str, tuple[str, frozenset[str]]] = {
    "company": ("general_settings", frozenset({"company_name", "company_cpf_cnpj"})),
    "smtp_account_usable": ("smtp_account", CONNECTION | {"state"}),
    "message_ready": ("smtp_account", frozenset({"subject", "body"})),
    "smtp_account_chosen": ("financial_settings", frozenset({"smtp_account_id"})),
    "email_delivery_type": ("general_settings", frozenset({"default_delivery_type"})),
    "wallet_email_on_generation": ("wallet", frozenset({"email_on_generation", "active"})),
    "wallet_is_bank": ("wallet", frozenset({"kind", "bank_code"})),
}
# What concerns the whole base at once is recorded under its entity, for no row in particular.
IMPORTS = {"client_email": "client", "contract_active": "contract"}
TESTED = "smtp_account_usable"
LOOKED_AT = 20  # last events of an entity among which those that matter are sought
SHOWN = 4
RESULTS = {SmtpTestState.ACCEPTED: "teste aceito", SmtpTestState.FAILED: "teste falhou"}


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a requirement's history; `change` is False for a test."""

    at: datetime
    who: str
    what: str
    change: bool = True


class Histories:
    """The histories of one page: one query for each entity, whatever is asked of it."""

    def __init__(self, account_id: int | None) -> None:
        self._account_id = account_id
        self._events: dict[str, Sequence[AuditEvent]] = {}

    def of(self, code: str) -> tuple[Happening, ...]:
        """The last tests and changes of a requirement, newest first."""
        found = [*self._changes(code), *self._imports(code)]
        if code == TESTED:
            found += self._tests()
        return tuple(sorted(found, key=lambda item: item.at, reverse=True)[:SHOWN])

    def _changes(self, code: str) -> Iterator[Happening]:
        entity, columns = CHANGES.get(code, ("", frozenset()))
        for event in self._of_entity(entity) if entity else ():
            if columns & event.changes.keys() or event.action.endswith(".create"):
                yield _happening(event)

    def _imports(self, code: str) -> Iterator[Happening]:
        entity = IMPORTS.get(code, "")
        return (_happening(event) for event in (self._of_entity(entity) if entity else ()))

    def _of_entity(self, entity: str) -> Sequence[AuditEvent]:
        if entity not in self._events:
            self._events[entity] = db.session.scalars(
                self._query(entity).order_by(AuditEvent.id.desc()).limit(LOOKED_AT)
            ).all()
        return self._events[entity]

    def _query(self, entity: str) -> Select[AuditEvent]:
        # A test is an event of the account, too, and there may be many of them.
        query = select(AuditEvent).where(
            AuditEvent.entity == entity, AuditEvent.action != "smtp.test"
        )
        if entity == "smtp_account" and self._account_id is not None:
            return query.where(AuditEvent.entity_id == self._account_id)
        if entity in IMPORTS.values():
            return query.where(AuditEvent.entity_id.is_(None))
        return query

    def _tests(self) -> Iterator[Happening]:
        ended = db.session.scalars(
            select(SmtpTest)
            .where(
                SmtpTest.smtp_account_id == self._account_id,
                SmtpTest.state.in_(RESULTS),
            )
            .order_by(SmtpTest.id.desc())
            .limit(SHOWN)
        )
        for test in ended:
            cause = f": {test.cause}" if test.cause else ""
            what = f"{RESULTS[test.state]}{cause}"
            yield Happening(test.finished_at or test.created_at, test.requested_by, what, False)


def _happening(event: AuditEvent) -> Happening:
    return Happening(event.at, event.actor_name, event.summary)
