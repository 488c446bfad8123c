"""The audit trail stores names of the code; people read these words instead."""

from collections.abc import Mapping
from typing import Any

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
    "config": "Arquivo de configuração",
}
# Last part of an action's name.
VERBS: Mapping[str, str] = {
    "release": "retomou",
    "hold": "pausou",
    "undo": "desfez",
    "alert": "avisou",
    "expire": "expirou",
    "activate": "ativou",
    "cancel": "cancelou",
    "change": "alterou",
    "change_own": "alterou o próprio nome",
    "change_password": "trocou a própria senha",
    "create": "criou",
    "deactivate": "desativou",
    "delete": "excluiu",
    "edit": "alterou",
    "import": "importou",
    "pause": "pausou",
    "print": "imprimiu",
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
VALUES: Mapping[str, str] = {
    "active": "ativo",
    "admin": "administrador",
    "bank": "banco",
    "cancelled": "cancelado",
    "email": "E-mail",
    "financeiro": "financeiro",
    "gateway": "Gateway",
    "invalid": "inválido",
    "missing": "sem e-mail",
    "none": "nenhuma",
    "ok": "válido",
    "open": "aberto",
    "paid": "pago",
    "paused": "pausada",
    "printed": "Impresso",
    "ssl": "SSL",
    "starttls": "TLS",
    "suspended": "suspenso",
}
FIELDS: Mapping[str, str] = {
    "activated_on": "ativado em",
    "active": "ativo",
    "address": "endereço",
    "agencia": "agência",
    "agencia_dv": "dígito da agência",
    "amount": "valor",
    "auth_method": "forma de autenticação",
    "bank_code": "banco",
    "body": "mensagem",
    "city": "cidade",
    "client_id": "cliente",
    "code": "código",
    "codigo_servico": "código do serviço",
    "company_address": "endereço da empresa",
    "company_city": "cidade da empresa",
    "company_cpf_cnpj": "CPF/CNPJ da empresa",
    "company_district": "bairro da empresa",
    "company_email": "e-mail da empresa",
    "company_name": "nome da empresa",
    "company_phone": "telefone da empresa",
    "company_postal_code": "CEP da empresa",
    "company_state": "UF da empresa",
    "complement": "complemento",
    "conta_dv": "dígito da conta",
    "convenio": "convênio",
    "convenio_dv": "dígito do convênio",
    "cpf_cnpj": "CPF/CNPJ",
    "daily_limit": "limite de e-mails por dia",
    "default_delivery_type": "tipo de cobrança padrão",
    "delivery_type": "tipo de envio de cobrança",
    "discount": "desconto",
    "district": "bairro",
    "due_day": "dia de vencimento",
    "email": "e-mail",
    "email_on_generation": "enviar e-mail para cliente ao gerar financeiro do contrato",
    "email_status": "situação do e-mail",
    "emails": "e-mails",
    "emissao": "emissão",
    "expire_after_days": "prazo para enviar, em dias após o vencimento",
    "fine_percent": "multa (%)",
    "force_charset": "forçar codificação",
    "group_by_client": "um e-mail por cliente",
    "host": "servidor de saída",
    "hourly_limit": "limite de e-mails por hora",
    "imap_folder": "pasta das devoluções",
    "imap_host": "servidor IMAP",
    "imap_password": "senha da caixa de devoluções",
    "imap_port": "porta da caixa de devoluções",
    "imap_security": "segurança da caixa de devoluções",
    "imap_username": "usuário da caixa de devoluções",
    "instructions": "instruções",
    "interest_percent_month": "juros (% ao mês)",
    "invalid_emails": "e-mails inválidos",
    "kind": "tipo",
    "max_connections": "conexões ao mesmo tempo",
    "max_open_receivables": "máximo de títulos em aberto",
    "name": "nome",
    "next_nosso_numero": "próximo nosso número",
    "number": "número",
    "operacao": "operação",
    "password": "senha",
    "pause_reason": "motivo da pausa",
    "phone": "telefone",
    "plan": "plano",
    "port": "porta",
    "postal_code": "CEP",
    "reason": "motivo",
    "recipient": "destinatário",
    "reply_to": "responder para",
    "requires_auth": "requer autenticação",
    "role": "perfil",
    "security": "tipo de segurança",
    "sender_address": "e-mail do remetente",
    "sender_name": "nome do remetente",
    "smtp_account": "servidor de e-mail para vários boletos e faturas",
    "smtp_account_id": "servidor de e-mail para vários boletos e faturas",
    "state": "situação",
    "status": "situação",
    "subject": "assunto",
    "test_recipient": "e-mail de destino para teste",
    "timezone": "fuso horário",
    "username": "usuário",
    "utf8": "codificação UTF-8",
    "variacao": "variação",
    "wallet": "carteira",
    "wallet_id": "carteira",
}
# Fields that hold one word of a closed list; elsewhere "none" could be somebody's name.
LISTED = frozenset(
    {"auth_method", "default_delivery_type", "delivery_type", "kind", "role", "security"}
    | {"state", "status", "email_status"}
)


def verb(action: str) -> str:
    """What was done: `smtp.pause` is “pausou”."""
    name = action.rpartition(".")[2]
    return VERBS.get(name, name.replace("_", " "))


def area(action: str) -> str:
    """Where it was done: `smtp.pause` is “E-mail SMTP”."""
    name = action.partition(".")[0]
    return AREAS.get(name, name)


def field(name: str) -> str:
    """The name of a column as the screens write it."""
    return FIELDS.get(name, name.replace("_", " "))


def value(name: str, stored: Any) -> str:
    """What column `name` held, as a person reads it; a dash for nothing."""
    if stored is None or stored in ("", []):
        return "—"
    if isinstance(stored, bool):
        return "Sim" if stored else "Não"
    if isinstance(stored, list):
        return "; ".join(value(name, item) for item in stored)
    text = VALUES.get(str(stored), str(stored)) if name in LISTED else str(stored)
    return text if len(text) <= 300 else f"{text[:300]}…"
