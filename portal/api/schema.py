"""What the API takes and gives, declared once: the checks and the OpenAPI document are both made
from these declarations, so that they cannot disagree.

`read` turns JSON into a typed value or adds problems; `openapi` is the same rule as JSON Schema.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from portal.core.errors import InvalidValue
from portal.core.money import parse_amount

MAX_ID = 2**31 - 1  # what the integer of an id column holds
_MONEY = r"^[0-9]{1,8}\.[0-9]{2}$"
_MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
# NUL, other controls and lone surrogates: no column and no document of ours holds them.
_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where: `emails[1]`, `amount`, or "" for the whole body."""

    field: str
    message: str


class Bad(Exception):
    """A value is refused; `problems` says everything that is wrong with it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class Type(Protocol):
    """A rule for one value."""

    def read(self, value: Any, where: str) -> Any:
        """The typed value. Raises Bad."""

    def openapi(self) -> dict[str, Any]:
        """The rule as JSON Schema (draft 2020-12, which OpenAPI 3.1 uses)."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text; line breaks are for the service to judge. With `parse`, what that makes of it."""

    most: int
    least: int = 0
    pattern: str = ""
    parse: Callable[[str], Any] | None = None
    format: str = ""
    hint: str = "Este texto não serve."

    def read(self, value: Any, where: str) -> Any:
        if not isinstance(value, str):
            raise _bad(where, "Informe um texto.")
        if _UNSAFE.search(value):
            raise _bad(where, "O texto tem caracteres de controle. Tire-os.")
        if len(value) > self.most:
            raise _bad(where, f"No máximo {self.most} caracteres.")
        if len(value.strip()) < self.least:
            raise _bad(where, "Preencha este campo.")
        if self.pattern and not re.search(self.pattern, value, re.ASCII):
            raise _bad(where, self.hint)
        try:
            return self.parse(value) if self.parse else value
        except InvalidValue as error:
            raise _bad(where, str(error)) from None
        except ValueError:
            raise _bad(where, self.hint) from None

    def openapi(self) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "string", "maxLength": self.most}
        for name, rule in (
            ("minLength", self.least),
            ("pattern", self.pattern),
            ("format", self.format),
        ):
            if rule:
                found[name] = rule
        return found


@dataclass(frozen=True, slots=True)
class Choice:
    """One word of a closed list."""

    words: tuple[str, ...]
    parse: Callable[[str], Any] = str

    def read(self, value: Any, where: str) -> Any:
        if not isinstance(value, str) or value not in self.words:
            raise _bad(where, f"Use um destes: {', '.join(self.words)}.")
        return self.parse(value)

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number; JSON's `true` and `1.0` are not."""

    least: int
    most: int

    def read(self, value: Any, where: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _bad(where, "Informe um número inteiro.")
        if not self.least <= value <= self.most:
            raise _bad(where, f"Informe um número de {self.least} a {self.most}.")
        return value

    def openapi(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    def read(self, value: Any, where: str) -> bool:
        if not isinstance(value, bool):
            raise _bad(where, "Informe true ou false.")
        return value

    def openapi(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Maybe:
    """What `inner` takes, or `null`."""

    inner: Type

    def read(self, value: Any, where: str) -> Any:
        return None if value is None else self.inner.read(value, where)

    def openapi(self) -> dict[str, Any]:
        inner = self.inner.openapi()
        if "$ref" in inner or "enum" in inner:
            return {"anyOf": [inner, {"type": "null"}]}
        return inner | {"type": [inner["type"], "null"]}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of what `inner` takes; `most` None is for answers only."""

    inner: Type
    most: int | None = None

    def read(self, value: Any, where: str) -> list[Any]:
        if not isinstance(value, list):
            raise _bad(where, "Informe uma lista.")
        if self.most is not None and len(value) > self.most:
            raise _bad(where, f"No máximo {self.most} itens.")
        found: list[Any] = []
        problems: list[Problem] = []
        for place, item in enumerate(value):
            try:
                found.append(self.inner.read(item, f"{where}[{place}]"))
            except Bad as bad:
                problems += bad.problems
        if problems:
            raise Bad(*problems)
        return found

    def openapi(self) -> dict[str, Any]:
        limit = {} if self.most is None else {"maxItems": self.most}
        return {"type": "array", "items": self.inner.openapi()} | limit


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers by a code; in answers only."""

    def read(self, value: Any, where: str) -> Any:
        raise NotImplementedError

    def openapi(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": {"type": "integer"}}


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a record, and what it means in one line of pt-BR."""

    type: Type
    help: str = ""
    required: bool = False

    def openapi(self) -> dict[str, Any]:
        """The type's rule with the meaning."""
        return self.type.openapi() | ({"description": self.help} if self.help else {})


@dataclass(frozen=True, slots=True)
class Record:
    """An object with these members and no others. `name` is its name in the document."""

    name: str
    fields: Mapping[str, Field] = field(default_factory=dict)

    def read(self, value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _bad(where, "Informe um objeto JSON.")
        found: dict[str, Any] = {}
        problems = [
            Problem(_inside(where, str(name)[:60]), "Este campo não existe aqui.")
            for name in value
            if name not in self.fields
        ]
        for name, rule in self.fields.items():
            if name not in value:
                if rule.required:
                    problems.append(Problem(_inside(where, name), "Preencha este campo."))
                continue
            try:
                found[name] = rule.type.read(value[name], _inside(where, name))
            except Bad as bad:
                problems += bad.problems
        if problems:
            raise Bad(*problems)
        return found

    def openapi(self) -> dict[str, Any]:
        return {"$ref": f"#/components/schemas/{self.name}"}

    def definition(self) -> dict[str, Any]:
        """The object itself, for the document's components."""
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [name for name, rule in self.fields.items() if rule.required],
            "properties": {name: rule.openapi() for name, rule in self.fields.items()},
        }

    def inner(self) -> Sequence["Record"]:
        """Records that occur in this one, however deep, and itself."""
        found = [self]
        for rule in self.fields.values():
            kind = rule.type
            while isinstance(kind, Maybe | ListOf):
                kind = kind.inner
            if isinstance(kind, Record):
                found += kind.inner()
        return found


def answer(name: str, /, **types: Type) -> Record:
    """A record of an answer: every member is always there."""
    return Record(name, {key: Field(kind, required=True) for key, kind in types.items()})


def _bad(where: str, message: str) -> Bad:
    return Bad(Problem(where, message))


def _inside(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if not 2000 <= day.year <= 2100:
        raise ValueError(text)
    return day


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def _amount(text: str) -> Decimal:
    return parse_amount(text)


MONEY = Text(
    11, pattern=_MONEY, parse=_amount, hint="Informe um valor em reais como texto, como “119.90”."
)
DAY = Text(10, pattern=_DAY, parse=_day, format="date", hint="Informe um dia como “2026-12-10”.")
MONTH = Text(7, pattern=_MONTH, parse=_month, hint="Informe um mês como “2026-12”.")
ID = Integer(1, MAX_ID)
# Of answers only.
TOTAL = Text(20, pattern=r"^[0-9]+\.[0-9]{2}$")
MOMENT = Text(40, format="date-time")
LONG = Text(100_000)
COUNT = Integer(0, 2**53)
