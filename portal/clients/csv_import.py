"""A row of the clients' CSV: which columns, what is refused, what is only worth a warning."""

import re
from pathlib import Path
from typing import Any

from portal.clients.contact import email_columns
from portal.clients.models import EmailStatus
from portal.core.csv_reader import Columns, Limits, Row, read
from portal.core.csv_rows import SHOWN, Batch, RowCheck
from portal.core.documents import parse_cpf_cnpj
from portal.core.text import one_line

COLUMNS = Columns(
    required=("codigo", "razao_social", "cpf_cnpj", "email", "ativo"),
    optional=(
        "telefone", "endereco", "numero", "complemento", "bairro", "cidade", "uf", "cep",
    ),
)  # fmt: skip
# Plain text columns: the attribute of the client and its size.
TEXTS = {
    "telefone": ("phone", 40),
    "endereco": ("address", 200),
    "numero": ("number", 20),
    "complemento": ("complement", 80),
    "bairro": ("district", 80),
    "cidade": ("city", 80),
}
STATES = (
    "AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA",
    "PB", "PE", "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO",
)  # fmt: skip
EMAIL_SIZE = 1000
_YES_NO = {"S": True, "N": False}
_POSTAL_CODE = re.compile(r"([0-9]{5})[-. ]?([0-9]{3})|([0-9]{2})\.([0-9]{3})-([0-9]{3})")


def is_postal_code(text: str) -> bool:
    """Whether `text` is a CEP: 8 digits, with the usual punctuation or without."""
    return bool(_POSTAL_CODE.fullmatch(text))


def read_clients(path: Path, limits: Limits) -> Batch:
    """The clients of a file, checked as far as the file alone allows. Raises FileRefused."""
    table = read(path, COLUMNS, limits)
    batch = Batch(errors=list(table.problems))
    seen: dict[str, int] = {}
    for row in table.rows:
        check = RowCheck(row)
        code = check.text("codigo", 30, required=True)
        if code and seen.setdefault(code, row.line) != row.line:
            check.error(
                "codigo", "duplicate_code", f"O código {code} já está na linha {seen[code]}."
            )
        batch.add(code, _client(row, check, code), check)
    return batch


def _client(row: Row, check: RowCheck, code: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "code": code,
        "name": check.text("razao_social", 160, required=True),
        "cpf_cnpj": check.parsed("cpf_cnpj", "invalid_document", parse_cpf_cnpj),
        **_emails(check),
        "active": check.letter("ativo", _YES_NO),
    }
    for column, (name, size) in TEXTS.items():
        if column in row.cells:
            values[name] = check.text(column, size)
    if "uf" in row.cells:
        values["state"] = _state(check)
    if "cep" in row.cells:
        values["postal_code"] = _postal_code(check)
    return values


def _emails(check: RowCheck) -> dict[str, Any]:
    raw = check.raw("email")
    if len(raw) > EMAIL_SIZE:
        check.error("email", "too_long", f"Tem {len(raw)} caracteres; cabem {EMAIL_SIZE}.")
        return {}
    columns = email_columns(raw)
    if columns["email_status"] == EmailStatus.MISSING:
        check.warn("email", "missing_email", "Cliente sem e-mail: não receberá boletos.")
    elif columns["invalid_emails"]:
        shown = one_line(columns["invalid_emails"])[:SHOWN]
        check.warn("email", "invalid_email", f"“{shown}” não é um e-mail válido.")
    return {**columns}


def _state(check: RowCheck) -> str:
    value = one_line(check.raw("uf")).upper()
    if value in STATES or not value:
        return value
    check.warn("uf", "invalid_state", f"UF “{value[:SHOWN]}” não existe: ficou em branco.")
    return ""


def _postal_code(check: RowCheck) -> str:
    value = one_line(check.raw("cep"))
    if not value or is_postal_code(value):
        return "".join(char for char in value if char.isdigit())
    check.warn(
        "cep", "invalid_postal_code", f"CEP “{value[:SHOWN]}” não tem 8 dígitos: ficou em branco."
    )
    return ""
