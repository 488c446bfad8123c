"""Use-cases of the contracts' register. The only place of this room that commits."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.clients.models import Client
from portal.contracts import importing
from portal.contracts.bulk import Edit
from portal.contracts.models import Contract
from portal.core import audit
from portal.core.audit import Actor
from portal.core.bulk import Written, record_each, write_as_seen
from portal.core.csv_reader import Limits
from portal.core.csv_rows import Report
from portal.core.db import KEEPING_KEYS, db
from portal.core.errors import Conflict, InvalidValue, NotFound, refuse_stale
from portal.core.text import one_line
from portal.core.upsert import write
from portal.wallets.models import Wallet

ENTITY = "contract"
COLUMNS = frozenset(
    {"plan", "amount", "due_day", "wallet_id", "delivery_type", "status", "activated_on"}
)


def create(values: Mapping[str, Any], actor: Actor | None, now: datetime) -> Contract:
    """A new contract: COLUMNS, `code` and `client_code`. Raises InvalidValue."""
    code = one_line(values["code"])
    columns = {**_columns(values), "code": code, "client_id": _client(values["client_code"]).id}
    contract = Contract(**columns, created_at=now)
    db.session.add(contract)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise InvalidValue("code", f"O código {code} já é de outro contrato.") from None
    changes = {name: [None, audit.plain(value)] for name, value in columns.items()}
    audit.record(
        actor, "contracts.create", ENTITY, contract.id, now, summary=_summary(contract),
        changes=changes,
    )  # fmt: skip
    db.session.commit()
    return contract


def change(
    contract_id: int, values: Mapping[str, Any], version: int, actor: Actor | None, now: datetime
) -> Contract:
    """Save some or all of COLUMNS; titles that were generated keep what they had.

    Raises NotFound, InvalidValue, and Conflict when `version` is no longer the contract's.
    """
    contract = db.session.get(
        Contract, contract_id, with_for_update=KEEPING_KEYS, populate_existing=True
    )
    if contract is None:
        raise NotFound("Este contrato não existe.")
    refuse_stale(contract.version, version, "este contrato")
    changes = audit.apply(contract, _columns(values))
    if changes:
        contract.version += 1
        audit.record(
            actor, "contracts.change", ENTITY, contract.id, now, summary=_summary(contract),
            changes=changes,
        )  # fmt: skip
    db.session.commit()
    return contract


def change_many(
    edit: Edit, seen: Mapping[str, int], described: str, actor: Actor | None, now: datetime
) -> Written:
    """Give the contracts of `seen` (code → version that was looked at) the value of `edit`.

    Those that were saved meanwhile stay as they are; titles that were generated keep what they
    had. `described` says in the audit trail which contracts were chosen.
    """
    result = write_as_seen(Contract, dict.fromkeys(seen, edit.values), seen, now)
    if result.changed:
        record_each(
            actor, "contracts.change", ENTITY, result.changed, now,
            summary=lambda row: f"Contrato {row.code}",
        )  # fmt: skip
        audit.record(
            actor, "contracts.change", ENTITY, None, now,
            summary=f"Em massa, contratos: {len(result.changed)}; {edit}. {described}",
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
        write(Contract, difference, now)
        for row in difference.changed:
            audit.record(
                actor, "contracts.import", ENTITY, row.id, now, summary=f"Contrato {row.code}",
                changes=row.changes,
            )  # fmt: skip
        audit.record(actor, "contracts.import", ENTITY, None, now, summary=f"{name}: {report}")
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise Conflict(
            "Outra importação gravou os mesmos contratos agora há pouco. Repita."
        ) from None
    return report


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name: value for name, value in values.items() if name in COLUMNS}
    if "plan" in columns:
        columns["plan"] = one_line(columns["plan"])
    if "wallet_id" in columns and db.session.get(Wallet, columns["wallet_id"]) is None:
        raise InvalidValue("wallet_id", "Escolha uma carteira da lista.")
    return columns


def _client(code: str) -> Client:
    client = db.session.scalars(select(Client).where(Client.code == one_line(code))).first()
    if client is None:
        raise InvalidValue("client_code", f"Não há cliente com o código {code[:30]}.")
    return client


def _summary(contract: Contract) -> str:
    return f"Contrato {contract.code}"
