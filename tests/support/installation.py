"""A whole installation for tests: its own folder, database, Redis, mail server and processes.

Every process is a real one, started here and ended here, by its id.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import create_engine, text

from portal import ROOT
from portal.cli import redis_server
from tests.support.smtp_server import Fault, read_spool, write_faults

SETUP = """
[company]
name = "Rede Exemplo LTDA"
cpf_cnpj = "11.222.333/0001-81"
email = "financeiro@example.com"
address = "Rua das Fibras, 100"
city = "Campinas"
state = "SP"
postal_code = "13010-000"

[general]
default_delivery_type = "{delivery_type}"

[financial]
smtp_account = "Financeiro"
group_by_client = true

[[smtp_accounts]]
name = "Financeiro"
host = "127.0.0.1"
port = {port}
security = "none"
requires_auth = false
sender_address = "financeiro@example.com"
sender_name = "Rede Exemplo"
test_recipient = "teste@example.com"
hourly_limit = {hourly}
daily_limit = {daily}
max_connections = {connections}
subject = "Seu boleto vence em #boleto_vencimento#"
body = '''#saudacao#, #cliente_primeiro_nome#.

#boletos_tabela#

#empresa_nome#'''

[[wallets]]
name = "1"
bank_code = "341"
agencia = "1234"
conta = "12345"
conta_dv = "6"
carteira = "109"
fine_percent = "2.00"
interest_percent_month = "1.00"
email_on_generation = {email_on_generation}

[[wallets]]
name = "2"
bank_code = "001"
agencia = "1234"
conta = "12345"
convenio = "1234567"
carteira = "17"
email_on_generation = {email_on_generation}

[[wallets]]
name = "3"
bank_code = "748"
agencia = "0434"
conta = "36699"
convenio = "36699"
posto = "08"
byte = "2"
carteira = "1"
email_on_generation = {email_on_generation}
"""


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
        self.run("config", "apply", str(path))

    def import_contracts(self, count: int) -> None:
        """Import `count` clients with one contract each."""
        clients = self.home / "clientes.csv"
        header = "codigo;razao_social;cpf_cnpj;email;telefone;endereco;numero;complemento;bairro"
        rows = [
            f"{n};Cliente {n};529.982.247-25;c{n}@example.com;;Rua A;{n};;Centro;Campinas;SP;"
            "13010000;S"
            for n in range(1, count + 1)
        ]
        clients.write_text("\n".join([f"{header};cidade;uf;cep;ativo", *rows]) + "\n")
        contracts = self.home / "contratos.csv"
        header = "codigo;cliente;plano;valor;dia_vencimento;carteira;tipo_envio;status"
        rows = [
            f"{n};{n};FIBRA 300M;99,90;{n % 28 + 1};1;P;A;01/02/2025" for n in range(1, count + 1)
        ]
        contracts.write_text("\n".join([f"{header};data_ativacao", *rows]) + "\n")
        self.run("import", "clients", str(clients))
        self.run("import", "contracts", str(contracts))

    # --- looking

    def counts(self) -> dict[str, int]:
        """Messages per state."""
        return dict(self.json("deliveries")["counts"])

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

    def expire_leases(self) -> None:
        """Let the time of every lease pass."""
        self.sql(
            "UPDATE email_messages SET lease_until = '2020-01-01 00:00:00.000000'"
            " WHERE state = 'sending'"
        )

    def sql(self, statement: str) -> Any:
        """Run one statement on the installation's database; the first value of its first row."""
        url = self.env["DATABASE_URL"] or f"sqlite:///{self.home / 'portal.db'}"
        engine = create_engine(url)
        try:
            with engine.begin() as connection:
                result = connection.execute(text(statement))
                return result.scalar() if result.returns_rows else None
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
