"""`portal config apply|show`: the whole configuration as a file."""

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from portal.cli import cli, emit, portal_app
from portal.cli.config_read import read_file
from portal.cli.config_toml import to_toml
from portal.core import clock
from portal.core.db import reading

ACTIONS = {"created": "criada", "changed": "alterada", "unchanged": "sem mudanças"}
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON only.")


@cli.group("config")
def config_group() -> None:
    """Read and write the whole configuration as a TOML file."""


@config_group.command("apply")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@AS_JSON
def apply_file(file: Path, as_json: bool) -> None:
    """Apply FILE. Accounts and wallets are known by name; applying again changes nothing."""
    from portal.cli.config_apply import UNCHANGED, apply, warnings

    config = read_file(file, os.environ)
    with portal_app():
        outcomes = apply(config, file, clock.now())
        odd = list(warnings(config))
    data = {
        "changed": any(item.action != UNCHANGED for item in outcomes),
        "tables": [asdict(item) for item in outcomes],
        "warnings": odd,
    }
    emit(data, as_json=as_json, say=_say_outcomes)


@config_group.command("show")
@AS_JSON
def show(as_json: bool) -> None:
    """Print the stored configuration as TOML that `apply` accepts; never a password."""
    from portal.cli.config_apply import export

    with portal_app(), reading():
        data = export()
    emit(data, as_json=as_json, say=to_toml)


def _say_outcomes(data: dict[str, Any]) -> Iterator[str]:
    for item in data["tables"]:
        name = f" “{item['name']}”" if item["name"] else ""
        keys = f" ({', '.join(item['keys'])})" if item["keys"] else ""
        yield f"{item['table']}{name}: {ACTIONS[item['action']]}{keys}"
    for text in data["warnings"]:
        yield f"aviso: {text}"
    yield "configuração aplicada" if data["changed"] else "sem mudanças"
