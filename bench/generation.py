"""Generating: titles, boletos and outbox rows, against a bare executemany of the same rows.

`BENCH_LONG=1` adds a run of 100,000 contracts: it takes minutes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from sqlalchemy import delete, insert, select

from bench.memory import peak_megabytes
from bench.support import NOW, TODAY, add_contracts, scratch_app, seconds, verdict
from portal import ROOT
from portal.clients.service import import_file as import_clients
from portal.contracts.service import import_file as import_contracts
from portal.core.csv_reader import COMMAND_LINE
from portal.core.db import db
from portal.deliveries.models import EmailMessage, MessageReceivable
from portal.generation import service
from portal.generation.models import Generation
from portal.generation.orders import Order
from portal.generation.planning import make_plan
from portal.receivables.models import Receivable
from portal.wallets.models import Wallet

TABLES = (Receivable, EmailMessage, MessageReceivable)
MONTHS = (date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1))
SMALL, BIG = 10_000, 100_000
SHARED = Path(os.environ.get("PONTUAL_SHARED_DATA", ROOT.parent / "shared" / "data"))


def main() -> bool:
    """Whether every limit was kept."""
    return all([*_small(), *_import(), *_long()])


def _small() -> Iterator[bool]:
    """10,000 contracts; of several months the quickest counts, on both sides."""
    with scratch_app():
        add_contracts(SMALL)
        preview = min(
            seconds(lambda month=month: make_plan(Order(month), TODAY, NOW).to_dict())
            for month in MONTHS
        )
        run = min(seconds(lambda month=month: _run(month)) for month in MONTHS)
        rows = _rows_of_one_run()
        bare = min(seconds(lambda: _write(rows)) for _ in MONTHS if _forget())
    print(f"     10,000 contracts {run:.2f} s; bare executemany of the same rows {bare:.2f} s")
    yield verdict("preview of 10,000 contracts", preview, 1.5, "s")
    yield verdict("10,000 contracts / executemany", run / bare, 4, "times")


def _run(month: date) -> Generation:
    return service.run_now(Order(month), today=TODAY, actor=None, now=NOW)


def _rows_of_one_run() -> dict[type, list[dict[str, object]]]:
    """What the last run wrote, as its rows read."""
    generation = select(Generation.id).order_by(Generation.id.desc()).limit(1).scalar_subquery()
    titles = select(Receivable.id).where(Receivable.generation_id == generation)
    chosen = {
        Receivable: Receivable.generation_id == generation,
        EmailMessage: EmailMessage.generation_id == generation,
        MessageReceivable: MessageReceivable.receivable_id.in_(titles),
    }
    return {
        table: [
            dict(row)
            for row in db.session.execute(select(table.__table__).where(chosen[table])).mappings()
        ]
        for table in TABLES
    }


def _forget() -> bool:
    for table in reversed(TABLES):
        db.session.execute(delete(table))
    db.session.commit()
    return True


def _write(rows: dict[type, list[dict[str, object]]]) -> None:
    for table in TABLES:
        db.session.execute(insert(table.__table__), rows[table])
    db.session.commit()


def _import() -> Iterator[bool]:
    """The big sample base, where it is there."""
    folder = SHARED / "base_5000"
    if not folder.is_dir():
        print("     base_5000 is not here: import not measured")
        return
    with scratch_app():
        for name in ("2", "3"):
            db.session.add(Wallet(name=name))
        db.session.commit()

        def work() -> None:
            for run, name in (
                (import_clients, "clientes.csv"),
                (import_contracts, "contratos.csv"),
            ):
                run(folder / name, COMMAND_LINE, name, None, NOW)

        yield verdict("base_5000 imported", seconds(work), 3, "s")


def _long() -> Iterator[bool]:
    """Each run in a process of its own: memory is its peak."""
    small = _alone(SMALL)
    yield verdict("memory of 10,000 contracts", small["megabytes"], 300, "MB")
    if os.environ.get("BENCH_LONG") != "1":
        print("     100,000 contracts: set BENCH_LONG=1")
        return
    big = _alone(BIG)
    print(f"     100,000 contracts {big['seconds']:.1f} s")
    yield verdict("100,000 contracts / 10,000", big["seconds"] / small["seconds"], 11, "times")
    yield verdict("memory of 100,000 contracts", big["megabytes"], 300, "MB")


def _alone(contracts: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.generation", str(contracts)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def _measure(contracts: int) -> None:
    """Print how long one run takes, and the most memory that it held."""
    with scratch_app():
        for start in range(0, contracts, SMALL):
            add_contracts(min(SMALL, contracts - start), after=start)
        took = seconds(lambda: _run(MONTHS[0]))
    print(json.dumps({"seconds": took, "megabytes": peak_megabytes()}))


if __name__ == "__main__":
    _measure(int(sys.argv[1]))
