"""Doctor finds what is wrong, says how it shows, and changes nothing."""

import json
import socket
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from rq import Queue, Worker

from portal.cli import cli, commands  # noqa: F401 - registers the commands
from portal.core import clock
from portal.core.config import Settings
from portal.core.crypto import KeyRing, new_key
from portal.core.db import db
from portal.core.queue import HEARTBEAT_KEY, connect
from portal.operations import doctor, doctor_machine
from portal.operations.doctor import Verdict, examine
from portal.operations.doctor_queue import skew
from portal.smtp import accounts
from portal.smtp.models import AccountState
from tests import factories
from tests.conftest import DEAD_REDIS
from tests.factories import NOON
from tests.support.installation import Installation

FINE, ADVICE, BAD = Verdict.OK, Verdict.ATTENTION, Verdict.FAILURE


@pytest.fixture
def verdicts(app):
    """`verdicts(**changed settings)`: {code: finding} of the suite's installation."""

    def look(**changes):
        with app.app_context():
            settings = replace(app.config["SETTINGS"], **changes)
            found = examine(settings, clock.now())
            db.session.rollback()
        for finding in found:
            assert finding.evidence
            assert bool(finding.cure) == (finding.verdict is not FINE), finding
        return {finding.code: finding for finding in found}

    return look


@contextmanager
def listening():
    """A port on which somebody answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_without_redis_the_rest_is_still_looked_at(verdicts):
    found = verdicts()
    assert found["redis"].verdict is BAD
    assert found["database"].verdict is found["migrations"].verdict is FINE
    assert "workers" not in found


def test_workers_clock_and_persistence(verdicts, tmp_path):
    with Installation(tmp_path / "inst") as portal:
        portal.home.mkdir()
        portal.redis()
        url = Settings.from_env(portal.env).redis_url
        found = verdicts(redis_url=url)
        assert [found[code].verdict for code in ("redis", "redis_persistence", "redis_clock")] == [
            FINE
        ] * 3
        assert (found["workers"].verdict, found["cron"].verdict) == (BAD, BAD)
        redis = connect(url)
        Worker([Queue("pontual", connection=redis)], connection=redis).register_birth()
        redis.set(HEARTBEAT_KEY, int(clock.now().timestamp()))
        found = verdicts(redis_url=url)
        assert (found["workers"].verdict, found["cron"].verdict) == (FINE, FINE)
        redis.set(HEARTBEAT_KEY, int(clock.now().timestamp()) - 400)
        redis.config_set("appendonly", "no")
        redis.config_set("maxmemory-policy", "allkeys-lru")
        redis.config_set("maxmemory", "100mb")
        found = verdicts(redis_url=url)
        assert found["cron"].verdict is BAD
        assert found["redis_persistence"].verdict is ADVICE
        assert found["redis_eviction"].verdict is ADVICE
        redis.config_set("maxmemory", "1")
        assert verdicts(redis_url=url)["redis"].verdict is BAD
        redis.close()


def test_mail_servers_are_reached_under_the_destination_policy(app, verdicts):
    with listening() as port:
        with app.app_context():
            name = factories.create_account(port=port).name
            factories.create_account(state=AccountState.PAUSED, port=1)
        found = verdicts(smtp_allow_private=(f"127.0.0.1:{port}",))
        assert found["smtp_port"].verdict is FINE
        assert name in found["smtp_port"].evidence
        assert verdicts(smtp_allow_private=())["smtp_port"].verdict is BAD
    assert verdicts(smtp_allow_private=(f"127.0.0.1:{port}",))["smtp_port"].verdict is BAD


def test_secrets_of_old_and_of_lost_keys(app, verdicts):
    ring = app.config["SETTINGS"].keys
    with app.app_context():
        accounts.add({"name": "A", "password": "x"}, None, NOON, ring)
        db.session.commit()
    assert verdicts()["secrets"].verdict is FINE
    assert (
        verdicts(keys=KeyRing.parse(f"{new_key()},{ring.export()}"))["old_keys"].verdict is ADVICE
    )
    lost = verdicts(keys=KeyRing.parse(new_key()))["secrets"]
    assert (lost.verdict, "smtp_accounts.password" in lost.evidence) == (BAD, True)


def test_folder_key_file_disk_and_clock(verdicts, tmp_path, monkeypatch):
    home = tmp_path / "casa"
    keys = Settings.from_env({"PORTAL_HOME": str(home), "REDIS_URL": DEAD_REDIS}).keys
    found = verdicts(home=home, keys=keys)
    assert {found[code].verdict for code in ("home", "key_file", "disk")} == {FINE}
    keys.source.chmod(0o644)
    home.chmod(0o755)
    monkeypatch.setattr(doctor_machine.shutil, "disk_usage", lambda _: type("", (), {"free": 9}))
    found = verdicts(home=home, keys=keys)
    assert (found["home"].verdict, found["key_file"].verdict) == (ADVICE, BAD)
    assert found["disk"].verdict is BAD
    apart = [skew("x", "de lá", NOON, NOON + timedelta(seconds=s)).verdict for s in (1, 5, 60)]
    assert apart == [FINE, ADVICE, BAD]


def test_the_rules_of_a_public_portal(verdicts):
    assert verdicts()["hosts"].verdict is ADVICE
    public = {"hosts": ("portal.example.com",), "secret_key": "x" * 40, "demo": False}
    assert verdicts(**public)["trusted_proxies"].verdict is ADVICE
    public["trusted_proxies"] = ("127.0.0.1",)
    found = verdicts(**public, smtp_allow_private=("10.0.0.5",))
    assert (found["hosts"].verdict, found["secret_key"].verdict) == (FINE, FINE)
    assert not {"demo", "smtp_allow_private", "trusted_proxies"} & found.keys()
    found = verdicts(**public | {"demo": True, "secret_key": "x" * 16}, smtp_allow_private=("*",))
    assert [found[code].verdict for code in ("demo", "secret_key", "smtp_allow_private")] == [
        ADVICE
    ] * 3


def test_the_command_works_on_an_empty_folder_and_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_HOME", str(tmp_path / "vazia"))
    monkeypatch.setenv("REDIS_URL", DEAD_REDIS)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    done = CliRunner().invoke(cli, ["doctor", "--json"])
    data = json.loads(done.output)
    found = {item["code"]: item for item in data["findings"]}
    assert (done.exit_code, data["healthy"]) == (1, False)
    assert (found["migrations"]["verdict"], found["redis"]["verdict"]) == ("falha", "falha")
    assert "nenhuma" in found["migrations"]["evidence"]
    spoken = CliRunner().invoke(cli, ["doctor"])
    assert spoken.exit_code == 1
    assert "→ Inicie portal web desta versão" in spoken.output


def test_advice_alone_is_healthy(monkeypatch, tmp_path):
    monkeypatch.setenv("PORTAL_HOME", str(tmp_path / "casa"))
    monkeypatch.setenv("REDIS_URL", DEAD_REDIS)
    advice = doctor.attention("x", "algo", "faça")
    monkeypatch.setattr(doctor, "examine", lambda *_: [advice, doctor.ok("y", "bem")])
    done = CliRunner().invoke(cli, ["doctor"])
    assert (done.exit_code, "falhas: 0, avisos: 1, ok: 1" in done.output) == (0, True)


def test_a_database_that_is_away_is_a_finding(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_HOME", str(tmp_path))
    monkeypatch.setenv("REDIS_URL", DEAD_REDIS)
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:segredo@127.0.0.1:1/nada")
    done = CliRunner().invoke(cli, ["doctor", "--json"])
    found = {item["code"]: item for item in json.loads(done.output)["findings"]}
    assert (done.exit_code, found["database"]["verdict"]) == (1, "falha")
    assert "segredo" not in done.output
