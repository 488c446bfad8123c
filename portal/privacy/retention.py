"""What is too old is erased every night, as Configurações › Privacidade says.

In chunks, each a transaction of its own: a pass that is killed has done what it did, and the next
one goes on. Titles, states, server replies and SHA-256 of attachments always stay.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Table, delete, func, or_, select, update

from portal.clients import staging
from portal.clients.models import DataAccess
from portal.core import audit
from portal.core.audit import Actor, AuditEvent
from portal.core.db import db, end_read, reading
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import WAITING
from portal.settings import service as settings
from portal.users.models import EndedSession, UserSession
from portal.users.sessions import KEPT_ENDED
from portal.web.sessions import LIFETIME
from portal.webhooks.models import CallState, WebhookCall

CHUNK = 500  # rows a transaction
BODIES = "privacy.erase_bodies"  # in the audit trail; its number is the newest message erased
KEPT_ANSWERS = timedelta(days=7)  # of the API, for repeated requests, as its document promises
KEPT_CALLS = timedelta(days=30)  # of webhooks, once they ended
MOST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows one pass erased, of each kind."""

    bodies: int
    accesses: int
    sessions: int
    answers: int
    calls: int

    def __str__(self) -> str:
        return (
            f"{self.bodies} textos de e-mail, {self.accesses} acessos, {self.sessions} sessões, "
            f"{self.answers} respostas da API e {self.calls} avisos de webhook apagados"
        )


def sweep(now: datetime) -> Swept:
    """One pass. Safe to run at any time, by any number of processes."""
    with reading():
        kept = settings.financial()
        bodies, accesses = kept.keep_bodies_days, kept.keep_accesses_days
    end_read()
    imports = current_app.config["SETTINGS"].home / "imports"
    if imports.is_dir():  # the next import sweeps too, but it may never come
        staging.sweep(imports, now)
    answers = db.metadata.tables["api_requests"]  # of a room above this one
    return Swept(
        _erase_bodies(now - timedelta(days=bodies), now) if bodies else 0,
        _forget(DataAccess, DataAccess.at < now - timedelta(days=accesses)) if accesses else 0,
        _forget(UserSession, UserSession.seen_at < now - LIFETIME)
        + _forget(EndedSession, EndedSession.ended_at < now - KEPT_ENDED),
        _forget_rows(answers, answers.c.created_at < now - KEPT_ANSWERS),
        _forget(
            WebhookCall,
            WebhookCall.state.in_([CallState.DONE, CallState.FAILED]),
            func.coalesce(WebhookCall.done_at, WebhookCall.created_at) < now - KEPT_CALLS,
        ),
    )


def erased_at(message: EmailMessage) -> datetime | None:
    """When the retention took the message's text; None while it is there, or never was."""
    if message.text or message.html or not message.subject:  # written together, when it leaves
        return None
    return db.session.scalar(
        select(func.min(AuditEvent.at)).where(
            AuditEvent.entity == "email_message",
            AuditEvent.entity_id >= message.id,
            AuditEvent.action == BODIES,
        )
    )


def change(
    bodies: int | None, accesses: int | None, version: int, actor: Actor | None, now: datetime
) -> None:
    """Keep texts and accesses so many days; None keeps for ever. Raises InvalidValue, Conflict."""
    settings.change_financial(
        {"keep_bodies_days": bodies, "keep_accesses_days": accesses}, version, actor, now
    )


def _erase_bodies(before: datetime, now: datetime) -> int:
    """Blank text and HTML of what was created before and no longer waits; newest number last."""
    written = or_(EmailMessage.text != "", EmailMessage.html != "")
    old = (EmailMessage.created_at < before, EmailMessage.state.not_in(WAITING), written)

    def blank(chunk: Sequence[Any]) -> None:
        statement = update(EmailMessage).where(EmailMessage.id.in_(chunk), *old)
        db.session.execute(
            statement.values(text="", html=""), execution_options={"synchronize_session": False}
        )
        audit.record(
            None, BODIES, "email_message", chunk[-1], now, summary=f"{len(chunk)} textos apagados"
        )

    return _in_chunks(EmailMessage.id, old, blank)


def _forget(model: Any, *old: ColumnElement[bool]) -> int:
    return _forget_rows(model.__table__, *old)


def _forget_rows(table: Table, *old: ColumnElement[bool]) -> int:
    key = table.c.id
    return _in_chunks(
        key, old, lambda chunk: db.session.execute(delete(table).where(key.in_(chunk)))
    )


def _in_chunks(
    key: Any, old: Sequence[ColumnElement[bool]], act: Callable[[Sequence[Any]], object]
) -> int:
    """`act` on the ids of what is old, each chunk after the one before, a transaction each."""
    query = select(key).where(*old).order_by(key).limit(CHUNK)
    done, after = 0, query
    while True:
        with reading():
            chunk = db.session.scalars(after).all()
        end_read()
        if not chunk:
            return done
        act(chunk)
        db.session.commit()
        done += len(chunk)
        after = query.where(key > chunk[-1])  # what is done is not looked at again
