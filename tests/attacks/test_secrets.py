"""The password of an account, after all that can be done with it, is nowhere but sealed."""

import base64
import subprocess
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from sqlalchemy import select

import jobs
from portal.cli import redis_server
from portal.core.db import db, reading
from portal.core.queue import QUEUES, wake
from portal.deliveries import sender
from portal.deliveries.states import State
from portal.operations.backup import save
from portal.smtp import accounts
from portal.smtp.models import SmtpAccount, SmtpTest, SmtpTestState
from tests.attacks.walking import walk
from tests.factories import NOON
from tests.smtp_screens.fields import account_fields
from tests.support.forms import post
from tests.support.routes import routes
from tests.support.sending import messages, queue
from tests.support.smtp_server import ScriptedServer

USER, SECRET, TOKEN = "u@example.com", "s3gredo-Único-do-servidor", "refresh-token-unico-7788"
URL = "/configuracoes/smtp/1"


@pytest.fixture
def redis(tmp_path: Path, app: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    """A Redis of its own, which the application and its jobs use."""
    server = redis_server.find_redis(tmp_path, {"PATH": ""})
    assert isinstance(server, redis_server.PrivateRedis)
    with subprocess.Popen(server.argv, stdout=subprocess.DEVNULL) as process:
        end = time.monotonic() + 20
        while not redis_server.answers(server.socket):
            assert time.monotonic() < end, "Redis does not answer"
            time.sleep(0.05)
        monkeypatch.setitem(app.config, "REDIS_URL", server.url)
        monkeypatch.setattr(jobs, "worker_app", lambda: app)
        connection = Redis.from_url(server.url)
        yield connection
        connection.close()
        process.terminate()


def test_a_password_is_in_no_page_log_trail_file_queue_or_column(
    app, admin, redis, caplog, tmp_path, monkeypatch
):
    caplog.set_level("DEBUG")
    with ScriptedServer(users={USER: SECRET}) as server:
        with app.app_context():
            queue(server, 1, username=USER, requires_auth=True)
        seen = [use_it(app, admin, redis, server, monkeypatch)]
    pages, _ = walk(app, admin)
    assert len(pages) > 60
    seen += pages.values()
    seen += [admin.get(route.url()).text for route in routes(app) if is_file(route)]
    seen += [caplog.text, in_redis(redis), in_the_database(app)]
    with app.app_context():
        save(tmp_path / "copia.zip", app.config["SETTINGS"].keys, NOON)
    with zipfile.ZipFile(tmp_path / "copia.zip") as archive:
        seen += [archive.read(name).decode() for name in archive.namelist()]
    for secret in (SECRET, TOKEN):
        for form in (secret, quoted(secret), base64.b64encode(secret.encode()).decode()):
            assert [text[:200] for text in seen if form in text] == []
    plain = base64.b64encode(f"\0{USER}\0{SECRET}".encode()).decode()
    assert [text[:200] for text in seen if plain in text] == []


def use_it(app: Any, admin: Any, redis: Redis, server: ScriptedServer, monkeypatch: Any) -> str:
    """Save it, be refused, test it, send with it, be refused by the server, fail in a job."""
    fields = account_fields(host="127.0.0.1", port=str(server.port), security="none", version="1")
    fields |= {"username": USER, "password": SECRET, "oauth_refresh_token": TOKEN}
    refused = post(admin, URL, fields | {"hourly_limit": "x"})
    assert refused.status_code == 422
    assert post(admin, URL, fields | {"hourly_limit": "200"}).status_code == 303
    with app.app_context():
        account = db.session.get_one(SmtpAccount, 1)
        assert accounts.password_of(account, app.config["SETTINGS"].keys) == SECRET
    answers = [post(admin, f"{URL}/testes", {"recipient": "a@example.com"}).text]
    with app.app_context():
        wake("jobs.deliveries.drain", 1)
        work(redis)
        assert [message.state for message in messages()] == [State.SENT]
    server.users = {USER: "outra"}
    answers.append(post(admin, f"{URL}/testes", {"recipient": "a@example.com"}).text)
    with app.app_context():
        work(redis)
        states = list(db.session.scalars(select(SmtpTest.state).order_by(SmtpTest.id)))
        assert states == [SmtpTestState.ACCEPTED, SmtpTestState.FAILED]
        monkeypatch.setattr(sender, "drain", lambda _id: 1 / 0)
        wake("jobs.deliveries.drain", 1)
        work(redis)
        db.session.remove()
    return refused.text + "".join(answers)


def work(redis: Redis) -> None:
    """Do what waits in the queues, here."""
    queues = [Queue(name, connection=redis, serializer="json") for name in QUEUES]
    SimpleWorker(queues, connection=redis, serializer="json").work(burst=True)


def is_file(route: Any) -> bool:
    return bool(route.rule.rule.endswith((".csv", ".json", "/metrics"))) and route.only_ids


def quoted(text: str) -> str:
    """As JSON writes it."""
    return text.encode("ascii", "backslashreplace").decode().replace("\\xda", "\\u00da")


def in_redis(redis: Redis) -> str:
    """All that Redis holds, what RQ packed unpacked."""
    found: list[bytes] = []
    for key in redis.scan_iter("*"):
        kind = redis.type(key)
        if kind == b"hash":
            found += [item for pair in redis.hgetall(key).items() for item in pair]
        elif kind == b"stream":
            entries = redis.xrange(key)
            found += [item for _, fields in entries for pair in fields.items() for item in pair]
        else:
            found.append(redis.get(key) if kind == b"string" else redis.dump(key))
    text = "\n".join(unpacked(value).decode("utf-8", "replace") for value in found)
    assert "jobs.deliveries.drain" in text
    assert "ZeroDivisionError" in text
    return text


def unpacked(value: bytes) -> bytes:
    for packed in (lambda: value, lambda: base64.b64decode(value, validate=True)):
        with suppress(zlib.error, ValueError):
            return zlib.decompress(packed())
    return value


def in_the_database(app: Any) -> str:
    with app.app_context(), reading(), db.engine.connect() as connection:
        rows = [connection.execute(select(t)).all() for t in db.metadata.sorted_tables]
    return str(rows)
