"""Use-cases of bounces: read a mailbox, keep its settings. Commits; never while on the network."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import select

from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.crypto import SecretUnreadable
from portal.core.db import db
from portal.core.errors import Conflict, NotFound, refuse_stale
from portal.core.queue import wake
from portal.deliveries.bounces import record, settings, words
from portal.deliveries.bounces.mailbox import Mail, Mailbox, MailboxFacts, open_mailbox
from portal.deliveries.bounces.parse import MAX_BYTES, may_be_notification, parse
from portal.deliveries.bounces.record import Outcome
from portal.smtp.addresses import DestinationPolicy
from portal.smtp.failures import Failure
from portal.smtp.models import Security, SmtpAccount

log = logging.getLogger(__name__)

READ = "jobs.bounces.read"
MAILS_A_PASS = 200
BUDGET = 60.0  # seconds; what is left is read in the next pass
EVERY = 5  # minutes


@dataclass(slots=True)
class Reading:
    """What one pass over the mailbox of an account found that was not known yet."""

    account_id: int
    account: str
    mails: int = 0
    bounced: int = 0  # messages that are now "bounced"
    delayed: int = 0
    other: int = 0  # recorded, but no message's state changed
    error: str = ""

    def count(self, outcomes: list[Outcome]) -> None:
        """Add what a mail said."""
        self.bounced += outcomes.count(Outcome.BOUNCED)
        self.delayed += outcomes.count(Outcome.DELAYED)
        self.other += outcomes.count(Outcome.OTHER)


class MailboxChanged(Exception):
    """The settings were saved anew while the mailbox was being read."""


def read_all(now: datetime) -> list[Reading]:
    """Read the mailbox of every account that has one."""
    return [read_account(account_id, now) for account_id in _accounts_with_mailbox()]


def wake_readers(now: datetime) -> None:
    """Every five minutes: enqueue a reading of each mailbox. Called once a minute."""
    if now.minute % EVERY:
        return
    for account_id in _accounts_with_mailbox():
        wake(READ, account_id)


def read_account(account_id: int, now: datetime) -> Reading:
    """Read what is new in the account's mailbox: at most 200 mails.

    Reading again changes nothing. What failed is in `error` and on the account, in pt-BR.
    Raises NotFound, and Conflict when the account has no mailbox.
    """
    account = _get(account_id)
    if not account.imap_host:
        raise Conflict("Esta conta não tem caixa de devoluções. Informe o servidor IMAP e salve.")
    reading = Reading(account_id, account.name)
    try:
        facts = settings.mailbox_of(account)
        db.session.rollback()
        _read(reading, facts, now)
    except SecretUnreadable:
        by_token = settings.reads_by_token(account)
        reading.error = words.UNREADABLE_GRANT if by_token else words.UNREADABLE
    except Failure as failure:
        reading.error = words.problem_text(failure, facts)
    except MailboxChanged:
        reading.error = words.CHANGED
    except Exception:
        log.exception("mailbox of account %s", account_id)
        reading.error = words.DEFECT
    db.session.rollback()
    _finish(reading)
    return reading


def save_mailbox(
    account_id: int, values: Mapping[str, Any], version: int, actor: Actor | None, now: datetime
) -> SmtpAccount:
    """Save the mailbox. `imap_password`: None keeps it, "" removes it.

    Raises NotFound, Conflict and InvalidValue.
    """
    account = _get(account_id, lock=True)
    refuse_stale(account.version, version, "esta conta")
    for problem in settings.problems(values, policy()):
        raise problem
    if put_mailbox(account, values, actor, now):
        db.session.commit()
    return account


def put_mailbox(
    account: SmtpAccount, values: Mapping[str, Any], actor: Actor | None, now: datetime
) -> dict[str, list[Any]]:
    """Set what differs and record it, not committed; returns the changes. `values` are checked."""
    wanted = dict(values)
    password = wanted.pop("imap_password", None)
    wanted["imap_security"] = Security(wanted["imap_security"])
    changes = audit.apply(account, wanted)
    if password is not None and password != _readable(account):
        account.imap_password = _sealed(account.id, password)
        changes["imap_password"] = ["•••", "•••"]
    if not changes:
        return changes
    if changes.keys() & settings.PLACE:
        account.imap_uid_validity, account.imap_last_uid = None, 0
    account.imap_checked_at, account.imap_error = None, ""
    account.version += 1
    summary = f"Caixa de devoluções da conta SMTP “{account.name}” alterada"
    audit.record(
        actor, "smtp.change", "smtp_account", account.id, now, summary=summary, changes=changes
    )
    return changes


def request_reading(account_id: int) -> None:
    """Have a worker read the mailbox now. Raises NotFound and Conflict."""
    if not _get(account_id).imap_host:
        raise Conflict("Informe o servidor IMAP e salve antes de ler.")
    db.session.rollback()
    wake(READ, account_id)


def policy() -> DestinationPolicy:
    """Which private addresses may be reached, from the environment."""
    return DestinationPolicy(current_app.config["SETTINGS"].smtp_allow_private)


def _read(reading: Reading, facts: MailboxFacts, now: datetime) -> None:
    deadline = time.monotonic() + BUDGET
    with open_mailbox(facts, policy()) as box:
        last = _begin(reading.account_id, facts, box.uid_validity)
        done = last
        for uid in box.new_uids(last, now, MAILS_A_PASS):
            if time.monotonic() > deadline or not _read_mail(reading, box, facts, uid, now):
                break
            done = uid
            reading.mails += 1
        _remember(reading.account_id, facts, done)


def _read_mail(
    reading: Reading, box: Mailbox, facts: MailboxFacts, uid: int, now: datetime
) -> bool:
    """One mail; False when its message is just being sent, so that it is read again later."""
    if not may_be_notification(box.header(uid)):
        return True
    mail = box.fetch(uid, MAX_BYTES)
    bounces = parse(mail.data) if mail else []
    if mail is None or not bounces:
        return True
    account = _same(reading.account_id, facts)
    outcomes = record.record(account, bounces, _moment(mail, now), now)
    if outcomes is None:
        db.session.rollback()
        return False
    account.imap_last_uid = max(account.imap_last_uid, uid)
    db.session.commit()
    reading.count(outcomes)
    return True


def _moment(mail: Mail, now: datetime) -> datetime:
    return min(mail.received_at or now, now)


def _begin(account_id: int, facts: MailboxFacts, uid_validity: int) -> int:
    """The UID to read from; another UIDVALIDITY makes all UIDs new (RFC 3501, 2.3.1.1)."""
    account = _same(account_id, facts)
    if account.imap_uid_validity != uid_validity:
        account.imap_uid_validity, account.imap_last_uid = uid_validity, 0
    last = account.imap_last_uid
    db.session.commit()
    return last


def _remember(account_id: int, facts: MailboxFacts, uid: int) -> None:
    account = _same(account_id, facts)
    account.imap_last_uid = max(account.imap_last_uid, uid)
    db.session.commit()


def _same(account_id: int, facts: MailboxFacts) -> SmtpAccount:
    """The account, locked, while its mailbox is still the one being read."""
    account = _get(account_id, lock=True)
    now = (account.imap_host, account.imap_port, account.imap_username, account.imap_folder)
    if now != (facts.host, facts.port, facts.username, facts.folder):
        raise MailboxChanged
    return account


def _finish(reading: Reading) -> None:
    account = _get(reading.account_id, lock=True)
    account.imap_checked_at = clock.now()
    account.imap_error = reading.error
    db.session.commit()
    if reading.error:
        log.warning("mailbox of account %s: %s", reading.account_id, reading.error)


def _sealed(account_id: int, password: str) -> str:
    keys = current_app.config["SETTINGS"].keys
    return keys.encrypt(password, bound_to=settings.secret_place(account_id)) if password else ""


def _readable(account: SmtpAccount) -> str | None:
    try:
        return settings.password_of(account)
    except SecretUnreadable:
        return None


def _get(account_id: int, *, lock: bool = False) -> SmtpAccount:
    account = db.session.get(
        SmtpAccount, account_id, with_for_update=lock or None, populate_existing=lock
    )
    if account is None:
        raise NotFound("Esta conta SMTP não existe. Volte à lista de contas.")
    return account


def _accounts_with_mailbox() -> list[int]:
    query = select(SmtpAccount.id).where(SmtpAccount.imap_host != "").order_by(SmtpAccount.id)
    found = list(db.session.scalars(query))
    db.session.rollback()
    return found
