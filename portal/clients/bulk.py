"""E-mail addresses for many clients at once: `codigo;email`, pasted or in a file."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from portal.clients.contact import EmailColumns, email_columns
from portal.clients.csv_import import EMAIL_SIZE
from portal.clients.models import Client
from portal.core.csv_encoding import FileRefused
from portal.core.csv_reader import Columns, Limits, Problem, read
from portal.core.csv_rows import SHOWN
from portal.core.db import db
from portal.core.text import fold, one_line
from portal.core.upsert import batches

COLUMNS = Columns(required=("codigo", "email"))
_SEPARATOR = re.compile(r"[;,\t]")
_NO_SEPARATOR = "Falta o separador entre o código e o e-mail: escreva codigo;email."


@dataclass(frozen=True, slots=True)
class Entry:
    """What one line says: addresses, as they were typed, for the client of that code."""

    line: int
    code: str
    emails: str


@dataclass(frozen=True, slots=True)
class Line:
    """One client that would change, from what to what, and the version that was looked at."""

    code: str
    version: int
    name: str
    before: str
    after: str


@dataclass(slots=True)
class Preview:
    """What the lines would do: clients that change, clients that are so already, bad lines."""

    lines: list[Line] = field(default_factory=list)
    same: int = 0
    problems: list[Problem] = field(default_factory=list)


def parse_lines(text: str, limits: Limits) -> tuple[list[Entry], list[Problem]]:
    """The entries of pasted lines `codigo;email`; the separator may be a tab or a comma, too.

    Everything after the first separator is addresses. Blank lines and a header are passed over.
    Raises FileRefused when there are too many lines.
    """
    entries: list[Entry] = []
    problems: list[Problem] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        code, separator, emails = _split(raw.strip("\ufeff \u00a0\r"))
        if not (code or separator) or (not entries and _is_header(code, emails)):
            continue
        if len(entries) + len(problems) >= limits.rows:
            raise FileRefused(
                "too_many_rows", f"São mais de {limits.rows} linhas: cole em partes.", line=number
            )
        if separator:
            entries.append(Entry(number, code, emails))
        else:
            problems.append(Problem(number, "email", "separator", _NO_SEPARATOR))
    return entries, problems


def parse_file(path: Path, limits: Limits) -> tuple[list[Entry], list[Problem]]:
    """The entries of a CSV with the columns `codigo` and `email`; others are ignored.

    Raises FileRefused when the file cannot be read as a whole.
    """
    table = read(path, COLUMNS, limits)
    entries = [
        Entry(row.line, one_line(row.cells["codigo"]), row.cells["email"]) for row in table.rows
    ]
    return entries, list(table.problems)


def preview(entries: Sequence[Entry], problems: Sequence[Problem]) -> Preview:
    """What the entries would do; several lines of one client add up. Reads only.

    Addresses take the place of those that the client has. A bad line is left out, not its client.
    """
    found = Preview(problems=list(problems))
    clients = _clients({entry.code for entry in entries})
    wanted: dict[str, list[Entry]] = {}
    for entry in entries:
        problem = _problem(entry, clients)
        if problem:
            found.problems.append(problem)
        else:
            wanted.setdefault(entry.code, []).append(entry)
    for code, parts in wanted.items():
        _add(found, clients[code], parts)
    found.problems.sort(key=lambda problem: problem.line)
    return found


def columns_of(emails: Mapping[str, str]) -> dict[str, EmailColumns]:
    """The columns to store for each code."""
    return {code: email_columns(text) for code, text in emails.items()}


def names_of(client_ids: Iterable[int]) -> dict[int, str]:
    """The clients' names by id."""
    names: dict[int, str] = {}
    for some in batches(client_ids):
        query = select(Client.id, Client.name).where(Client.id.in_(some))
        names.update(db.session.execute(query).all())
    return names


def _split(raw: str) -> tuple[str, str, str]:
    found = _SEPARATOR.search(raw)
    if found is None:
        return one_line(raw), "", ""
    return one_line(raw[: found.start()]).strip('"'), found.group(), raw[found.end() :].strip(' "')


def _is_header(code: str, emails: str) -> bool:
    return fold(code) == "codigo" and "@" not in emails


def _clients(codes: set[str]) -> dict[str, Client]:
    found: dict[str, Client] = {}
    for some in batches(sorted(codes)):
        rows = db.session.scalars(select(Client).where(Client.code.in_(some)))
        found.update((client.code, client) for client in rows)
    return found


def _problem(entry: Entry, clients: Mapping[str, Client]) -> Problem | None:
    """Why the line is left out: cause and cure."""
    return next(_faults(entry, clients.get(entry.code)), None)


def _faults(entry: Entry, client: Client | None) -> Iterator[Problem]:
    if not entry.code:
        yield Problem(entry.line, "codigo", "required", "Falta o código do cliente.")
    elif client is None:
        message = (
            f"Não há cliente com o código “{entry.code[:SHOWN]}”: confira o código, ou cadastre o "
            "cliente antes."
        )
        yield Problem(entry.line, "codigo", "unknown_client", message)
    elif client.anonymised_at is not None:
        message = "Este cliente foi anonimizado a pedido do titular: não recebe e-mail novo."
        yield Problem(entry.line, "codigo", "anonymised", message)
    if not entry.emails.strip():
        yield Problem(entry.line, "email", "required", "Falta o e-mail depois do código.")
    elif len(entry.emails) > EMAIL_SIZE:
        yield _too_long(entry.line, entry.emails)
    elif invalid := email_columns(entry.emails)["invalid_emails"]:
        message = f"“{invalid[:SHOWN]}” não é um e-mail válido: corrija ou apague."
        yield Problem(entry.line, "email", "invalid_email", message)


def _add(found: Preview, client: Client, entries: Sequence[Entry]) -> None:
    emails = email_columns("\n".join(entry.emails for entry in entries))["emails"]
    if len(emails) > EMAIL_SIZE:
        found.problems.append(_too_long(entries[-1].line, emails))
    elif (client.emails, client.invalid_emails) == (emails, ""):
        found.same += 1
    else:
        before = ", ".join(filter(None, (client.emails, client.invalid_emails)))
        found.lines.append(Line(client.code, client.version, client.name, before, emails))


def _too_long(line: int, emails: str) -> Problem:
    message = f"Tem {len(emails)} caracteres; cabem {EMAIL_SIZE}."
    return Problem(line, "email", "too_long", message)
