"""The outbox: messages put in with the titles they carry, in the caller's transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from portal.core.db import db
from portal.core.errors import PortalError
from portal.core.queue import DRAIN, wake
from portal.deliveries import holds
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.deliveries.states import Kind, State
from portal.smtp.message import new_message_id
from portal.smtp.models import AccountState, SmtpAccount

CHUNK = 500  # names in one IN list


@dataclass(slots=True)
class Parcel:
    """One message to be: whom it goes to and which titles it carries."""

    scope: str
    recipient: str
    client_id: int
    contract_id: int | None
    receivable_ids: list[int]


def add_automatic(
    parcels: Iterable[Parcel],
    *,
    generation_id: int,
    account_id: int | None,
    requested_by_id: int | None,
    requested_by: str,
    now: datetime,
) -> int:
    """Queue the automatic messages of a run; returns how many. The caller commits.

    Of a run that a person holds they wait with the others. The database refuses a second automatic
    message for a title and recipient.
    """
    parcels = list(parcels)
    if not parcels:
        return 0
    if account_id is None:
        raise PortalError("Nenhuma conta SMTP escolhida em Parâmetros financeiro.")
    reason = holds.reason_of(generation_id)
    held = {"next_attempt_at": None, "cause": holds.HELD, "reason": reason}
    return _add(
        parcels,
        {
            **(held if reason else {}),
            "kind": Kind.AUTOMATIC,
            "generation_id": generation_id,
            "smtp_account_id": account_id,
            "requested_by_id": requested_by_id,
            "requested_by": requested_by,
        },
        now,
    )


def add_manual(
    parcels: Iterable[Parcel],
    *,
    account_id: int,
    requested_by_id: int | None,
    requested_by: str,
    now: datetime,
) -> int:
    """Queue messages that a person asked for; returns how many.

    The caller commits, then wakes the account.
    """
    return _add(
        list(parcels),
        {
            "kind": Kind.MANUAL,
            "smtp_account_id": account_id,
            "requested_by_id": requested_by_id,
            "requested_by": requested_by,
        },
        now,
    )


def _add(parcels: list[Parcel], common: dict[str, Any], now: datetime) -> int:
    """Insert the messages, then their links by the ids that the database gave."""
    domain = _domain_of(common["smtp_account_id"])
    common = {"state": State.QUEUED, "created_at": now, "next_attempt_at": now} | common
    rows = [_columns(parcel, domain) | common for parcel in parcels]
    db.session.execute(insert(EmailMessage), rows)
    ids: dict[str, int] = {}
    for start in range(0, len(rows), CHUNK):
        names = [row["message_id"] for row in rows[start : start + CHUNK]]
        found = select(EmailMessage.message_id, EmailMessage.id).where(
            EmailMessage.message_id.in_(names)
        )
        ids.update(db.session.execute(found).all())
    automatic = common["kind"] == Kind.AUTOMATIC
    links = [
        {
            "message_id": ids[row["message_id"]],
            "receivable_id": receivable_id,
            "automatic_recipient": parcel.recipient if automatic else None,
        }
        for row, parcel in zip(rows, parcels, strict=True)
        for receivable_id in parcel.receivable_ids
    ]
    db.session.execute(insert(MessageReceivable), links)
    return len(rows)


def _columns(parcel: Parcel, domain: str) -> dict[str, Any]:
    return {
        "scope": parcel.scope,
        "recipient": parcel.recipient,
        "client_id": parcel.client_id,
        "contract_id": parcel.contract_id,
        "message_id": new_message_id(domain),
    }


def _domain_of(account_id: int) -> str:
    account = db.session.get_one(SmtpAccount, account_id)
    return account.sender_address.rpartition("@")[2]


def wake_accounts() -> None:
    """One wake-up per active account that has something due; call it after the commit."""
    account_ids = accounts_with_work()
    db.session.rollback()  # no transaction while Redis is waited for
    for account_id in account_ids:
        wake(DRAIN, account_id)


def accounts_with_work() -> list[int]:
    """Active accounts with queued messages, due or not (workers know what is due)."""
    query = (
        select(EmailMessage.smtp_account_id)
        .join(SmtpAccount, SmtpAccount.id == EmailMessage.smtp_account_id)
        .where(EmailMessage.state == State.QUEUED, SmtpAccount.state == AccountState.ACTIVE)
        .distinct()
    )
    return list(db.session.scalars(query))
