"""From a TOML file to checked values by column; every problem names table, key, cause and cure."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from portal.cli.config_schema import (
    ENV,
    KEY_OF,
    LISTS,
    SECRETS,
    TABLES,
    Key,
)
from portal.core.errors import ConfigError

SIZE_LIMIT = 2_000_000  # bytes


@dataclass(slots=True)
class Config:
    """What the file says: values by column, None for a table that it leaves out."""

    company: dict[str, Any] | None = None
    general: dict[str, Any] | None = None
    financial: dict[str, Any] | None = None
    smtp_accounts: list[dict[str, Any]] = field(default_factory=list)
    wallets: list[dict[str, Any]] = field(default_factory=list)
    holidays: list[dict[str, Any]] = field(default_factory=list)


def read_file(path: Path, env: Mapping[str, str]) -> Config:
    """The configuration in the file. Raises ConfigError with all of its problems in one line."""
    problems: list[str] = []
    raw = _load(path)
    config = Config()
    for name in raw:
        if name not in TABLES and name not in LISTS:
            kind = "tabela" if isinstance(raw[name], dict | list) else "chave"
            problems.append(f"{kind} {name} não existe.{_nearest(name, [*TABLES, *LISTS])}")
    for name, keys in TABLES.items():
        if name in raw:
            setattr(config, name, _table(f"[{name}]", raw[name], keys, problems))
    for name, keys in LISTS.items():
        setattr(config, name, _list(name, raw.get(name, []), keys, problems))
    for account in config.smtp_accounts:
        for name in SECRETS:
            _take_secret(account, name, env, problems)
    raise_all(path, problems)
    return config


def raise_all(path: Path, problems: list[str]) -> None:
    """Raises ConfigError unless there are no problems."""
    if problems:
        count = f"{len(problems)} problemas: " if len(problems) > 1 else ""
        raise ConfigError(f"{path.name}: {count}{' · '.join(problems)}")


def place(table: str, name: str = "") -> str:
    """How a problem names a table of a list: `[[wallets]] “1”`."""
    return f"[[{table}]] “{name}”" if name else f"[[{table}]]"


def _load(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
        if len(content) > SIZE_LIMIT:
            raise ConfigError(f"{path.name}: o arquivo passa de {SIZE_LIMIT // 1_000_000} MB.")
        return tomllib.loads(content.decode("utf-8-sig"), parse_float=Decimal)
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}: grave o arquivo em UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        where = re.search(r"line (\d+), column (\d+)", str(error))
        spot = f"linha {where[1]}, coluna {where[2]}" if where else "fim do arquivo"
        raise ConfigError(
            f"{path.name}: não é TOML válido ({spot}): confira aspas e sinais."
        ) from (None)


def _table(where: str, raw: Any, keys: Mapping[str, Key], problems: list[str]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        problems.append(f"{where}: escreva como tabela, {where} em uma linha só.")
        return {}
    values: dict[str, Any] = {}
    for name, value in raw.items():
        key = keys.get(name)
        if key is None:
            problems.append(f"{where}: a chave {name} não existe.{_nearest(name, keys)}")
            continue
        try:
            values[key.column] = key.read(value)
        except ValueError as error:
            problems.append(f"{where}, {name}: {error}")
    return values


def _list(
    table: str, raw: Any, keys: Mapping[str, Key], problems: list[str]
) -> list[dict[str, Any]]:
    if not isinstance(raw, list):
        problems.append(f"{place(table)}: escreva com dois colchetes, [[{table}]].")
        return []
    rows: list[dict[str, Any]] = []
    known_by = KEY_OF.get(table, "name")
    for item in raw:
        name = item.get(known_by, "") if isinstance(item, dict) else ""
        values = _table(place(table, str(name)[:80]), item, keys, problems)
        if not values.get(known_by):
            problems.append(f"{place(table)}: falta {known_by}, que identifica a linha.")
        elif any(row[known_by] == values[known_by] for row in rows):
            twice = "o nome" if known_by == "name" else "o dia"
            problems.append(f"{place(table, str(values[known_by]))}: {twice} aparece duas vezes.")
        else:
            rows.append(values)
    return rows


def _take_secret(
    account: dict[str, Any], name: str, env: Mapping[str, str], problems: list[str]
) -> None:
    """The secret that the file leaves to the environment."""
    variable = account.pop(name + ENV, None)
    if variable is None:
        return
    where = place("smtp_accounts", account["name"])
    if name in account:
        problems.append(f"{where}: use {name} ou {name}{ENV}, não os dois.")
    elif not env.get(variable):
        problems.append(
            f"{where}, {name}{ENV}: a variável de ambiente {variable} não está definida. "
            f"Defina-a antes do comando, ou tire {name}{ENV}."
        )
    else:
        account[name] = env[variable]


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f" Você quis dizer {close[0]}?" if close else ""
