"""Por que não foi enviado? A title's e-mail, and the rule's words then and now, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.deliveries.eligibility import DELIVERY, Requirement, Status, Verdict
from portal.deliveries.explain import explain_title
from portal.deliveries.labels import REASONS, STATES
from portal.deliveries.log_queries import row_options
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.states import State
from portal.receivables.models import Receivable
from portal.settings.models import DeliveryType
from portal.web.labels import Label

_LOOK_BACK = 200  # audit events, all settings together


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement then and now; `then` is None for a title older than the rule."""

    code: str
    then: Requirement | None
    now: Requirement
    changed: AuditEvent | None  # the last change of the setting behind it

    @property
    def same(self) -> bool:
        """Whether nothing changed since the title was generated."""
        return self.then is not None and self.then.status == self.now.status


@dataclass(frozen=True, slots=True)
class Story:
    """What became of a title's e-mail, and why."""

    label: Label
    detail: str
    lines: Sequence[Line]
    messages: Sequence[EmailMessage]

    @property
    def sent(self) -> bool:
        """Whether a server accepted one of the e-mails."""
        return any(message.state == State.SENT for message in self.messages)


def story(title: Receivable, now: datetime) -> Story:
    """The title's messages and the comparison of the rule's words."""
    # The verdict first: it reads the account whole, of which the messages load a few columns.
    verdict = explain_title(title, now)
    messages = messages_of(title.id)
    label, detail = _outcome(title, messages)
    return Story(label, detail, _lines(title, verdict), messages)


def messages_of(receivable_id: int) -> Sequence[EmailMessage]:
    """Every e-mail that carries the title, the newest first."""
    return db.session.scalars(
        select(EmailMessage)
        .join(MessageReceivable, MessageReceivable.message_id == EmailMessage.id)
        .where(MessageReceivable.receivable_id == receivable_id)
        .options(*row_options())
        .order_by(EmailMessage.id.desc())
    ).all()


def _outcome(title: Receivable, messages: Sequence[EmailMessage]) -> tuple[Label, str]:
    """The best that any message of the title reached, in one label."""
    for state in (State.SENT, State.SENDING, State.QUEUED, State.UNCERTAIN):
        if any(message.state == state for message in messages):
            return STATES[state], ""
    if messages:
        last = messages[0]
        return STATES[last.state], last.reason
    if title.delivery_type == DeliveryType.PRINTED:
        return Label("Impresso", "muted", "–"), "não vai por e-mail"
    return Label("Não enviado", "danger", "✕"), REASONS.get(title.not_sent_code, "")


def _lines(title: Receivable, verdict: Verdict) -> list[Line]:
    then = {item["code"]: item for item in title.reasons}
    changes = _last_changes(title)
    return [
        Line(item.code, _requirement(then.get(item.code)), item, changes.get(item.code))
        for item in verdict.requirements
        if item.code in DELIVERY
    ]


def _requirement(kept: dict[str, str] | None) -> Requirement | None:
    if kept is None:
        return None
    return Requirement(kept["code"], Status(kept["status"]), kept["evidence"], kept["fix_url"])


def _last_changes(title: Receivable) -> dict[str, AuditEvent]:
    """Requirement code → the newest change of the setting behind it, by the audit trail."""
    settings = _settings_of(title)
    rows = {(entity, row) for entity, row, _ in settings.values()}
    events = db.session.scalars(
        select(AuditEvent)
        .where(tuple_(AuditEvent.entity, AuditEvent.entity_id).in_(rows))
        .order_by(AuditEvent.id.desc())
        .limit(_LOOK_BACK)
    ).all()
    found = {
        code: next(
            (
                event
                for event in events
                if (event.entity, event.entity_id) == (entity, row)
                and any(name in event.changes for name in names)
            ),
            None,
        )
        for code, (entity, row, names) in settings.items()
    }
    return {code: event for code, event in found.items() if event is not None}


def _settings_of(title: Receivable) -> dict[str, tuple[str, int, tuple[str, ...]]]:
    """Requirement code → where its setting is kept: entity, row and fields of its audit events."""
    own_type = title.contract.delivery_type is not None
    return {
        "email_delivery_type": ("contract", title.contract_id, ("delivery_type",))
        if own_type
        else ("general_settings", 1, ("default_delivery_type",)),
        "wallet_email_on_generation": (
            "wallet",
            title.wallet_id,
            ("email_on_generation", "active"),
        ),
        "smtp_account_chosen": ("financial_settings", 1, ("smtp_account_id",)),
        "client_email": ("client", title.client_id, ("emails",)),
    }
