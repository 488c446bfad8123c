"""`portal backup` and `portal restore`: the whole database as one file."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from portal.cli import cli, emit, portal_app
from portal.core import clock
from portal.core.config import Settings
from portal.core.errors import Conflict

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
FILE = click.Path(dir_okay=False, path_type=Path)


@cli.command("backup")
@click.argument("file", type=FILE)
@click.option("--with-keys", is_flag=True, help="Put the encryption keys in, too.")
@AS_JSON
def backup(file: Path, with_keys: bool, as_json: bool) -> None:
    """Write the whole database to FILE, as it is at one moment; the portal may be at work."""
    from portal.operations.backup import save

    with portal_app() as app:
        saved = save(file, app.config["SETTINGS"].keys, clock.now(), with_keys=with_keys)
    emit({"file": str(file), **asdict(saved)}, as_json=as_json, say=_say_saved)


@cli.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", "replacing", is_flag=True, help="Replace what the database holds.")
@AS_JSON
def restore(file: Path, replacing: bool, as_json: bool) -> None:
    """Put the backup FILE in the place of the database, whole or not at all.

    Stop web, workers and clock first. Every SMTP account is paused afterwards.
    """
    from portal import create_app
    from portal.operations.backup_restore import restore as put_back
    from portal.operations.queue_facts import look

    settings = Settings.from_env()
    if look(settings.redis_url).workers:
        raise Conflict("Há processos de envio no ar: pare web, workers e cron antes de restaurar.")

    with create_app(settings, web=False).app_context():
        done = put_back(
            file,
            settings,
            lambda url: create_app(replace(settings, database_url=url), web=False),
            clock.now(),
            replace=replacing,
        )
        moment = clock.local(done.made_at, settings.timezone)
        data = asdict(done) | {"moment": f"{moment:%d/%m/%Y %H:%M}"}
    emit(data, as_json=as_json, say=_say_restored)


def _say_saved(data: dict[str, Any]) -> Iterator[str]:
    yield f"{data['file']}: {data['tables']} tabelas, {data['rows']} linhas, {data['bytes']} bytes"
    if data["with_keys"]:
        yield "ATENÇÃO: as chaves estão nesta cópia. Quem a tiver lê as senhas de e-mail: guarde-a"
        yield "como guarda senhas, longe das outras cópias."
    else:
        yield "as chaves não estão na cópia: guarde-as à parte, sem elas as senhas não se leem"


def _say_restored(data: dict[str, Any]) -> Iterator[str]:
    yield f"restaurada a cópia de {data['moment']} ({data['rows']} linhas)"
    yield f"contas SMTP pausadas: {data['paused_accounts']}. O que está na fila pode já ter saído"
    yield "  depois da cópia: confira no log do servidor de e-mail e retome cada conta"
    if data["uncertain"]:
        yield f"estavam saindo na hora da cópia e ficaram incertos: {data['uncertain']} e-mails"
    yield "carteiras: se houve títulos depois da cópia, adiante o próximo nosso número de cada uma"
    yield "tokens da API e webhooks estão como na cópia: revogue de novo o que já não vale"
    yield "clientes anonimizados depois da cópia voltaram com os dados: anonimize-os de novo"
    yield "todas as pessoas entram de novo"
    if data["keys_added"]:
        yield f"chaves da cópia guardadas: {', '.join(data['keys_added'])}"
    if data["keys_to_set"]:
        yield f"ponha em PORTAL_ENCRYPTION_KEYS as chaves {', '.join(data['keys_to_set'])} da cópia"
    for place in data["unreadable"]:
        yield f"✕ {place}: escrito com uma chave que não está aqui; digite-o de novo"
