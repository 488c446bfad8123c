"""Writing TOML that `portal config apply` reads back: tables of texts, numbers, flags and lists."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

SET = "_set"  # `password_set`: whether a secret is stored, told as a comment


def to_toml(data: Mapping[str, Any]) -> Iterator[str]:
    """The lines of `data`: a mapping is a table, a list of mappings a list of tables."""
    first = True
    for name, content in data.items():
        for table in content if isinstance(content, list) else [content]:
            if not first:
                yield ""
            first = False
            yield f"[[{name}]]" if isinstance(content, list) else f"[{name}]"
            for key, value in table.items():
                yield _note(key, value) if key.endswith(SET) else f"{key} = {_value(value)}"


def _note(key: str, stored: bool) -> str:
    name = key.removesuffix(SET)
    one, none = (
        ("uma guardada", "nenhuma") if name.endswith("password") else ("um guardado", "nenhum")
    )
    if stored:
        return f'# {name}: há {one}, que não é mostrado aqui; para trocar, {name}_env = "…"'
    return f'# {name}: {none}; para definir, {name}_env = "…"'


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    text = str(value)
    return _many_lines(text) if "\n" in text else _basic(text)


def _basic(text: str) -> str:
    # JSON's escapes are TOML's too; only DEL, which JSON leaves bare, must be escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _many_lines(text: str) -> str:
    lines = (_basic(line)[1:-1] for line in text.split("\n"))
    # A line end right after the opening quotes is not part of the text.
    return '"""\n{}"""'.format("\n".join(lines))
