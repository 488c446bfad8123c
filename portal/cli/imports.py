"""`portal import clients|contracts FILE`: the base of the first run, and every update after it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from portal.cli import cli, emit, portal_app
from portal.core import clock
from portal.core.audit import Actor
from portal.core.csv_encoding import FileRefused
from portal.core.csv_reader import COMMAND_LINE, Limits, Problem
from portal.core.csv_rows import Report

SHOWN = 20  # problems printed for people; --json prints all
Run = Callable[[Path, Limits, str, Actor | None, datetime], Report]
FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the report as JSON only.")


@cli.group("import")
def import_group() -> None:
    """Import clients or contracts from CSV; `codigo` is the key, importing again updates."""


@import_group.command("clients")
@FILE
@AS_JSON
def import_clients(file: Path, as_json: bool) -> None:
    """Import the clients of FILE. All valid rows go in together."""
    from portal.clients.service import import_file

    _run(import_file, file, as_json)


@import_group.command("contracts")
@FILE
@AS_JSON
def import_contracts(file: Path, as_json: bool) -> None:
    """Import the contracts of FILE. Their clients and wallets must exist."""
    from portal.contracts.service import import_file

    _run(import_file, file, as_json)


def _run(run: Run, file: Path, as_json: bool) -> None:
    with portal_app():
        try:
            report = run(file, COMMAND_LINE, file.name, None, clock.now()).to_dict()
        except FileRefused as error:
            if as_json:
                emit(_refused(error), as_json=True, say=_say)
            raise
    emit(report, as_json=as_json, say=_say)


def _refused(error: FileRefused) -> dict[str, Any]:
    """The report of a file of which nothing was read."""
    problem = Problem(error.line, error.column, error.code, str(error))
    return Report(0, 0, [problem], []).to_dict()


def _say(report: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{report['accepted']} linhas importadas: {report['created']} novas, "
        f"{report['updated']} alteradas, {report['unchanged']} sem mudança."
    )
    yield from _listed(f"{report['rejected']} linhas recusadas", report["errors"])
    yield from _listed(f"{report['warnings']} avisos", report["warning_details"])


def _listed(title: str, problems: list[dict[str, Any]]) -> Iterator[str]:
    if not problems:
        return
    yield f"{title}:"
    for item in problems[:SHOWN]:
        yield f"  linha {item['line']}, {item['column']}: {item['message']}"
    if len(problems) > SHOWN:
        yield f"  … e mais {len(problems) - SHOWN} (--json mostra todos)"
