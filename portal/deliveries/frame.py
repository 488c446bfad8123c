"""The state of sending, in the top bar of every page, and the banner of what has stopped."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app, url_for
from flask_login import current_user
from sqlalchemy import ColumnElement, exists, func, select

from portal.core import clock
from portal.core.db import db
from portal.deliveries.holds import HELD
from portal.deliveries.limits import HOUR, MINUTE
from portal.deliveries.models import EmailMessage, QuotaUse
from portal.deliveries.states import State
from portal.settings.models import FinancialSettings
from portal.smtp.models import AccountState, SmtpAccount
from portal.web.formatters import number, short_moment
from portal.web.htmx import wants_fragment

RECENT = timedelta(minutes=2)  # a message that left within this time: sending goes on
REASON_LENGTH = 48  # characters of a pause's reason that fit the bar


@dataclass(frozen=True, slots=True)
class Sending:
    """One line and where it leads; `tone` is success, danger, warning, info or muted."""

    tone: str
    text: str
    url: str


def frame_sending() -> dict[str, Any]:
    """For templates: `frame_sending`, only where a whole page is drawn for who is signed in."""
    if wants_fragment() or not current_user.is_authenticated:
        return {}
    return {"frame_sending": sending(clock.now(), current_app.config["SETTINGS"].timezone)}


@dataclass(frozen=True, slots=True)
class Stopped:
    """An account that is paused while e-mails wait for it: why, since when, and where to go."""

    name: str
    reason: str
    since: datetime | None
    waiting: int
    url: str


def stopped() -> list[Stopped]:
    """For templates: paused accounts with e-mails that wait, by name; one query."""
    waiting = (
        select(func.count())
        .where(EmailMessage.smtp_account_id == SmtpAccount.id, EmailMessage.state == State.QUEUED)
        .correlate(SmtpAccount)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            SmtpAccount.id,
            SmtpAccount.name,
            SmtpAccount.pause_reason,
            SmtpAccount.paused_at,
            waiting,
        )
        .where(SmtpAccount.state == AccountState.PAUSED)
        .order_by(SmtpAccount.name)
    )
    return [
        Stopped(name, _first(reason), paused_at, count, url_for("smtp.edit", account_id=account_id))
        for account_id, name, reason, paused_at, count in rows
        if count
    ]


def sending(now: datetime, timezone: str) -> Sending:
    """How the account of Parâmetros financeiro is doing."""
    account = db.session.execute(
        select(
            SmtpAccount.id,
            SmtpAccount.state,
            SmtpAccount.pause_reason,
            SmtpAccount.hold_until,
            SmtpAccount.hourly_limit,
            SmtpAccount.minute_limit,
        )
        .join(FinancialSettings, FinancialSettings.smtp_account_id == SmtpAccount.id)
        .where(FinancialSettings.id == 1)
    ).first()
    if account is None:
        url = url_for("settings.financial")
        return Sending("muted", "Nenhuma conta de envio escolhida", url)
    if account.state == AccountState.PAUSED:
        reason = _brief(account.pause_reason)
        url = url_for("smtp.edit", account_id=account.id)
        return Sending("danger", f"Pausado: {reason} — corrigir", url)
    return _moving(account, now, timezone)


def _moving(account: Any, now: datetime, timezone: str) -> Sending:
    # A message that a person holds back has no next attempt.
    used, minute, last_use, queued, held, due, busy = db.session.execute(
        select(
            _uses(account.id, now - HOUR, func.count()),
            _uses(account.id, now - MINUTE, func.count()),
            _uses(account.id, now - HOUR, func.max(QuotaUse.used_at)),
            _messages(account.id, State.QUEUED, EmailMessage.next_attempt_at.is_not(None)),
            _messages(account.id, State.QUEUED, EmailMessage.next_attempt_at.is_(None)),
            _some(account.id, State.QUEUED, EmailMessage.next_attempt_at <= now),
            _some(account.id, State.SENDING),
        )
    ).one()
    pace = f"{number(used)}/{number(account.hourly_limit)} nesta hora"
    if account.minute_limit:
        pace = f"{number(minute)}/{number(account.minute_limit)} neste minuto · {pace}"
    waiting = url_for("deliveries.log", estado="queued")
    if account.hold_until and account.hold_until > now and queued:
        until = short_moment(account.hold_until, now, timezone)
        return Sending("warning", f"Em espera até {until} · na fila: {number(queued)}", waiting)
    full = used >= account.hourly_limit
    if busy or (due and not full and last_use and last_use > now - RECENT):
        return Sending("success", f"Enviando · {pace}", url_for("deliveries.log"))
    if queued:
        why = f" · {pace}" if full else ""
        why = f"{why} · pausados: {number(held)}" if held else why
        return Sending("info", f"Na fila: {number(queued)}{why}", waiting)
    if held:
        url = url_for("deliveries.log", estado="queued", causa=HELD)
        return Sending("warning", f"Pausados por uma pessoa: {number(held)}", url)
    return Sending("muted", "Nada na fila", url_for("deliveries.log"))


def _uses(account_id: int, since: datetime, value: Any) -> Any:
    return (
        select(value)
        .select_from(QuotaUse)
        .where(QuotaUse.smtp_account_id == account_id, QuotaUse.used_at > since)
        .scalar_subquery()
    )


def _messages(account_id: int, state: State, *more: Any) -> Any:
    return select(func.count()).where(*_of(account_id, state), *more).scalar_subquery()


def _some(account_id: int, state: State, *more: Any) -> Any:
    return exists().where(*_of(account_id, state), *more)


def _of(account_id: int, state: State) -> tuple[ColumnElement[bool], ...]:
    return (EmailMessage.smtp_account_id == account_id, EmailMessage.state == state)


def _first(reason: str) -> str:
    """The first sentence of a pause's reason, without its full stop."""
    return reason.split(". ")[0].rstrip(".").strip() or "por uma pessoa"


def _brief(reason: str) -> str:
    """The first sentence, small enough for the bar, beginning in lower case."""
    first = _first(reason)
    first = first if len(first) <= REASON_LENGTH else first[: REASON_LENGTH - 1].rstrip() + "…"
    return first[0].lower() + first[1:]
