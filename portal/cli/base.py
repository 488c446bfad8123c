"""`portal base`: how many active contracts would be e-mailed now, and why not the others."""

from collections.abc import Iterator
from typing import Any

import click

from portal.cli import cli, emit, portal_app
from portal.core import clock
from portal.core.db import reading


@cli.command()
@click.option("--code", default="", help="List the contracts of this reason, or of `emails`.")
@click.option("--every", is_flag=True, help="With --code: also those that stop for another reason.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def base(code: str, every: bool, as_json: bool) -> None:
    """Count the active contracts that would be e-mailed now, and why the others would not."""
    from portal.checklist.base_health import measure
    from portal.checklist.base_lists import BaseList, ListFilters

    if every and not code:
        raise click.UsageError("--every needs --code.")
    with portal_app(), reading():
        now = clock.now()
        if not code:
            emit(measure(now).to_dict(), as_json=as_json, say=_say_counts)
            return
        lines = [line.to_dict() for line in BaseList(ListFilters(code, every), now).lines()]
    data = {"code": code, "count": len(lines), "contracts": lines}
    emit(data, as_json=as_json, say=_say_contracts)


def _say_counts(data: dict[str, Any]) -> Iterator[str]:
    from portal.checklist.base_labels import name
    from portal.web.formatters import number

    yield f"{number(data['contracts'])} contratos ativos, {number(data['emails'])} por e-mail"
    for code, count in data["reasons"].items():
        yield f"  {number(count)} {name(code)} ({code}); ao todo {number(data['every'][code])}"


def _say_contracts(data: dict[str, Any]) -> Iterator[str]:
    for item in data["contracts"]:
        yield f"{item['contract']:>10} {item['client']:>10} {item['name']}: {item['evidence']}"
