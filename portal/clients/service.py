"""Use-cases of the clients' register. The only place of this room that commits."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from portal.clients import importing
from portal.clients.bulk import columns_of, names_of
from portal.clients.contact import NEVER_BOUNCED, email_columns
from portal.clients.models import Client
from portal.core import audit
from portal.core.audit import Actor
from portal.core.bulk import Written, record_each, write_as_seen
from portal.core.csv_reader import Limits
from portal.core.csv_rows import Report
from portal.core.db import KEEPING_KEYS, db
from portal.core.documents import parse_cpf_cnpj
from portal.core.errors import Conflict, InvalidValue, NotFound, refuse_stale
from portal.core.text import one_line
from portal.core.upsert import batches, write

ENTITY = "client"
ANONYMISED = "Este cliente foi anonimizado: os dados dele não voltam nem mudam."


def create(values: Mapping[str, Any], actor: Actor | None, now: datetime) -> Client:
    """A new client from the form's values (`emails` as typed). Raises InvalidValue."""
    columns = _columns(values)
    client = Client(**columns, created_at=now)
    db.session.add(client)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise InvalidValue("code", f"O código {columns['code']} já é de outro cliente.") from None
    changes = {name: [None, audit.plain(value)] for name, value in columns.items()}
    audit.record(
        actor, "clients.create", ENTITY, client.id, now, summary=client.name, changes=changes
    )
    db.session.commit()
    return client


def change(
    client_id: int, values: Mapping[str, Any], version: int, actor: Actor | None, now: datetime
) -> Client:
    """Save the form's values over the client, whose code stays.

    Raises NotFound, InvalidValue, and Conflict when `version` is no longer the client's.
    """
    client = db.session.get(Client, client_id, with_for_update=KEEPING_KEYS, populate_existing=True)
    if client is None:
        raise NotFound("Este cliente não existe.")
    if client.anonymised_at:
        raise Conflict(ANONYMISED)
    refuse_stale(client.version, version, "este cliente")
    changes = audit.apply(client, _columns({**values, "code": client.code}))
    if "emails" in changes:
        _forget_bounces([client.id])
    if changes:
        client.version += 1
        audit.record(
            actor, "clients.change", ENTITY, client.id, now, summary=client.name, changes=changes
        )
    db.session.commit()
    return client


def change_emails(
    emails: Mapping[str, str],
    seen: Mapping[str, int],
    described: str,
    actor: Actor | None,
    now: datetime,
) -> Written:
    """Give each client (by code) these addresses in place of what it has.

    Clients that were saved since the version in `seen` stay as they are, and so do those whose data
    were erased. `described` says in the audit trail where the addresses came from.
    """
    # Addresses of who asked to be erased do not come back: no version of theirs is the seen one.
    seen = {**seen, **dict.fromkeys(importing.anonymised(emails), 0)}
    result = write_as_seen(Client, columns_of(emails), seen, now)
    _forget_bounces(row.id for row in result.changed if "emails" in row.changes)
    if result.changed:
        names = names_of(row.id for row in result.changed)
        record_each(
            actor, "clients.change", ENTITY, result.changed, now,
            summary=lambda row: names[row.id],
        )  # fmt: skip
        audit.record(
            actor, "clients.change", ENTITY, None, now,
            summary=f"E-mails em massa, clientes: {len(result.changed)}. {described}",
        )  # fmt: skip
    db.session.commit()
    return result


def check_file(path: Path, limits: Limits) -> Report:
    """What importing the file would do; nothing is written. Raises FileRefused."""
    return importing.plan(path, limits, lock=False)[0]


def import_file(
    path: Path, limits: Limits, name: str, actor: Actor | None, now: datetime
) -> Report:
    """Put the valid rows of the file in, all of them or none; `name` is for the audit trail.

    `codigo` is the key: the same file again changes nothing. Raises FileRefused, and Conflict
    when another import wrote the same codes meanwhile.
    """
    report, difference = importing.plan(path, limits, lock=True)
    try:
        write(Client, difference, now)
        _forget_bounces(row.id for row in difference.changed if "emails" in row.changes)
        for row in difference.changed:
            audit.record(
                actor, "clients.import", ENTITY, row.id, now, summary=row.values["name"],
                changes=row.changes,
            )  # fmt: skip
        audit.record(actor, "clients.import", ENTITY, None, now, summary=f"{name}: {report}")
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise Conflict(
            "Outra importação gravou os mesmos clientes agora há pouco. Repita."
        ) from None
    return report


def _forget_bounces(client_ids: Iterable[int]) -> None:
    """Other addresses: what an old one sent back says nothing any more."""
    for some in batches(client_ids):
        db.session.execute(update(Client).where(Client.id.in_(some)).values(**NEVER_BOUNCED))


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Column values from typed ones: cleaned, and refused where a boleto could not use them."""
    columns = {
        name: one_line(value) if isinstance(value, str) and name != "emails" else value
        for name, value in values.items()
    }
    columns["cpf_cnpj"] = parse_cpf_cnpj(columns["cpf_cnpj"])
    columns |= email_columns(values["emails"])
    if columns["invalid_emails"]:
        raise InvalidValue(
            "emails",
            f"“{columns['invalid_emails'][:80]}” não é um e-mail válido: corrija ou apague.",
        )
    columns["postal_code"] = "".join(filter(str.isdigit, columns["postal_code"]))
    return columns
