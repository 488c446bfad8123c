"""The clients' import against the base: repeated documents, what is new, what changes."""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import select

from portal.clients.csv_import import read_clients
from portal.clients.models import Client
from portal.core.csv_reader import Limits
from portal.core.csv_rows import Batch, Report
from portal.core.db import db
from portal.core.upsert import Upsert, batches, compare


def plan(path: Path, limits: Limits, *, lock: bool) -> tuple[Report, Upsert]:
    """What the file would do, as a report, and the difference to write.

    `lock`: the difference will be written in this transaction. Raises FileRefused.
    """
    batch = read_clients(path, limits)
    _refuse_anonymised(batch)
    _warn_of_repeated_documents(batch)
    report = batch.settle()
    difference = compare(Client, batch.rows, lock=lock)
    report.created, report.updated = len(difference.new), len(difference.changed)
    report.unchanged = difference.same
    return report, difference


def anonymised(codes: Iterable[str]) -> set[str]:
    """Those of the codes whose client's data were erased on request: they must not come back."""
    found: set[str] = set()
    for some in batches(codes):
        query = select(Client.code).where(Client.code.in_(some), Client.anonymised_at.is_not(None))
        found.update(db.session.scalars(query))
    return found


def _refuse_anonymised(batch: Batch) -> None:
    for code in anonymised(batch.rows):
        batch.checks[code].error(
            "codigo",
            "anonymised",
            f"O cliente {code} foi anonimizado a pedido do titular e não pode voltar. Se é um"
            " contrato novo, use outro código.",
        )


def _warn_of_repeated_documents(batch: Batch) -> None:
    """Two clients may share a document (two addresses of one firm), but it is often a slip."""
    owners: dict[str, str] = {}
    for code, values in batch.rows.items():
        first = owners.setdefault(values["cpf_cnpj"], code)
        if first != code:
            _warn(batch, code, f"{first}, na linha {batch.checks[first].line}")
    for document, stored_code in _stored_documents(owners):
        code = owners[document]
        if stored_code not in batch.rows:
            _warn(batch, code, f"{stored_code}, já cadastrado")


def _warn(batch: Batch, code: str, other: str) -> None:
    batch.checks[code].warn("cpf_cnpj", "repeated_document", f"Mesmo CPF/CNPJ do cliente {other}.")


def _stored_documents(documents: dict[str, str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for some in batches(documents):
        query = select(Client.cpf_cnpj, Client.code).where(Client.cpf_cnpj.in_(some))
        rows = db.session.execute(query.order_by(Client.id))
        found += [(document, code) for document, code in rows]
    return found
