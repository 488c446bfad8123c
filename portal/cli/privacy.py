"""`portal privacy …`: one client's data, exported or erased, and what is too old."""

from pathlib import Path

import click

from portal.cli import cli, portal_app
from portal.core import clock
from portal.core.db import reading
from portal.core.errors import NotFound


@cli.group("privacy")
def privacy_group() -> None:
    """Personal data (LGPD)."""


@privacy_group.command("export")
@click.argument("code")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
def export(code: str, output: Path) -> None:
    """Write everything held about the client of CODE to a JSON file."""
    from portal.clients import accesses, queries
    from portal.privacy import holdings

    with portal_app():
        now = clock.now()
        with reading():
            client = queries.by_code(code)
            if client is None:
                raise NotFound(f"Não há cliente de código {code}.")
            content, client_id = holdings.as_json(client, now), client.id
        person = accesses.Person(None, "linha de comando")
        accesses.note(person, client_id, f"Exportou para {output.name}", now)
        output.touch(mode=0o600)
        output.write_bytes(content)
    click.echo(f"dados do cliente {code} em {output}")


@privacy_group.command("anonymise")
@click.argument("code")
@click.option("--yes", is_flag=True, help="Really: this cannot be undone.")
def anonymise(code: str, yes: bool) -> None:
    """Erase the personal data of the client of CODE, for good."""
    from portal.clients import queries
    from portal.privacy import erasure

    if not yes:
        raise click.UsageError("isto não se desfaz: confirme com --yes")
    with portal_app():
        client = queries.by_code(code)
        if client is None:
            raise NotFound(f"Não há cliente de código {code}.")
        erasure.anonymise(client.id, code, None, clock.now())
    click.echo(f"cliente {code} anonimizado")


@privacy_group.command("sweep")
def sweep() -> None:
    """Erase what is too old, now; the clock does it every night."""
    from portal.privacy import retention

    with portal_app():
        click.echo(str(retention.sweep(clock.now())))
