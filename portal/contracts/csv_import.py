"""A row of the contracts' CSV: which columns, what is refused."""

from pathlib import Path
from typing import Any

from portal.contracts.models import ContractStatus
from portal.contracts.values import parse_date, parse_due_day
from portal.core.csv_reader import Columns, Limits, Row, read
from portal.core.csv_rows import Batch, RowCheck
from portal.core.money import parse_amount
from portal.settings.models import DeliveryType

COLUMNS = Columns(
    required=(
        "codigo", "cliente", "valor", "dia_vencimento", "carteira", "status", "data_ativacao",
    ),
    optional=("plano", "tipo_envio"),
)  # fmt: skip
# None would read as "no such letter": padrão is "" until the row is whole.
DELIVERY_LETTERS = {"P": "", "E": DeliveryType.EMAIL, "I": DeliveryType.PRINTED}
STATUS_LETTERS = {
    "A": ContractStatus.ACTIVE,
    "S": ContractStatus.SUSPENDED,
    "C": ContractStatus.CANCELLED,
}


def read_contracts(path: Path, limits: Limits) -> Batch:
    """The contracts of a file, checked as far as the file alone allows. Raises FileRefused.

    `client_id` and `wallet_id` still hold the client's code and the wallet's name.
    """
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
        batch.add(code, _contract(row, check, code), check)
    return batch


def _contract(row: Row, check: RowCheck, code: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "code": code,
        "client_id": check.text("cliente", 30, required=True),
        "amount": check.parsed("valor", "invalid_amount", parse_amount),
        "due_day": check.parsed("dia_vencimento", "invalid_due_day", parse_due_day),
        "wallet_id": check.text("carteira", 80, required=True),
        "status": check.letter("status", STATUS_LETTERS),
        "activated_on": check.parsed("data_ativacao", "invalid_date", parse_date),
    }
    if "plano" in row.cells:
        values["plan"] = check.text("plano", 120)
    if "tipo_envio" in row.cells:
        values["delivery_type"] = check.letter("tipo_envio", DELIVERY_LETTERS) or None
    return values
