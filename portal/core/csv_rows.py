"""Checking one row of an import cell by cell, and the report of the whole file."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from portal.core.csv_reader import Problem, Row
from portal.core.errors import InvalidValue
from portal.core.text import one_line

T = TypeVar("T")
SHOWN = 40  # characters of a bad value that a message repeats


class RowCheck:
    """Reads a row's cells; what is wrong gathers in `errors` (row refused) and `warnings`."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self.line = row.line
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []

    def error(self, column: str, code: str, message: str) -> None:
        """The row cannot go in because of this column."""
        self.errors.append(Problem(self.line, column, code, message))

    def warn(self, column: str, code: str, message: str) -> None:
        """The row goes in; the person should know this."""
        self.warnings.append(Problem(self.line, column, code, message))

    def raw(self, column: str) -> str:
        """The cell as it is in the file; "" when the file lacks the column."""
        return self._row.cells.get(column, "")

    def text(self, column: str, size: int, *, required: bool = False) -> str:
        """The cell on one line, trimmed; an error when longer than `size` or wrongly empty."""
        value = one_line(self.raw(column))
        if required and not value:
            self.error(column, "required", "Preencha este campo.")
        elif len(value) > size:
            self.error(column, "too_long", f"Tem {len(value)} caracteres; cabem {size}.")
        return value

    def parsed(self, column: str, code: str, parse: Callable[[str], T]) -> T | None:
        """What `parse` makes of a cell that must not be empty; None after an error."""
        value = one_line(self.raw(column))
        if not value:
            self.error(column, "required", "Preencha este campo.")
            return None
        try:
            return parse(value)
        except InvalidValue as error:
            self.error(column, code, str(error))
            return None

    def letter(self, column: str, choices: Mapping[str, T]) -> T | None:
        """The meaning of a letter, in either case; an error names the letters allowed."""

        def chosen(value: str) -> T:
            if value.upper() not in choices:
                *others, last = choices
                allowed = f"{', '.join(others)} ou {last}"
                raise InvalidValue(column, f"“{value[:SHOWN]}” não serve: use {allowed}.")
            return choices[value.upper()]

        return self.parsed(column, "invalid_letter", chosen)


@dataclass(slots=True)
class Batch:
    """The rows of a file that may go in, each under its `code`, and what is wrong elsewhere."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    checks: dict[str, RowCheck] = field(default_factory=dict)
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def add(self, code: str, values: dict[str, Any], check: RowCheck) -> None:
        """Take the row, or its errors."""
        if check.errors:
            self.errors += check.errors
            return
        self.rows[code] = values
        self.checks[code] = check

    def settle(self) -> "Report":
        """Move rows that were found wrong afterwards to the errors; count everything."""
        for code, check in self.checks.items():
            if check.errors:
                self.errors += check.errors
                del self.rows[code]
            else:
                self.warnings += check.warnings
        refused = {problem.line for problem in self.errors}
        return Report(len(self.rows), len(refused), _sorted(self.errors), _sorted(self.warnings))


@dataclass(slots=True)
class Report:
    """What came, or would come, of a file. Rows: accepted = created + updated + unchanged."""

    accepted: int
    rejected: int
    errors: list[Problem]
    warnings: list[Problem]
    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __str__(self) -> str:
        """In words, for the audit trail."""
        return (
            f"criados: {self.created}, alterados: {self.updated}, sem mudança: {self.unchanged}, "
            f"linhas recusadas: {self.rejected}"
        )

    def to_dict(self) -> dict[str, Any]:
        """As the command line prints it: `errors` and `warning_details` name every cell."""
        return {
            "accepted": self.accepted,
            "rejected": self.rejected,
            "warnings": len(self.warnings),
            "errors": [problem.to_dict() for problem in self.errors],
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "warning_details": [problem.to_dict() for problem in self.warnings],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Report":
        """The report that `to_dict` wrote."""
        return cls(
            accepted=data["accepted"],
            rejected=data["rejected"],
            errors=[Problem(**item) for item in data["errors"]],
            warnings=[Problem(**item) for item in data["warning_details"]],
            created=data["created"],
            updated=data["updated"],
            unchanged=data["unchanged"],
        )


def _sorted(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.line)
