"""One e-mail to the administrators when the portal pauses an account by itself.

It leaves through another active account, under that account's limits, and never twice for one
pause. It carries no boleto and is no message of the outbox: what became of it stands in the audit
trail. An alert that fails is logged; it pauses nothing and is not tried again.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from markupsafe import escape
from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from portal.core import audit, clock
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.queue import wake
from portal.deliveries import claims, room
from portal.deliveries.endings import ALERT
from portal.deliveries.line import destination_policy
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import State
from portal.smtp import accounts
from portal.smtp.failures import Failure, Kind
from portal.smtp.message import compose, new_message_id
from portal.smtp.models import AccountState, SmtpAccount
from portal.smtp.server import SmtpServer
from portal.smtp.transport import SmtpSession
from portal.smtp.variables import Rendered
from portal.users.models import Role, User
from portal.web.formatters import many, moment, number

log = logging.getLogger(__name__)

ACTION = "deliveries.alert"  # in the audit trail: one pause, one alert
MOST = 20  # administrators that are written to
ROAD = "Configurações > Integrações > E-mail SMTP"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told, and to whom."""

    account_id: int
    name: str
    content: Rendered
    recipients: tuple[str, ...]


def alert(account_id: int, now: datetime) -> bool:
    """Tell the administrators that the account is paused; whether a server accepted it for one.

    False, too, when somebody was told already or the pause was a person's.
    """
    notice = _take(account_id, now)
    if notice is None:
        return False
    for other_id in _others(account_id, now):
        told = _tell(notice, other_id, now)
        if told:
            return True
    outcome = "não saiu por nenhuma outra conta ativa"
    log.warning("account %s is paused, and no other account could send the alert", account_id)
    _record(notice.account_id, f"Aviso da pausa da conta “{notice.name}” {outcome}", now)
    return False


def wake_missing() -> int:
    """Wake a worker for every pause that nobody was told of; returns how many."""
    query = select(SmtpAccount.id).where(SmtpAccount.state == AccountState.PAUSED, _untold())
    found = db.session.scalars(query).all()
    db.session.rollback()
    for account_id in found:
        wake(ALERT, account_id)
    return len(found)


def _take(account_id: int, now: datetime) -> Notice | None:
    """The notice of an untold pause, marked as told in the same transaction."""
    account = db.session.scalar(
        select(SmtpAccount)
        .where(SmtpAccount.id == account_id, SmtpAccount.state == AccountState.PAUSED, _untold())
        .with_for_update()
    )
    if account is None:
        db.session.rollback()
        return None
    recipients = db.session.scalars(
        select(User.email).where(User.role == Role.ADMIN, User.active).order_by(User.id).limit(MOST)
    ).all()
    notice = Notice(account.id, account.name, _content(account), tuple(recipients))
    whom = many(len(recipients), "administrador", "administradores")
    text = f"Pausa da conta “{account.name}”: aviso a {whom}"
    _record(account.id, text, now)
    return notice


def _untold() -> ColumnElement[bool]:
    """The sender paused the account (nobody's name stands with it), and no alert followed."""
    of_account = and_(AuditEvent.entity == accounts.ENTITY, AuditEvent.entity_id == SmtpAccount.id)
    by_itself = exists().where(
        of_account,
        AuditEvent.action == "smtp.pause",
        AuditEvent.actor_id.is_(None),
        AuditEvent.at == SmtpAccount.paused_at,
    )
    told = exists().where(
        of_account, AuditEvent.action == ACTION, AuditEvent.at >= SmtpAccount.paused_at
    )
    return and_(by_itself, ~told)


def _content(account: SmtpAccount) -> Rendered:
    waiting = db.session.scalar(
        select(func.count()).where(
            EmailMessage.smtp_account_id == account.id, EmailMessage.state == State.QUEUED
        )
    )
    at = moment(account.paused_at, current_app.config["SETTINGS"].timezone)
    count = "1 e-mail espera" if waiting == 1 else f"{number(waiting or 0)} e-mails esperam"
    lines = (
        f"O Pontual pausou a conta de envio “{account.name}” em {at}.",
        f"Motivo: {account.pause_reason}",
        f"{count} na fila. Nada se perdeu: saem quando a conta for retomada.",
        f"O que fazer: abra {ROAD} > {account.name}, corrija, envie um e-mail de teste e retome o"
        " envio.",
        "Este aviso sai uma vez por pausa, por outra conta ativa.",
    )
    html = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return Rendered(f"Envio parado: conta “{account.name}” pausada", "\n\n".join(lines), html)


def _others(account_id: int, now: datetime) -> list[int]:
    """Active accounts that may send now, those with an accepted test first."""
    return list(
        db.session.scalars(
            select(SmtpAccount.id)
            .where(
                SmtpAccount.id != account_id,
                SmtpAccount.state == AccountState.ACTIVE,
                or_(SmtpAccount.hold_until.is_(None), SmtpAccount.hold_until <= now),
            )
            .order_by(SmtpAccount.test_accepted.is_not(True), SmtpAccount.id)
        )
    )


def _tell(notice: Notice, other_id: int, now: datetime) -> list[str]:
    """Send the notice through another account; returns the addresses that have it."""
    told: list[str] = []
    other = db.session.get_one(SmtpAccount, other_id)
    name = other.name
    try:
        server = accounts.server_of(other, current_app.config["SETTINGS"].keys)
        db.session.rollback()  # no transaction while a server is spoken to
        with SmtpSession(server, destination_policy()) as session:
            for recipient in notice.recipients:
                use_id = _reserve(other_id, clock.now())
                if use_id is None:
                    break
                if _deliver(session, server, notice, recipient, now):
                    told.append(recipient)
                claims.date_use(use_id, clock.now())  # the server's window begins now
                db.session.commit()
    except Exception as error:  # whatever it is, the alert must not stop anything
        db.session.rollback()
        log.warning("the alert of account %s failed: %s", notice.account_id, error)
    if told:
        text = f"Aviso da pausa da conta “{notice.name}” enviado pela conta “{name}”"
        _record(notice.account_id, f"{text} a {', '.join(told)}", now)
    return told


def _deliver(
    session: SmtpSession, server: SmtpServer, notice: Notice, recipient: str, now: datetime
) -> bool:
    """Hand the notice over for one recipient; True as well when it may have arrived."""
    message_id = new_message_id(server.sender_address)
    message = compose(server, recipient, notice.content, [], message_id, now)
    try:
        session.deliver(message, recipient)
    except Failure as failure:
        log.warning("the alert of account %s: %s", notice.account_id, failure)
        return failure.kind is Kind.UNCERTAIN
    return True


def _reserve(account_id: int, now: datetime) -> int | None:
    """Count one recipient against the account's limits, if they leave room; None if not.

    Until the server answers, it counts as of the latest moment at which that may accept.
    """
    account = db.session.get_one(
        SmtpAccount, account_id, with_for_update=True, populate_existing=True
    )
    if not claims.may_send(account, now) or room.opens_at(account, now) is not None:
        db.session.rollback()
        return None
    use_id = claims.reserve(account_id, None, now + claims.LATEST)
    db.session.commit()
    return use_id


def _record(account_id: int, summary: str, now: datetime) -> None:
    audit.record(None, ACTION, accounts.ENTITY, account_id, now, summary=summary)
    db.session.commit()
