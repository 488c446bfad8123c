"""Server time of the pages that people open all day, on a small base and on a very large one.

The small base has 1,000 clients and 10,000 e-mails in the log. The large one has ten times as
many; `BENCH_LONG=1` makes it 100,000 clients and 1,000,000 e-mails, which takes minutes to fill.
With TEST_DATABASE_URL (or TEST_POSTGRES_URL) the same is measured on PostgreSQL.
"""

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from flask.testing import FlaskClient

from bench.big_base import RUNS, fill
from bench.support import NOW, scratch_app, scratch_database, seconds, verdict
from portal.core import clock

SMALL, LARGE, VERY_LARGE = 1_000, 10_000, 100_000  # clients
LIMIT_MS = 100  # at the 95th percentile
WHOLE_BASE_MS = 1000  # what judges every active contract by the rule, asked for or after the page
GROWTH = 1.5  # the log on the large base against the small one
TIMES = 20
LOG = "/sistema/log-email"
# {client} and {middle} are a client and an e-mail from the middle of the base.
ON_LARGE = {
    "Início": "/",
    "Checklist": "/checklist",
    "log, first page": LOG,
    "log, deep page": f"{LOG}?depois={{middle}}",
    "log, state": f"{LOG}?estado=failed",
    "log, cause": f"{LOG}?causa=mailbox_full",
    "log, account": f"{LOG}?conta=2",
    "log, person": f"{LOG}?usuario=3",
    "log, run": f"{LOG}?geracao=5",
    "log, kind": f"{LOG}?tipo=manual",
    "log, period": f"{LOG}?de=2026-05-01&ate=2026-05-31",
    "log, four filters": f"{LOG}?estado=sent&conta=1&usuario=3&periodo=30",
    "log, filters without a hit": f"{LOG}?usuario=3&geracao=5",
    "log, one client sought": f"{LOG}?q=Silva+000{{client}}",
    "log, many clients sought": f"{LOG}?q=silva",
    "log, recipient sought": f"{LOG}?q=c0000",
    "log, nosso número sought": f"{LOG}?q=109/1000000{{client}}-5",
    "log, subject sought": f"{LOG}?q=vence+em+breve",
    "log, nothing found": f"{LOG}?q=zzz+nada",
    "client's e-mails": "/clientes/{client}/emails-enviados",
    "Emissão": "/financeiro/emissao",
    "Emissão, deep page": "/financeiro/emissao?depois=2026-12-14.{middle}",
    "Emissão, one client": "/financeiro/emissao?cliente=Silva+000{client}",
    "Emissão, many clients": "/financeiro/emissao?cliente=silva",
    "Emissão, city": "/financeiro/emissao?cidade=itu",
    "Emissão, wallet": "/financeiro/emissao?carteira=2",
    "Emissão, period": "/financeiro/emissao?de=2026-12-01&ate=2026-12-10",
    "Emissão, sent": "/financeiro/emissao?envio=enviado",
    "Emissão, never sent": "/financeiro/emissao?envio=nunca",
    "Emissão, failed": "/financeiro/emissao?envio=falhou",
    "Emissão, four filters": (
        "/financeiro/emissao?cidade=itu&envio=enviado&carteira=1&de=2026-12-01"
    ),
    "Títulos": "/financeiro/titulos",
    "Títulos, deep page": "/financeiro/titulos?depois={middle}",
    "Títulos, open": "/financeiro/titulos?situacao=open",
    "Títulos, paid": "/financeiro/titulos?situacao=paid",
    "Títulos, period": "/financeiro/titulos?de=2026-05-01&ate=2026-05-31",
    "Títulos, one client sought": "/financeiro/titulos?q=Silva+000{client}",
    "Títulos, many clients sought": "/financeiro/titulos?q=silva",
    "Clientes": "/clientes",
    "Contratos": "/contratos",
}
# They read every active contract and its titles: never a page's first answer.
WHOLE_BASE = {
    "checklist's numbers, loaded after it": "/checklist/numeros",
    "Saúde da base": "/checklist/base",
    "Saúde da base, one list": "/checklist/base/client_email",
}
ON_SMALL = (
    "/clientes",
    "/clientes/{client}",
    "/contratos",
    "/financeiro/gerar",
    "/financeiro/titulos",
    "/cadastros/carteiras",
    "/configuracoes/smtp",
    "/configuracoes/parametros/financeiro",
)


@dataclass(frozen=True, slots=True)
class Base:
    """A signed-in browser, and how many clients the base behind it has."""

    browser: FlaskClient
    clients: int

    def get(self, path: str) -> tuple[float, float]:
        """Milliseconds of the wall and of the processor for one page."""
        middle = self.clients * RUNS // 2
        url = path.format(client=f"{self.clients // 2:03}", middle=middle)
        wall, processor = time.perf_counter(), time.process_time()
        answer = self.browser.get(url)
        times = time.perf_counter() - wall, time.process_time() - processor
        if answer.status_code != 200:
            raise SystemExit(f"{url} answered {answer.status_code}")
        return times[0] * 1000, times[1] * 1000


def main() -> bool:
    """Whether the p95 of every page stayed within its limit, and the log grows no slower."""
    server = os.environ.get("TEST_DATABASE_URL") or os.environ.get("TEST_POSTGRES_URL", "")
    clients = VERY_LARGE if os.environ.get("BENCH_LONG") == "1" else LARGE
    if clients == LARGE:
        print("     1,000,000 e-mails in the log: set BENCH_LONG=1")
    kept = True
    with patch.object(clock, "now", lambda: NOW):
        for address, mark in (("", "SQLite"), (server, "PostgreSQL")):
            if address or mark == "SQLite":
                kept = all([*_measure(address, clients, mark)]) and kept
    return kept


def _measure(server: str, clients: int, mark: str) -> Iterator[bool]:
    with _base(server, SMALL) as small, _base(server, clients) as large:
        print(f"     {mark}: {clients:,} clients, {clients * RUNS:,} e-mails in the log")
        for path in ON_SMALL:
            yield _page(f"{path} (small base)", [small.get(path) for _ in range(TIMES)])
        for name, path in ON_LARGE.items():
            large.get(path)
            yield _page(name, [large.get(path) for _ in range(TIMES)])
        for name, path in WHOLE_BASE.items():
            large.get(path)
            yield _page(name, [large.get(path) for _ in range(TIMES)], WHOLE_BASE_MS)
        # In turns, so that what else the machine does befalls both.
        pairs = [(large.get(LOG)[0], small.get(LOG)[0]) for _ in range(TIMES)]
        times = [statistics.median(side) for side in zip(*pairs, strict=True)]
        yield verdict(f"log, {clients * RUNS:,} / 10,000 e-mails", times[0] / times[1], GROWTH, "×")


def _page(name: str, times: Sequence[tuple[float, float]], limit: float = LIMIT_MS) -> bool:
    walls = sorted(wall for wall, _ in times)
    slow = walls[len(walls) * 95 // 100 - 1]
    processor = statistics.median(processor for _, processor in times)
    median = statistics.median(walls)
    return verdict(
        f"{name}, p95 (median {median:.0f}, processor {processor:.0f})", slow, limit, "ms"
    )


@contextmanager
def _base(server: str, clients: int) -> Iterator[Base]:
    with scratch_database(server) as url, scratch_app(web=True, database=url) as app:
        session_id = ""

        def _fill() -> None:
            nonlocal session_id
            session_id = fill(clients)

        print(f"     {clients * RUNS:,} e-mails filled in {seconds(_fill):.0f} s", flush=True)
        browser = app.test_client()
        with browser.session_transaction() as session:
            session["_user_id"] = session_id
        yield Base(browser, clients)
