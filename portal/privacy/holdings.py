"""Everything that the portal holds about one client, as the client may ask for it.

LGPD, art. 18, II and V: access, and portability in a form that machines read too. Names are in
Portuguese, times are ISO 8601 in UTC, amounts are text in reais.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from portal.clients.models import Client, DataAccess
from portal.contracts.models import Contract
from portal.core.audit import AuditEvent, plain
from portal.core.db import db
from portal.deliveries.models import Bounce, EmailMessage
from portal.receivables.models import Receivable

CLIENT = {
    "codigo": "code", "nome": "name", "cpf_cnpj": "cpf_cnpj", "emails": "emails",
    "emails_invalidos": "invalid_emails", "telefone": "phone", "endereco": "address",
    "numero": "number", "complemento": "complement", "bairro": "district", "cidade": "city",
    "uf": "state", "cep": "postal_code", "ativo": "active", "cadastrado_em": "created_at",
    "email_devolvido_em": "bounced_at", "motivo_da_devolucao": "bounce_reason",
    "anonimizado_em": "anonymised_at",
}  # fmt: skip
CONTRACT = {
    "codigo": "code", "plano": "plan", "valor_mensal": "amount", "dia_de_vencimento": "due_day",
    "tipo_de_envio": "delivery_type", "situacao": "status", "ativado_em": "activated_on",
    "cadastrado_em": "created_at",
}  # fmt: skip
TITLE = {
    "documento": "document_number", "competencia": "competence", "valor": "amount",
    "vencimento": "due_date", "situacao": "status", "nosso_numero": "nosso_numero",
    "linha_digitavel": "linha_digitavel", "tipo_de_envio": "delivery_type",
    "gerado_em": "created_at", "baixado_em": "settled_at", "cancelado_em": "cancelled_at",
    "impresso_em": "printed_at",
}  # fmt: skip
MESSAGE = {
    "destinatario": "recipient", "assunto": "subject", "situacao": "state", "motivo": "reason",
    "pedido_por": "requested_by", "criado_em": "created_at", "aceito_em": "accepted_at",
    "resposta_do_servidor": "reply", "message_id": "message_id", "texto": "text", "html": "html",
    "sha256_dos_anexos": "pdf_sha256",
}  # fmt: skip
ATTEMPT = {
    "quando": "started_at", "etapa": "stage", "resultado": "outcome", "codigo": "code",
    "resposta": "reply",
}  # fmt: skip
BOUNCE = {
    "quando": "received_at", "destinatario": "recipient", "acao": "action", "codigo": "status",
    "diagnostico": "diagnostic",
}  # fmt: skip
ACCESS = {"quando": "at", "quem": "user_name", "o_que": "what"}
EVENT = {"quando": "at", "quem": "actor_name", "acao": "action", "mudancas": "changes"}


def everything(client: Client, now: datetime) -> dict[str, Any]:
    """All of it, as plain values."""
    return {
        "gerado_em": now.isoformat(),
        "cliente": _plain(client, CLIENT),
        "contratos": [_plain(row, CONTRACT) for row in _rows(Contract, client)],
        "titulos": [
            _plain(row, TITLE) | {"pagador": row.printed.get("pagador")}
            for row in _rows(Receivable, client)
        ],
        "emails": _messages(client),
        "acessos_aos_dados": [_plain(row, ACCESS) for row in _rows(DataAccess, client)],
        "mudancas_no_cadastro": [
            _plain(row, EVENT) | {"mudancas": row.changes} for row in _events(client)
        ],
    }


def as_json(client: Client, now: datetime) -> bytes:
    """All of it, as a file."""
    return json.dumps(everything(client, now), ensure_ascii=False, indent=2).encode()


def _messages(client: Client) -> list[dict[str, Any]]:
    messages = db.session.scalars(
        select(EmailMessage)
        .where(EmailMessage.client_id == client.id)
        .options(selectinload(EmailMessage.tries))
        .order_by(EmailMessage.id)
    ).all()
    bounces: dict[int | None, list[dict[str, Any]]] = {}
    query = select(Bounce).join(EmailMessage, EmailMessage.id == Bounce.message_id)
    for bounce in db.session.scalars(query.where(EmailMessage.client_id == client.id)):
        bounces.setdefault(bounce.message_id, []).append(_plain(bounce, BOUNCE))
    return [
        _plain(message, MESSAGE)
        | {
            "tentativas": [_plain(item, ATTEMPT) for item in message.tries],
            "devolucoes": bounces.get(message.id, []),
        }
        for message in messages
    ]


def _rows(model: Any, client: Client) -> Sequence[Any]:
    query = select(model).where(model.client_id == client.id)
    return db.session.scalars(query.order_by(model.id)).all()


def _events(client: Client) -> Iterable[AuditEvent]:
    query = select(AuditEvent).where(
        AuditEvent.entity == "client", AuditEvent.entity_id == client.id
    )
    return db.session.scalars(query.order_by(AuditEvent.id))


def _plain(row: Any, names: dict[str, str]) -> dict[str, Any]:
    return {shown: _value(getattr(row, name)) for shown, name in names.items()}


def _value(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else plain(value)
