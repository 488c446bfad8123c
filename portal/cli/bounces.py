"""`portal bounces read`: the mailboxes of bounces, read here and now."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from portal.cli import cli, emit, portal_app
from portal.core import clock
from portal.core.errors import NotFound


@cli.group("bounces")
def bounces_group() -> None:
    """Mails that came back."""


@bounces_group.command("read")
@click.argument("account", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
@click.pass_context
def read(ctx: click.Context, account: str | None, as_json: bool) -> None:
    """Read the mailbox of ACCOUNT, or of every account. Exit 0 read, 1 one could not be."""
    with portal_app():
        data = _read(account)
    emit(data, as_json=as_json, say=_say)
    ctx.exit(1 if any(item["error"] for item in data) else 0)


def _read(name: str | None) -> list[dict[str, Any]]:
    from portal.deliveries.bounces import service
    from portal.smtp import accounts

    if name is None:
        return [asdict(item) for item in service.read_all(clock.now())]
    account = accounts.by_name(name)
    if account is None:
        raise NotFound(f"Não há conta SMTP “{name}”.")
    return [asdict(service.read_account(account.id, clock.now()))]


def _say(data: list[dict[str, Any]]) -> Iterator[str]:
    if not data:
        yield "nenhuma conta tem caixa de devoluções"
    for item in data:
        if item["error"]:
            yield f"✕ {item['account']}: {item['error']}"
        yield (
            f"{item['account']}: {item['mails']} e-mails lidos, {item['bounced']} devolvidos,"
            f" {item['delayed']} atrasados, {item['other']} sem efeito"
        )
