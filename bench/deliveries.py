"""Sending: one worker with all its guarantees, against two plain loops that have none.

`python -m bench.deliveries [--messages N]`. Every sender, and the mail server, is a process of its
own; all speak over loopback. (a) draws each boleto directly by xhtml2pdf and sends it by
Flask-Mail; (b) sends by Flask-Mail over one connection, its PDF ready; (c) is `sender.drain`.
"""

import argparse
import contextlib
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import flask_mail
from sqlalchemy import event, func, select, update

from bench.support import (
    NOW,
    TODAY,
    add_contracts,
    configure,
    scratch_database,
    scratch_environment,
)
from portal import ROOT, create_app
from portal.boletos import render_direct, render_pdf
from portal.core import clock
from portal.core.config import Settings
from portal.core.db import db
from portal.core.migrations import ensure_migrated
from portal.deliveries import content, endings, sender
from portal.deliveries.claims import Claim
from portal.deliveries.models import DeliveryAttempt, EmailMessage, QuotaUse
from portal.deliveries.states import State
from portal.generation import service as generation
from portal.generation.orders import Order
from portal.smtp.variables import render

MESSAGES = 10_000
WARM_UP = 100  # messages before memory and time count
TIMES_PLAIN, OF_BARE, TIMES_ONE, STATEMENTS, GROWTH_MB = 10, 0.4, 1.7, 10, 20
PLAIN, BARE = 60, 1000
Result = dict[str, Any]


# --- the senders, each in a process of its own ----------------------------------------------------
def plain_loop(count: int) -> Result:
    """(a) Draw, compose, connect and send each, as a script of twenty lines would."""
    drafts = _drafts(count)
    start = time.perf_counter()
    with flask_mail.Mail(_mail_app()).connect() as connection:
        for draft in drafts:
            connection.send(_message(draft, render_direct(draft.slips)))
    return {"sent": count, "seconds": time.perf_counter() - start}


def bare_loop(count: int) -> Result:
    """(b) Compose and send over one connection; the PDF is ready."""
    drafts = _drafts(count)
    pdf = render_pdf(drafts[0].slips)
    start = time.perf_counter()
    with flask_mail.Mail(_mail_app()).connect() as connection:
        for draft in drafts:
            connection.send(_message(draft, pdf))
    return {"sent": count, "seconds": time.perf_counter() - start}


def our_worker(count: int) -> Result:
    """(c) The sender, after a warm-up, until nothing is due or `count` were sent."""
    account_id = db.session.execute(select(EmailMessage.smtp_account_id).limit(1)).scalar_one()
    db.session.rollback()
    with _stop_after(WARM_UP):
        sender.drain(account_id)
    gc.collect()
    statements, memory = 0, _resident_mb()

    def note(_connection: object, _cursor: object, statement: str, *_args: object) -> None:
        nonlocal statements
        statements += not statement.startswith("BEGIN")  # the driver's own on PostgreSQL

    event.listen(db.engine, "before_cursor_execute", note)
    _wait_for_the_others()
    start = time.time()
    with _stop_after(count):
        sent = sender.drain(account_id, budget=3600)
    end = time.time()
    return {
        "sent": sent,
        "start": start,
        "end": end,
        "seconds": end - start,
        "statements": statements,
        "growth": _resident_mb() - memory,
    }


SENDERS: dict[str, Callable[[int], Result]] = {
    "plain": plain_loop,
    "bare": bare_loop,
    "ours": our_worker,
}


def _drafts(count: int) -> list[content.Draft]:
    rows = db.session.execute(
        select(EmailMessage.id, EmailMessage.smtp_account_id).order_by(EmailMessage.id).limit(count)
    ).all()
    return [content.load(Claim(row[0], row[1], "", NOW), NOW) for row in rows]


def _mail_app() -> Any:
    from flask import Flask

    app = Flask("plain")
    app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=int(os.environ["BENCH_SMTP_PORT"]))
    return app


def _message(draft: content.Draft, pdf: bytes) -> flask_mail.Message:
    rendered = render(draft.subject, draft.body, draft.facts)
    message = flask_mail.Message(
        subject=rendered.subject,
        recipients=[draft.recipient],
        body=rendered.text,
        html=rendered.html,
        sender=draft.server.sender_address,
    )
    message.date = time.time()
    message.attach("boleto.pdf", "application/pdf", pdf)
    return message


@contextmanager
def _stop_after(count: int) -> Iterator[None]:
    """Let `drain` end after `count` messages, by the clock that it looks at."""
    real, left = sender.send_claimed, count

    def counted(claim: Claim, line: sender.Line, more: Callable[[], bool]) -> endings.Outcome:
        nonlocal left
        left -= 1
        outcome = real(claim, line, lambda: left > 0 and more())
        return outcome if left > 0 else endings.STOP

    sender.send_claimed = counted
    try:
        yield
    finally:
        sender.send_claimed = real


def _wait_for_the_others() -> None:
    """Say that the warm-up is over, and begin when told to."""
    print("ready", flush=True)
    sys.stdin.readline()


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


# --- the run --------------------------------------------------------------------------------------
def run(name: str, env: dict[str, str], count: int, processes: int = 1) -> Result:
    """Start `processes` senders, let them begin together, and add up what they did."""
    argv = [sys.executable, "-m", "bench.deliveries", "--sender", name, "--messages", str(count)]
    crew = [
        subprocess.Popen(
            argv, cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(processes)
    ]
    if name == "ours":
        for one in crew:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
    for one in crew:  # all of them, before any is waited for
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    results = [json.loads(one.communicate()[0]) for one in crew]
    total = sum(item["sent"] for item in results)
    seconds = max(item["seconds"] for item in results)
    if name == "ours":
        seconds = max(item["end"] for item in results) - min(item["start"] for item in results)
    return {**results[0], "sent": total, "rate": total / seconds}


def _in_sender(name: str, count: int) -> None:
    app = create_app(web=False)
    with app.app_context():
        print(json.dumps(SENDERS[name](count)))


@contextmanager
def _sink() -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.smtp_sink"], cwd=ROOT, text=True, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@contextmanager
def _base(port: int, messages: int, database: str) -> Iterator[dict[str, str]]:
    """A base with `messages` queued; yields the environment of its processes."""
    with TemporaryDirectory() as home, scratch_database(database) as url:
        env = {**scratch_environment(home), "DATABASE_URL": url}
        app = create_app(Settings.from_env(env), web=False)
        with app.app_context():
            ensure_migrated()
            configure(port)
            add_contracts(messages)
            order = Order(date(2026, 12, 1))
            generation.run_now(order, today=TODAY, actor=None, now=clock.now())
            db.session.remove()
        yield {**os.environ, **env, "BENCH_SMTP_PORT": str(port), "TZ": "UTC"}
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def _again(env: dict[str, str]) -> None:
    """Everything queued once more, so that each run finds the same base."""
    with contextlib.ExitStack() as stack:
        app = create_app(Settings.from_env(env), web=False)
        stack.enter_context(app.app_context())
        unsent = db.session.scalar(select(func.count()).where(EmailMessage.state != State.SENT))
        assert unsent == 0, f"{unsent} messages were not sent"
        db.session.execute(
            update(EmailMessage).values(
                state=State.QUEUED, next_attempt_at=clock.now(), attempts=0, handed_over=False
            )
        )
        for table in (QuotaUse, DeliveryAttempt):
            db.session.execute(table.__table__.delete())
        db.session.commit()
        db.engine.dispose()


def measure(port: int, messages: int, database: str, mark: str) -> bool:
    """One run on one database; prints its lines and says whether every limit was kept."""
    with _base(port, messages, database) as env:
        plain = run("plain", env, min(PLAIN, messages))
        bare = run("bare", env, min(BARE, messages))
        one = run("ours", env, messages)
        _again(env)
        two = run("ours", env, messages, processes=2)
        print(f"     (a) plain loop {plain['rate']:.1f}/s  (b) bare loop {bare['rate']:.0f}/s")
        print(f"     (c) one worker {one['rate']:.0f}/s  two workers {two['rate']:.0f}/s  {mark}")
    growth = one["growth"]
    return all(
        (
            _at_least("one worker / plain loop", one["rate"] / plain["rate"], TIMES_PLAIN),
            _at_least("one worker / bare loop", one["rate"] / bare["rate"], OF_BARE),
            _at_least("two workers / one", two["rate"] / one["rate"], TIMES_ONE),
            _at_most("SQL statements an e-mail", one["statements"] / one["sent"], STATEMENTS),
            _at_most(f"memory over {one['sent']} e-mails, MB", growth, GROWTH_MB),
        )
    )


def _at_least(what: str, value: float, limit: float) -> bool:
    print(f"{'ok  ' if value >= limit else 'MISS'} {what}: {value:.2f} (at least {limit:g})")
    return value >= limit


def _at_most(what: str, value: float, limit: float) -> bool:
    print(f"{'ok  ' if value <= limit else 'MISS'} {what}: {value:.2f} (at most {limit:g})")
    return value <= limit


def main(messages: int = MESSAGES) -> bool:
    """Whether every limit was kept; the same on PostgreSQL where TEST_DATABASE_URL names one."""
    postgres = os.environ.get("TEST_DATABASE_URL", "")
    with _sink() as port:
        kept = measure(port, messages, "", "SQLite")
        if postgres:
            kept = measure(port, messages, postgres, "PostgreSQL") and kept
    return kept


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure sending.")
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--sender", choices=sorted(SENDERS), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.sender:
        _in_sender(given.sender, given.messages)
    else:
        sys.exit(0 if main(given.messages) else 1)
