"""CSV files as people export them: any usual encoding and separator, and clear refusals."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from portal.core.csv_encoding import FileRefused, detect
from portal.core.text import fold, one_line

SEPARATORS = (";", ",", "\t")
MAX_LINE = 64_000  # characters
MAX_COLUMNS = 200
MAX_LINES_OF_A_ROW = 20  # a quoted cell may hold line breaks; more means a forgotten quote


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may hold."""

    size: int  # bytes
    rows: int


ON_SCREEN = Limits(20 << 20, 60_000)
COMMAND_LINE = Limits(200 << 20, 300_000)  # some 3 KB of memory a row


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a file must have, and those that it may have; others are ignored."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return self.required + self.optional


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one cell: the file's line (header = 1), the header's name, a code."""

    line: int
    column: str
    code: str
    message: str

    def to_dict(self) -> dict[str, str | int]:
        """As the command line and the stored reports print it."""
        return {
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells, as they are in the file, by column."""

    line: int
    cells: dict[str, str]


@dataclass(slots=True)
class Table:
    """A file that could be read; `problems` are its rows that could not."""

    columns: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(path: Path, columns: Columns, limits: Limits) -> Table:
    """The known columns of the file. Raises FileRefused when it cannot be read as a whole."""
    encoding = detect(path, limits.size)
    with path.open(encoding=encoding) as file:  # universal newlines: CRLF, LF and CR
        lines = _Lines(file)
        separator = _separator(lines, columns)
        header = _header(lines.header, separator, columns)
        table = Table(tuple(name for name in header if name))
        for line, cells in _records(lines, separator, header):
            if len(table.rows) + len(table.problems) >= limits.rows:
                raise _too_many(limits.rows, line)
            _add(table, header, line, cells)
    return table


class _Lines:
    """The file's lines, none too long; remembers those of the row that is being read."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.number = 0
        self.row: list[str] = []
        self.header = ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        text = self._file.readline(MAX_LINE + 1)
        if not text:
            raise StopIteration
        self.number += 1
        if len(text) > MAX_LINE:
            raise FileRefused(
                "line_too_long",
                f"A linha {self.number} passa de {MAX_LINE} caracteres: o arquivo não parece "
                "ser uma lista em CSV.",
                line=self.number,
            )
        if len(self.row) >= MAX_LINES_OF_A_ROW:
            raise FileRefused("quotes", "")  # named by _records, which knows the column
        self.row.append(text)
        return text


def _separator(lines: _Lines, columns: Columns) -> str:
    """The separator that makes the first line name the most known columns."""
    lines.header = next((text for text in lines if text.strip()), "")
    lines.row = []
    scores = {
        separator: len(set(columns.all) & set(_names(lines.header, separator)))
        for separator in SEPARATORS
    }
    best = max(SEPARATORS, key=lambda separator: scores[separator])
    if not scores[best]:
        raise FileRefused(
            "header",
            f"A primeira linha deve ter os nomes das colunas: {'; '.join(columns.all)}.",
            line=max(lines.number, 1),
        )
    return best


def _names(line: str, separator: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return []
    return [fold(one_line(cell)).replace(" ", "_") for cell in cells]


def _header(line: str, separator: str, columns: Columns) -> list[str]:
    """The known name of each column, "" for those to ignore."""
    names = _names(line, separator)
    if len(names) > MAX_COLUMNS:
        raise FileRefused(
            "too_many_columns",
            f"O arquivo tem {len(names)} colunas; o máximo é {MAX_COLUMNS}.",
            line=1,
        )
    header = [name if name in columns.all else "" for name in names]
    for name in columns.all:
        if header.count(name) > 1:
            raise FileRefused(
                "repeated_column", f"A coluna “{name}” aparece duas vezes.", line=1, column=name
            )
    missing = [name for name in columns.required if name not in header]
    if missing:
        plural = len(missing) > 1
        raise FileRefused(
            "missing_column",
            f"{'Faltam as colunas' if plural else 'Falta a coluna'} {_listed(missing)}.",
            line=1,
            column=missing[0],
        )
    return header


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def _records(
    lines: _Lines, separator: str, header: Sequence[str]
) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of its first line; blank rows are passed over."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        first, lines.row = lines.number + 1, []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _bad_quotes(lines.row[0], first, separator, header) from error
        except FileRefused as error:
            if error.code == "quotes":
                raise _bad_quotes(lines.row[0], first, separator, header) from error
            raise
        if any(cell and not cell.isspace() for cell in cells):
            yield first, cells


def _bad_quotes(text: str, line: int, separator: str, header: Sequence[str]) -> FileRefused:
    index = _quoted_wrongly(text, separator)
    column = header[index] if index < len(header) else ""
    where = f"coluna “{column}”" if column else f"coluna {index + 1}"
    return FileRefused(
        "quotes",
        f"Linha {line}, {where}: aspas abertas sem fechar, ou texto depois das aspas. "
        'Dentro de um campo entre aspas, escreva cada aspa duas vezes ("").',
        line=line,
        column=column,
    )


def _quoted_wrongly(text: str, separator: str) -> int:
    """Index of the first cell of a line whose quotes do not close right before a separator."""
    index, place, text = 0, 0, text.rstrip("\n")
    while place < len(text):
        if text[place] == '"':
            place += 1
            while (end := text.find('"', place)) >= 0 and text[end + 1 : end + 2] == '"':
                place = end + 2
            if end < 0 or text[end + 1 : end + 2] not in ("", separator):
                return index
            place = end + 1
        following = text.find(separator, place)
        if following < 0:
            return index
        index, place = index + 1, following + 1
    return index


def _add(table: Table, header: Sequence[str], line: int, cells: list[str]) -> None:
    wanted = len(header)
    if len(cells) > wanted and not any(cell.strip() for cell in cells[wanted:]):
        del cells[wanted:]  # separators at the end of the line, as spreadsheets leave them
    if len(cells) == wanted:
        table.rows.append(
            Row(line, {name: cell for name, cell in zip(header, cells, strict=True) if name})
        )
        return
    column = header[min(len(cells), wanted - 1)]
    message = (
        f"A linha tem {len(cells)} colunas e o cabeçalho tem {wanted}. "
        "Um campo que contém o separador deve vir entre aspas."
    )
    table.problems.append(Problem(line, column, "column_count", message))


def _too_many(rows: int, line: int) -> FileRefused:
    return FileRefused(
        "too_many_rows",
        f"O arquivo passa de {rows} linhas: divida-o, ou importe pela linha de comando.",
        line=line,
    )
