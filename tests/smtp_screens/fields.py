"""What a browser would post, each field changeable."""

from typing import Any

PASSWORD = "s3gredo-que-nunca-aparece"


def account_fields(**changes: Any) -> dict[str, Any]:
    """The form of aba Conta, filled as the manual says."""
    return {
        "name": "Financeiro",
        "host": "smtp.example.com",
        "port": "587",
        "security": "starttls",
        "requires_auth": "1",
        "username": "financeiro@example.com",
        "password": PASSWORD,
        "utf8": "1",
        "force_charset": "1",
        "test_recipient": "teste@example.com",
        "hourly_limit": "200",
        "daily_limit": "2000",
        "sender_address": "",
        "sender_name": "Rede Exemplo",
        "reply_to": "",
    } | changes
