"""A whole installation for tests: its own folder, database, Redis, mail server and processes.

Every process is a real one, started here and ended here, by its id.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flask import Flask
from sqlalchemy import create_engine, insert, select, text, update

from portal import ROOT, create_app
from portal.cli import redis_server
from portal.cli.config_apply import apply
from portal.cli.config_read import read_file
from portal.clients.models import Client
from portal.contracts.models import Contract
from portal.core import clock
from portal.core.config import Settings
from portal.core.db import db
from portal.core.migrations import ensure_migrated
from portal.deliveries import reconcile
from portal.deliveries.claims import LATEST
from portal.deliveries.models import EmailMessage, QuotaUse
from portal.deliveries.states import State
from portal.generation import service as generation
from portal.generation.orders import Order
from portal.wallets.models import Wallet
from tests.support.example_base import SETUP, client_row, contract_row
from tests.support.smtp_server import Fault, read_spool, write_faults

TIMEOUT = {"timeout": 30}


class Installation:
    """Use as a context manager: at the end every process that it started is ended."""

    def __init__(self, home: Path, database_url: str = "") -> None:
        self.home = home
        self.processes: list[subprocess.Popen[str]] = []
        self.env = {
            **os.environ,
            "PORTAL_HOME": str(home),
            "DATABASE_URL": database_url,
            "DEMO": "0",
            "SECRET_KEY": "tests-only-secret-key",
            "PORTAL_SMTP_ALLOW_PRIVATE": "127.0.0.1",
            "REDIS_URL": "",
        }
        self.smtp_port = 0
        self.spool = home / "spool"
        self.faults_file = home / "faults.json"
        self._app: Flask | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        for process in reversed(self.processes):
            self.kill(process)
        if self._app is not None:
            with self._app.app_context():
                db.session.remove()
                db.engine.dispose()

    # --- processes

    def start(self, *argv: str, log: str) -> subprocess.Popen[str]:
        """Start a process in a group of its own; its output goes to a file of the folder."""
        with (self.home / f"{log}.log").open("a") as output:
            process = subprocess.Popen(
                argv,
                cwd=ROOT,
                env=self.env,
                stdout=subprocess.PIPE if log == "smtp" else output,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def portal_process(self, *words: str, log: str) -> subprocess.Popen[str]:
        """Start `portal …` in the background."""
        return self.start(sys.executable, "-m", "portal.cli", *words, log=log)

    def worker(self, count: int = 1) -> subprocess.Popen[str]:
        """Start a worker process (with `count` workers)."""
        return self.portal_process("worker", "-n", str(count), log="worker")

    def cron(self) -> subprocess.Popen[str]:
        """Start the clock."""
        return self.portal_process("cron", log="cron")

    def redis(self) -> subprocess.Popen[str]:
        """Start the private Redis and wait until it answers."""
        found = redis_server.find_redis(self.home, {**self.env, "REDIS_URL": ""})
        assert isinstance(found, redis_server.PrivateRedis)
        self.env["REDIS_URL"] = found.url
        process = self.start(*found.argv, log="redis")
        self.wait_for(lambda: redis_server.answers(found.socket), "Redis answers", 20)
        return process

    def mail_server(self, *faults: Fault) -> int:
        """Start the scripted SMTP server in its own process; returns its port."""
        self.spool.mkdir(exist_ok=True)
        write_faults(self.faults_file, *faults)
        process = self.start(
            sys.executable,
            "-m",
            "tests.support.smtp_server",
            *("--spool", str(self.spool), "--faults", str(self.faults_file)),
            log="smtp",
        )
        assert process.stdout is not None
        self.smtp_port = json.loads(process.stdout.readline())["port"]
        return self.smtp_port

    def faults(self, *faults: Fault) -> None:
        """Change what goes wrong, while the mail server runs."""
        write_faults(self.faults_file, *faults)

    def kill(self, process: subprocess.Popen[str], sign: int = signal.SIGKILL) -> None:
        """End a process of ours with its whole group."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()
        if process in self.processes:
            self.processes.remove(process)

    def kill_tree(self, process: subprocess.Popen[str]) -> None:
        """Kill -9 a process and everything that it started, running jobs too."""
        family = [process.pid, *descendants(process.pid)]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(30)
        self.processes.remove(process)

    # --- the command line

    def run(
        self, *words: str, expect: int = 0, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """`portal …` to its end; its exit code must be the one expected."""
        done = subprocess.run(
            [sys.executable, "-m", "portal.cli", *words],
            cwd=ROOT,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == expect, (words, done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *words: str, expect: int = 0) -> Any:
        """What `portal … --json` prints."""
        return json.loads(self.run(*words, "--json", expect=expect).stdout)

    def configure(self, **values: Any) -> None:
        """Apply the configuration that all these tests start from."""
        defaults = {
            "port": self.smtp_port,
            "hourly": 100_000,
            "daily": 1_000_000,
            "connections": 10,
            "delivery_type": "email",
            "email_on_generation": "true",
        }
        path = self.home / "setup.toml"
        path.write_text(SETUP.format(**defaults | values))
        with self.inside():
            apply(read_file(path, self.env), path, clock.now())

    @contextmanager
    def inside(self) -> Iterator[Flask]:
        """The application over this installation's database, in the test's own process."""
        settings = Settings.from_env(self.env)
        if self._app is None:
            self._app = create_app(settings, web=False)
            with self._app.app_context():
                ensure_migrated()
        self._app.config["REDIS_URL"] = settings.redis_url  # it may have been started since
        with self._app.app_context():
            yield self._app
            db.session.remove()

    def import_contracts(self, count: int) -> None:
        """Put in `count` clients with one contract each, codes 1 to `count`."""
        now = clock.now()
        with self.inside():
            wallet_id = db.session.scalars(select(Wallet.id).where(Wallet.name == "1")).one()
            clients = [client_row(number) | {"created_at": now} for number in range(1, count + 1)]
            db.session.execute(insert(Client), clients)
            ids = dict(db.session.execute(select(Client.code, Client.id)).all())
            contracts = [
                contract_row(number)
                | {"client_id": ids[str(number)], "wallet_id": wallet_id, "created_at": now}
                for number in range(1, count + 1)
            ]
            db.session.execute(insert(Contract), contracts)
            db.session.commit()

    def generate(self, contracts: int = 0, competence: date = date(2026, 12, 1)) -> None:
        """Generate a month, after putting in `contracts`; wakes the workers that there are."""
        if contracts:
            self.import_contracts(contracts)
        with self.inside() as app:
            now = clock.now()
            today = clock.local_date(now, app.config["SETTINGS"].timezone)
            generation.run_now(Order(competence), today=today, actor=None, now=now)

    def reconcile(self) -> None:
        """The pass of every minute, now."""
        with self.inside():
            reconcile.reconcile(clock.now())

    # --- looking

    def counts(self) -> dict[str, int]:
        """Messages per state."""
        found = self.rows("SELECT state, count(*) FROM email_messages GROUP BY state")
        return {state.value: 0 for state in State} | {row[0]: row[1] for row in found}

    def accepted(self) -> list[dict[str, object]]:
        """What the mail server accepted, in order."""
        return read_spool(self.spool)

    def receivables(self) -> int:
        """How many titles there are."""
        return int(self.sql("SELECT count(*) FROM receivables"))

    def handed_over(self) -> int:
        """Messages in the moment in which nobody can know."""
        return int(
            self.sql(
                "SELECT count(*) FROM email_messages WHERE state = 'sending' AND handed_over = true"
            )
        )

    def expire_leases(self, held_for: float = 0) -> None:
        """Let the time of every lease pass, if it was taken `held_for` seconds ago or earlier."""
        with self.inside():
            taken = (
                select(QuotaUse.message_id)
                .where(QuotaUse.used_at > clock.now() + LATEST - timedelta(seconds=held_for))
                .scalar_subquery()
            )
            db.session.execute(
                update(EmailMessage)
                .where(EmailMessage.state == State.SENDING, EmailMessage.id.not_in(taken))
                .values(lease_until=clock.now() - timedelta(seconds=1))
            )
            db.session.commit()

    def sql(self, statement: str) -> Any:
        """Run one statement on the installation's database; the first value of its first row."""
        found = self.rows(statement)
        return found[0][0] if found else None

    def rows(self, statement: str) -> list[Any]:
        """Run one statement on the installation's database, past the application; its rows."""
        url = self.env["DATABASE_URL"] or f"sqlite:///{self.home / 'portal.db'}"
        engine = create_engine(url, connect_args=TIMEOUT if url.startswith("sqlite") else {})
        try:
            with engine.begin() as connection:
                result = connection.execute(text(statement))
                return list(result.all()) if result.returns_rows else []
        finally:
            engine.dispose()

    def wait_for(self, condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Poll until `condition` holds; fails naming `what` after `seconds`."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} s in vain: {what}\n{self.logs()}")
            time.sleep(0.1)

    def logs(self) -> str:
        """The tail of every log, for a failed test."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-2000:]}"
            for path in sorted(self.home.glob("*.log"))
        )


def descendants(pid: int) -> list[int]:
    """Process ids of all children and grandchildren."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            fields = stat.read_text().rpartition(")")[2].split()
            parents[int(stat.parent.name)] = int(fields[1])
    found = [pid]
    for candidate in found:
        found.extend(child for child, parent in parents.items() if parent == candidate)
    return found[1:]
