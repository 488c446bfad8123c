"""The audit trail stores names of the code; people read these words instead."""

import re
from collections.abc import Mapping
from typing import Any

from portal.core.audit import AuditEvent
from portal.users.audit_fields import FIELDS, FIELDS_OF, LISTED, VALUES

DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
DECIMAL = re.compile(r"-?\d+\.\d{1,2}")

# First part of an action's name: the room where it happened.
AREAS: Mapping[str, str] = {
    "clients": "Clientes",
    "contracts": "Contratos",
    "generation": "Gerar financeiro",
    "issuance": "Emissão de boletos",
    "receivables": "Títulos",
    "wallets": "Carteiras de cobrança",
    "smtp": "E-mail SMTP",
    "settings": "Parâmetros",
    "deliveries": "Envios",
    "users": "Usuários",
    "privacy": "Privacidade",
    "api": "API",
    "backup": "Cópia de segurança",
    "operations": "Filas",
    "webhooks": "Webhooks",
    "config": "Arquivo de configuração",
    "demo": "Demonstração",
}
# What the events speak of, as stored; with a number it finds the events of one of them.
ENTITIES: Mapping[str, str] = {
    "client": "Cliente",
    "contract": "Contrato",
    "receivable": "Título",
    "email_message": "E-mail",
    "generation": "Geração",
    "wallet": "Carteira",
    "smtp_account": "Conta SMTP",
    "users": "Usuário",
    "holiday": "Feriado",
    "general_settings": "Parâmetros gerais",
    "financial_settings": "Parâmetros financeiro",
}
# Last part of an action's name.
VERBS: Mapping[str, str] = {
    "release": "retomou",
    "hold": "pausou",
    "move_queue": "passou a fila a outra conta em",
    "undo": "desfez",
    "alert": "avisou",
    "expire": "expirou",
    "activate": "ativou",
    "cancel": "cancelou",
    "change": "alterou",
    "change_logo": "trocou o logotipo",
    "change_own": "alterou o próprio nome",
    "change_password": "trocou a própria senha",
    "create": "criou",
    "deactivate": "desativou",
    "delete": "excluiu",
    "discard": "descartou",
    "reconcile": "pediu uma conferência da fila",
    "retry": "mandou repetir",
    "load": "carregou",
    "create_token": "criou um token",
    "revoke_token": "revogou um token",
    "new_secret": "gerou um segredo novo",
    "reopen": "reabriu",
    "restore": "restaurou",
    "make_link": "criou um link para senha nova",
    "use_link": "trocou a senha por link",
    "end_session": "encerrou uma sessão",
    "end_sessions": "encerrou todas as sessões",
    "erase_bodies": "apagou textos antigos, conforme a retenção",
    "anonymise": "anonimizou",
    "export": "exportou os dados",
    "forget": "apagou registros antigos, conforme a retenção",
    "edit": "alterou",
    "import": "importou",
    "pause": "pausou",
    "print": "imprimiu",
    "unprint": "desmarcou como impresso",
    "reactivate": "reativou",
    "resend": "mandou enviar de novo",
    "reset_password": "gerou senha nova",
    "resume": "retomou",
    "run": "gerou",
    "cancel_run": "cancelou os envios que faltavam",
    "resend_cause": "mandou enviar de novo os que falharam",
    "mark_delivered": "confirmou a entrega",
    "send": "mandou enviar",
    "send_by_hand": "mandou enviar à mão",
    "settle": "baixou",
    "sign_in": "entrou",
    "sign_out": "saiu",
    "test": "pediu um teste",
    "update": "alterou",
}


def verb(action: str) -> str:
    """What was done: `smtp.pause` is “pausou”."""
    name = action.rpartition(".")[2]
    return VERBS.get(name, name.replace("_", " "))


def area(action: str) -> str:
    """Where it was done: `smtp.pause` is “E-mail SMTP”."""
    name = action.partition(".")[0]
    return AREAS.get(name, name)


def field(name: str, entity: str = "") -> str:
    """The name of a column as the screens write it."""
    return FIELDS_OF.get((entity, name)) or FIELDS.get(name, name.replace("_", " "))


def change(event: AuditEvent, name: str) -> str:
    """One change of an event: `cidade: Campinas → Valinhos`."""
    before, after = event.changes[name]
    return f"{field(name, event.entity)}: {value(name, before)} → {value(name, after)}"


def value(name: str, stored: Any) -> str:
    """What column `name` held, as a person reads it; a dash for nothing."""
    if stored is None or stored in ("", []):
        return "—"
    if isinstance(stored, bool):
        return "Sim" if stored else "Não"
    if isinstance(stored, list):
        return "; ".join(value(name, item) for item in stored)
    text = VALUES.get(str(stored), str(stored)) if name in LISTED else _written(name, str(stored))
    return text if len(text) <= 300 else f"{text[:300]}…"


def _written(name: str, text: str) -> str:
    """Numbers, dates and records as the screens write them: `99.90` is “99,90”."""
    if name.endswith("_id") and text.isdigit():
        return f"registro {text}"  # as in the column Registro: a wallet may be named “1”
    if DATE.fullmatch(text):
        year, month, last = text.split("-")
        return f"{last}/{month}/{year}"
    return text.replace(".", ",") if DECIMAL.fullmatch(text) else text
