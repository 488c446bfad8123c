"""`portal smtp test`: the test e-mail, run here and now."""

import sys
import time
from collections.abc import Iterator
from typing import Any

import click

from portal.cli import cli, emit, portal_app
from portal.core import clock
from portal.core.errors import NotFound

PATIENCE = 600.0  # seconds, should a worker have taken the test first


@cli.group("smtp")
def smtp_group() -> None:
    """SMTP accounts."""


@smtp_group.command("test")
@click.argument("account")
@click.option("--to", "recipient", default="", help="Recipient; default: the account's own.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def test(account: str, recipient: str, as_json: bool) -> None:
    """Send a test e-mail by ACCOUNT and show its stages. Exit 0 accepted, 1 failed."""
    with portal_app():
        data = _run(account, recipient)
    emit(data, as_json=as_json, say=_say)
    sys.exit(0 if data["accepted"] else 1)


def _run(name: str, recipient: str) -> dict[str, Any]:
    from portal.deliveries import testing
    from portal.smtp import accounts, queries, service

    account = accounts.by_name(name)
    if account is None:
        names = ", ".join(f"“{item.name}”" for item in queries.all_accounts()) or "nenhuma ainda"
        raise NotFound(f"Não há conta SMTP “{name}”. Contas: {names}.")
    queued = service.request_test(account.id, recipient, None, clock.now(), by_worker=False)
    testing.run(queued.id)
    return _result(queued.id)


def _result(test_id: int) -> dict[str, Any]:
    from portal.core.db import db
    from portal.smtp.models import SmtpTest, SmtpTestState

    deadline = time.monotonic() + PATIENCE
    while True:
        db.session.rollback()
        row = db.session.get_one(SmtpTest, test_id, populate_existing=True)
        done = row.state in (SmtpTestState.ACCEPTED, SmtpTestState.FAILED)
        if done or time.monotonic() > deadline:
            return {
                "account": row.account.name,
                "recipient": row.recipient,
                "accepted": row.state == SmtpTestState.ACCEPTED,
                "state": row.state.value,
                "steps": row.steps,
                "cause": row.cause,
                "cure": row.cure,
                "reply": row.reply,
            }
        time.sleep(0.5)


def _say(data: dict[str, Any]) -> Iterator[str]:
    signs = {True: "✓", False: "✕", None: "·"}
    for step in data["steps"]:
        detail = f"  {step['detail']}" if step["detail"] else ""
        took = f"  {step['milliseconds']} ms" if step["ok"] is not None else ""
        yield f"{signs[step['ok']]} {step['label']}{detail}{took}"
    if data["accepted"]:
        yield f"aceito pelo servidor para {data['recipient']}: {data['reply']}"
        return
    yield f"falhou: {data['cause']} {data['cure']}".strip()
    if data["reply"]:
        yield f"resposta do servidor: {data['reply']}"
