"""`portal boletos …`: the numbers of boletos from JSON Lines, and titles as a PDF file."""

import json
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click

from portal.boletos import compute_line
from portal.cli import cli, portal_app
from portal.core.db import reading

NOT_JSON = "A linha não é JSON. Escreva um objeto por linha."


@cli.group("boletos")
def boletos_group() -> None:
    """Numbers and pages of boletos."""


@boletos_group.command("compute")
def compute() -> None:
    """Read JSON Lines and add nosso_numero, campo_livre, codigo_barras and linha_digitavel.

    A line that cannot be computed gives {"id", "erro"}; the others go on. Needs no database.
    """
    out = sys.stdout.buffer
    for answer in answers(sys.stdin.buffer):
        out.write(answer + b"\n")
        out.flush()


def answers(lines: BinaryIO) -> Iterator[bytes]:
    """One JSON object for each line that is not blank, as it comes."""
    for line in lines:
        if line.strip():
            yield _json(_answer(line))


def _answer(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):  # not UTF-8, not JSON, or nested without end
        return {"id": None, "erro": NOT_JSON}
    return compute_line(record)


def _json(value: dict[str, Any]) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair came in; it goes out as an escape
        return json.dumps(value).encode()


@boletos_group.command("pdf")
@click.argument("receivable_ids", nargs=-1, required=True, type=click.IntRange(1))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="PDF file to write.",
)
def pdf(receivable_ids: tuple[int, ...], output: Path) -> None:
    """Write the boletos of these titles to one PDF, in this order."""
    from portal.receivables.printing import pdf_of
    from portal.receivables.queries import by_ids

    with portal_app(), reading():
        content = pdf_of(by_ids(receivable_ids))
    write_whole(output, content)
    click.echo(f"{len(receivable_ids)} boleto{'s' * (len(receivable_ids) > 1)} em {output}")


def write_whole(path: Path, content: bytes) -> None:
    """Write the file so that it is there whole or, when anything fails, as it was before."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
