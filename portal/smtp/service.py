"""Use-cases of the SMTP accounts: save, pause, resume, test. Commits once each."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, cast

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.config import Settings
from portal.core.db import db
from portal.core.errors import Conflict, InvalidValue, NotFound, PortalError, refuse_stale
from portal.core.queue import DRAIN, wake
from portal.smtp import accounts
from portal.smtp.account_rules import STORED, account_problems
from portal.smtp.addresses import DestinationPolicy
from portal.smtp.mailboxes import InvalidMailbox, clean_mailbox
from portal.smtp.message_rules import message_problems
from portal.smtp.models import AccountState, SmtpAccount, SmtpTest

log = logging.getLogger(__name__)

RUN_TEST = "jobs.smtp.run_test"
TESTS_PER_HOUR = 10
HOUR = timedelta(hours=1)
REASON_LIMIT = 500


class TooManyTests(PortalError):
    """The account was tested too often; the sentence says when the next test is possible."""


def policy() -> DestinationPolicy:
    """Which servers this installation lets us reach."""
    return DestinationPolicy(allow=settings().smtp_allow_private)


def settings() -> Settings:
    """The environment's settings of the running application."""
    return cast(Settings, current_app.config["SETTINGS"])


def create(values: Mapping[str, Any], actor: Actor | None, now: datetime) -> SmtpAccount:
    """A new account. Raises InvalidValue naming the field."""
    _refuse_first(account_problems({**accounts.DEFAULTS, **values}, policy()))
    with _unique_name():
        account = accounts.add(values, actor, now, settings().keys)
        db.session.commit()
    return account


def change(
    account_id: int, values: Mapping[str, Any], version: int, actor: Actor | None, now: datetime
) -> SmtpAccount:
    """Change some columns (secrets: None keeps, "" removes). Raises InvalidValue, Conflict."""
    account = _locked(account_id)
    refuse_stale(account.version, version, "esta conta")
    _refuse_first(account_problems({**facts_of(account), **values}, policy()))
    with _unique_name():
        accounts.update(account, values, actor, now, settings().keys)
        db.session.commit()
    return account


def change_message(
    account_id: int, subject: str, body: str, version: int, actor: Actor | None, now: datetime
) -> SmtpAccount:
    """Change assunto and mensagem. Raises InvalidValue with the place of what is wrong."""
    account = _locked(account_id)
    refuse_stale(account.version, version, "esta conta")
    _refuse_first(message_problems(subject, body))
    accounts.update(account, {"subject": subject, "body": body}, actor, now, settings().keys)
    db.session.commit()
    return account


def pause(account_id: int, reason: str, actor: Actor | None, now: datetime) -> None:
    """Stop sending by this account; its messages stay queued. Raises InvalidValue, Conflict."""
    account = _locked(account_id)
    if not reason.strip():
        raise InvalidValue("reason", "Diga por que a conta fica pausada.")
    if account.state == AccountState.PAUSED:
        raise Conflict("A conta já estava pausada. Nada mudou.")
    values = {
        "state": AccountState.PAUSED,
        "pause_reason": reason.strip()[:REASON_LIMIT],
        "paused_at": now,
    }
    changes = audit.apply(account, values)
    summary = f"Conta SMTP “{account.name}” pausada: {reason.strip()}"
    audit.record(
        actor, "smtp.pause", accounts.ENTITY, account.id, now, summary=summary, changes=changes
    )
    db.session.commit()


def resume(account_id: int, actor: Actor | None, now: datetime) -> None:
    """Send again by this account, beginning with what waits. Raises Conflict."""
    account = _locked(account_id)
    if account.state == AccountState.ACTIVE:
        raise Conflict("A conta já estava ativa. Nada mudou.")
    values = {"state": AccountState.ACTIVE, "pause_reason": "", "paused_at": None}
    changes = audit.apply(account, values)
    summary = f"Conta SMTP “{account.name}” retomada"
    audit.record(
        actor, "smtp.resume", accounts.ENTITY, account.id, now, summary=summary, changes=changes
    )
    db.session.commit()
    wake(DRAIN, account_id)


def request_test(
    account_id: int, recipient: str, actor: Actor | None, now: datetime, *, by_worker: bool = True
) -> SmtpTest:
    """Queue a test e-mail to `recipient` (empty: the account's own) and wake a worker.

    With `by_worker` False nobody is woken: the caller runs it. Raises InvalidValue("recipient")
    and TooManyTests.
    """
    account = _locked(account_id)
    recipient = _test_recipient(account, recipient)
    _refuse_too_many(account, now)
    test = SmtpTest(
        smtp_account_id=account.id,
        recipient=recipient,
        requested_by_id=getattr(actor, "id", None),
        requested_by=str(getattr(actor, "name", "linha de comando"))[:120],
        created_at=now,
    )
    db.session.add(test)
    summary = f"E-mail de teste de “{account.name}” para {recipient}"
    audit.record(actor, "smtp.test", accounts.ENTITY, account.id, now, summary=summary)
    db.session.commit()
    if by_worker:
        wake(RUN_TEST, test.id)
    return test


def get(account_id: int) -> SmtpAccount:
    """The account. Raises NotFound."""
    account = db.session.get(SmtpAccount, account_id)
    if account is None:
        raise NotFound("Esta conta SMTP não existe. Volte à lista de contas.")
    return account


def facts_of(account: SmtpAccount) -> dict[str, Any]:
    """The account's values as the rules take them; a secret only says whether there is one."""
    values = {name: getattr(account, name) for name in accounts.DEFAULTS}
    marks = {name: STORED if getattr(account, name) else "" for name in accounts.SECRETS}
    return {**values, **marks}


def _locked(account_id: int) -> SmtpAccount:
    account = db.session.get(SmtpAccount, account_id, with_for_update=True, populate_existing=True)
    if account is None:
        raise NotFound("Esta conta SMTP não existe. Volte à lista de contas.")
    return account


def _refuse_first(problems: Iterator[InvalidValue]) -> None:
    for problem in problems:
        raise problem


def _test_recipient(account: SmtpAccount, recipient: str) -> str:
    recipient = recipient.strip() or account.test_recipient
    if not recipient:
        raise InvalidValue("recipient", "Informe para qual e-mail o teste deve ir.")
    try:
        return clean_mailbox(recipient)
    except InvalidMailbox as error:
        raise InvalidValue("recipient", str(error)) from None


def _refuse_too_many(account: SmtpAccount, now: datetime) -> None:
    recent = db.session.scalars(
        select(SmtpTest.created_at)
        .where(SmtpTest.smtp_account_id == account.id, SmtpTest.created_at > now - HOUR)
        .order_by(SmtpTest.id.desc())
        .limit(TESTS_PER_HOUR)
    ).all()
    if len(recent) < TESTS_PER_HOUR:
        return
    log.warning("test of SMTP account %s refused: %s in an hour", account.id, TESTS_PER_HOUR)
    free_at = clock.local(recent[-1] + HOUR, settings().timezone)
    raise TooManyTests(
        f"Esta conta já teve {TESTS_PER_HOUR} testes na última hora. O próximo é possível às "
        f"{free_at:%H:%M}: servidores de e-mail bloqueiam quem insiste."
    )


@contextmanager
def _unique_name() -> Iterator[None]:
    """Two people who save the same new name at once: the second one is told."""
    try:
        yield
    except IntegrityError as error:
        db.session.rollback()
        if "name" not in str(error.orig):
            raise
        raise InvalidValue("name", "Já existe uma conta com este nome. Escolha outro.") from error
