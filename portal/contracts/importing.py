"""The contracts' import against the base: their clients and wallets, what is new, what changes."""

from pathlib import Path

from sqlalchemy import select

from portal.clients.models import Client
from portal.contracts.csv_import import read_contracts
from portal.contracts.models import Contract
from portal.core.csv_reader import Limits
from portal.core.csv_rows import SHOWN, Batch, Report
from portal.core.db import db
from portal.core.upsert import Upsert, batches, compare
from portal.wallets.models import Wallet


def plan(path: Path, limits: Limits, *, lock: bool) -> tuple[Report, Upsert]:
    """What the file would do, as a report, and the difference to write.

    `lock`: the difference will be written in this transaction. Raises FileRefused.
    """
    batch = read_contracts(path, limits)
    _note_moves(batch)
    _find_clients(batch)
    _find_wallets(batch)
    report = batch.settle()
    difference = compare(Contract, batch.rows, lock=lock)
    report.created, report.updated = len(difference.new), len(difference.changed)
    report.unchanged = difference.same
    return report, difference


def _note_moves(batch: Batch) -> None:
    """Warn where a contract would pass to another client: more often a code used twice."""
    held: dict[str, str] = {}
    for codes in batches(batch.rows):
        query = select(Contract.code, Client.code).join(Contract.client)
        pairs = db.session.execute(query.where(Contract.code.in_(codes)))
        held.update((code, client) for code, client in pairs)
    for code, client in held.items():
        wanted = batch.rows[code]["client_id"]
        if wanted and wanted != client:
            text = f"O contrato {code} é do cliente {client} e passaria ao {wanted[:SHOWN]}."
            batch.checks[code].warn("cliente", "client_changed", text)


def _find_clients(batch: Batch) -> None:
    wanted = {values["client_id"] for values in batch.rows.values()}
    ids: dict[str, int] = {}
    for codes in batches(wanted):
        query = select(Client.code, Client.id).where(Client.code.in_(codes))
        ids.update((code, client_id) for code, client_id in db.session.execute(query))
    for code, values in batch.rows.items():
        client = values["client_id"]
        values["client_id"] = ids.get(client)
        if client not in ids:
            batch.checks[code].error(
                "cliente", "client_not_found", f"Não há cliente com o código {client[:SHOWN]}."
            )


def _find_wallets(batch: Batch) -> None:
    wallets = {wallet.name: wallet for wallet in db.session.scalars(select(Wallet))}
    for code, values in batch.rows.items():
        name, check = values["wallet_id"], batch.checks[code]
        wallet = wallets.get(name)
        if wallet is None:
            check.error(
                "carteira",
                "wallet_not_found",
                f"Não há carteira de cobrança com o nome “{name[:SHOWN]}”: "
                "cadastre-a ou corrija o nome.",
            )
            continue
        values["wallet_id"] = wallet.id
        if not wallet.active:
            check.warn("carteira", "wallet_inactive", f"A carteira “{name[:SHOWN]}” está inativa.")
