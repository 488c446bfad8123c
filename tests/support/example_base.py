"""The configuration, clients and contracts of the installations that tests start."""

from datetime import date
from decimal import Decimal
from typing import Any

SETUP = """
[company]
name = "Rede Exemplo LTDA"
cpf_cnpj = "11.222.333/0001-81"
email = "financeiro@example.com"
address = "Rua das Fibras, 100"
city = "Campinas"
state = "SP"
postal_code = "13010-000"

[general]
default_delivery_type = "{delivery_type}"

[financial]
smtp_account = "Financeiro"
group_by_client = true

[[smtp_accounts]]
name = "Financeiro"
host = "127.0.0.1"
port = {port}
security = "none"
requires_auth = false
sender_address = "financeiro@example.com"
sender_name = "Rede Exemplo"
test_recipient = "teste@example.com"
hourly_limit = {hourly}
daily_limit = {daily}
max_connections = {connections}
subject = "Seu boleto vence em #boleto_vencimento#"
body = '''#saudacao#, #cliente_primeiro_nome#.

#boletos_tabela#

#empresa_nome#'''

[[wallets]]
name = "1"
bank_code = "341"
agencia = "1234"
conta = "12345"
conta_dv = "6"
carteira = "109"
fine_percent = "2.00"
interest_percent_month = "1.00"
email_on_generation = {email_on_generation}

[[wallets]]
name = "2"
bank_code = "001"
agencia = "1234"
conta = "12345"
convenio = "1234567"
carteira = "17"
email_on_generation = {email_on_generation}

[[wallets]]
name = "3"
bank_code = "748"
agencia = "0434"
conta = "36699"
convenio = "36699"
posto = "08"
byte = "2"
carteira = "1"
email_on_generation = {email_on_generation}
"""


def client_row(number: int) -> dict[str, Any]:
    """Columns of an active client with an address."""
    return {
        "code": str(number),
        "name": f"Cliente {number}",
        "cpf_cnpj": "52998224725",
        "emails": f"c{number}@example.com",
        "email_status": "ok",
        "address": "Rua A",
        "number": str(number),
        "district": "Centro",
        "city": "Campinas",
        "state": "SP",
        "postal_code": "13010000",
        "active": True,
    }


def contract_row(number: int) -> dict[str, Any]:
    """Columns of an active contract; its client and wallet are the caller's."""
    return {
        "code": str(number),
        "plan": "FIBRA 300M",
        "amount": Decimal("99.90"),
        "due_day": number % 28 + 1,
        "status": "active",
        "activated_on": date(2025, 2, 1),
    }
