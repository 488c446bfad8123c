"""A company in the tables of the previous release (migration 0002), in plain rows.

Nothing here knows the models: they are those of today. What a row does not say is filled by the
type of its column.
"""

from base64 import b64decode
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, insert, select, text

PREVIOUS = "0002"
THEN = datetime(2026, 10, 20, 15, 0)  # noqa: DTZ001 - a bare row of SQLite or UTC in PostgreSQL

LOGO = b64decode(  # a PNG of one green dot
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGPgzvMHAAFQAMmqFjo2AAAAAElFTkSuQmCC"
)
# A boleto as that release froze it with its title.
PRINTED: dict[str, Any] = {
    "account": {"bank_code": "341", "agencia": "1234", "conta": "12345", "carteira": "109"},
    "numbers": {
        "nosso_numero": "109/00000001-0",
        "campo_livre": "1090000000101234123451000",
        "codigo_barras": "34191165600000119901090000000101234123451000",
        "linha_digitavel": "34191.09008 00000.101238 41234.510000 1 16560000011990",
    },
    "beneficiario": {"name": "Rede Exemplo", "cpf_cnpj": "11222333000181", "state": "PR"},
    "pagador": {"name": "João da Conceição", "cpf_cnpj": "12345678909", "postal_code": "85850000"},
    "sacador": {},
    "numero_documento": "2026-000001",
    "data_documento": "2026-10-20",
    "data_processamento": "2026-10-20",
    "valor": "119.90",
    "vencimento": "2026-12-10",
    "especie": "DM",
    "aceite": "N",
    "instructions": ["Multa de 2,00% após o vencimento"],
    "demonstrativo": ["Plano Fibra 500 Mega"],
    "local_pagamento": "Pagável em qualquer banco",
    "pix_payload": "",
}

ROWS: dict[str, list[dict[str, Any]]] = {
    "users": [
        {"id": 1, "email": "ana@example.com", "name": "Ana Souza", "role": "admin"},
        {"id": 2, "email": "carla@example.com", "name": "Carla", "role": "consulta"},
    ],
    "ended_sessions": [{"id": "0123456789abcdef"}],
    "smtp_accounts": [
        {
            "id": 1,
            "name": "Conta",
            "host": "smtp.example.com",
            "port": 587,
            "sender_address": "financeiro@example.com",
            "auth_method": "password",
            "security": "starttls",
            "state": "active",
            "subject": "Seu boleto",
            "body": "#saudacao#",
            "imap_port": 993,
            "imap_security": "ssl",
            "imap_uid_validity": 2**40,
            "imap_error": "",
        }
    ],
    "general_settings": [
        {
            "id": 1,
            "company_name": "Rede Exemplo",
            "company_cpf_cnpj": "11222333000181",
            "default_delivery_type": "email",
            "business_day_rule": "next",
            "logo_png": LOGO,
        }
    ],
    "financial_settings": [
        {"id": 1, "smtp_account_id": 1, "max_open_receivables": 3, "pilot_client_ids": [1]}
    ],
    "holidays": [{"id": 1, "day": date(2026, 12, 8), "name": "Padroeira"}],
    "wallets": [
        {
            "id": 1,
            "name": "Sicredi",
            "kind": "bank",
            "bank_code": "748",
            "agencia": "0100",
            "conta": "12345",
            "carteira": "1",
            "posto": "02",
            "byte": "2",
            "next_nosso_numero": 26200004,
            "instructions": ["Não receber após 30 dias"],
        }
    ],
    "clients": [
        {
            "id": number,
            "code": str(number),
            "name": f"João “D'Ávila” {number}",
            "cpf_cnpj": "52998224725",
            "emails": f"c{number}@example.com",
            "email_status": "ok",
            "state": "SP",
        }
        for number in (1, 2)
    ],
    "contracts": [
        {
            "id": 1,
            "code": "C1",
            "client_id": 1,
            "amount": Decimal("119.90"),
            "due_day": 31,
            "delivery_type": "printed",
            "status": "active",
        },
        {
            "id": 2,
            "code": "C2",
            "client_id": 2,
            "amount": Decimal("0.01"),
            "due_day": 1,
            "delivery_type": None,
            "status": "suspended",
        },
    ],
    "generations": [
        {"id": 1, "request_key": "a" * 32, "state": "done", "requested_by_id": 1},
        {"id": 2, "request_key": "b" * 32, "state": "undone", "not_sent": {"client_email": 1}},
    ],
    "receivables": [
        {
            "id": number,
            "contract_id": (number + 1) // 2,
            "client_id": (number + 1) // 2,
            "generation_id": 1,
            "competence": date(2026, 10 + number % 2, 1),
            "amount": Decimal("119.90"),
            "status": status,
            "delivery_type": "email",
            "document_number": f"T{number}",
            "sequence": 26200000 + number,
            **PRINTED["numbers"],
            "nosso_numero": f"109/0000000{number}-0",
            "printed": PRINTED,
            "reasons": [],
        }
        for number, status in enumerate(("open", "paid", "cancelled"), start=1)
    ],
    "email_messages": [
        {
            "id": number,
            "kind": kind,
            "client_id": 1,
            "contract_id": 1,
            "generation_id": 1 if kind == "automatic" else None,
            "scope": "client:1",
            "recipient": f"c{number}@example.com",
            "state": state,
            "message_id": f"<{number}@example.com>",
            "requested_by_id": 1,
            "text": "Olá\nJoão",
        }
        for number, (kind, state) in enumerate(
            (("automatic", "sent"), ("manual", "uncertain"), ("test", "queued")), start=1
        )
    ],
    "email_message_receivables": [
        {"message_id": 1, "receivable_id": 1, "automatic_recipient": "c1@example.com"},
        {"message_id": 2, "receivable_id": 2, "automatic_recipient": None},
    ],
    "delivery_attempts": [{"id": 1, "message_id": 1, "outcome": "accepted", "stage": "data"}],
    "bounces": [
        {"id": 1, "message_id": 1, "notification_id": "<b@example.com>", "action": "failed"}
    ],
    "quota_uses": [{"id": 1, "message_id": 1}],
    "smtp_tests": [{"id": 1, "state": "accepted", "steps": [{"stage": "quit"}]}],
    "audit_events": [{"id": 1, "action": "clients.create", "changes": {"name": [None, "João"]}}],
}


def fill(connection: Connection, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Insert `rows` into the tables as they stand, parents first."""
    metadata = MetaData()
    metadata.reflect(connection)
    for table in metadata.sorted_tables:
        for row in rows.get(table.name, ()):
            given = {column.name: _filler(column) for column in table.columns} | row
            connection.execute(insert(table).values(given))
            if connection.dialect.name == "postgresql" and isinstance(row.get("id"), int):
                name, last = f"{table.name}_id_seq", row["id"]
                connection.execute(
                    text("SELECT setval(:name, :last)"), {"name": name, "last": last}
                )


def contents(connection: Connection, tables: Iterable[Table]) -> dict[str, list[tuple[str, ...]]]:
    """Every row of `tables`, with the columns that these know, by table."""
    return {
        table.name: [
            tuple(map(str, row))
            for row in connection.execute(select(table).order_by(*table.primary_key.columns))
        ]
        for table in tables
    }


def _filler(column: Column[Any]) -> Any:
    """Something that the column takes; NULL where it may be, except for what may not repeat."""
    if column.nullable:
        return None
    if column.foreign_keys:
        return 1
    kind = column.type.python_type
    values = {
        str: column.name[: getattr(column.type, "length", None) or 40],
        int: 1,
        bool: True,
        Decimal: Decimal("1.00"),
        datetime: THEN,
        date: date(2026, 10, 20),
        object: {},  # JSON
    }
    return values[kind]
