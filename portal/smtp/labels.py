"""Words, sign and tone of the accounts and of their tests."""

from typing import Any

from portal.smtp.account_rules import SECURITY_NAMES
from portal.smtp.models import AccountState, SmtpAccount, SmtpTestState
from portal.web.labels import Label

ACCOUNT_LABELS = {
    AccountState.ACTIVE: Label("Ativa", "success", "✓"),
    AccountState.PAUSED: Label("Pausada", "danger", "‖"),
}
TEST_LABELS = {
    SmtpTestState.QUEUED: Label("Na fila", "info", "·"),
    SmtpTestState.RUNNING: Label("Em andamento", "info", "…"),
    SmtpTestState.ACCEPTED: Label("Aceito pelo servidor", "success", "✓"),
    SmtpTestState.FAILED: Label("Falhou", "danger", "✕"),
}
NEVER_TESTED = Label("Nunca testado", "muted", "·")
TEST_ACCEPTED = Label("Teste aceito", "success", "✓")
TEST_FAILED = Label("Teste falhou", "danger", "✕")
TEST_OUTDATED = Label("Testar de novo", "warning", "!")
STEP_LABELS = {
    "done": Label("Feito", "success", "✓"),
    "failed": Label("Falhou", "danger", "✕"),
    "running": Label("Em andamento", "info", "…"),
    "waiting": Label("Ainda não começou", "muted", "·"),
    "unreached": Label("Não chegou a esta etapa", "muted", "·"),
}
VALUE_LIMIT = 120
VALUE_NAMES = {
    "starttls": "TLS",
    "ssl": "SSL",
    "none": "Nenhuma",
    "active": "Ativa",
    "paused": "Pausada",
    "password": "Senha",
    "xoauth2": "OAuth 2.0",
}
FIELD_NAMES = {
    "name": "Nome da conta",
    "host": "Servidor de saída",
    "port": "Porta",
    "username": "Usuário",
    "password": "Senha",
    "requires_auth": "Requer autenticação",
    "security": "Tipo de segurança",
    "auth_method": "Método de login",
    "oauth_token_url": "Endereço do token",
    "oauth_client_id": "ID do cliente",
    "oauth_client_secret": "Segredo do cliente",
    "oauth_refresh_token": "Refresh token",
    "oauth_scope": "Escopo",
    "utf8": "Codificação UTF-8",
    "force_charset": "Forçar codificação",
    "test_recipient": "E-mail de destino para teste",
    "hourly_limit": "Limite de e-mails por hora",
    "daily_limit": "Limite de e-mails por dia",
    "minute_limit": "Limite de e-mails por minuto",
    "max_connections": "Conexões ao mesmo tempo",
    "sender_address": "E-mail do remetente",
    "sender_name": "Nome do remetente",
    "reply_to": "Responder para",
    "imap_host": "Servidor IMAP",
    "imap_port": "Porta da caixa de devoluções",
    "imap_security": "Segurança da caixa de devoluções",
    "imap_username": "Usuário da caixa de devoluções",
    "imap_password": "Senha da caixa de devoluções",
    "imap_folder": "Pasta das devoluções",
    "subject": "Assunto",
    "body": "Mensagem",
    "state": "Estado",
    "pause_reason": "Motivo da pausa",
    "paused_at": "Pausada em",
}


def last_test(account: SmtpAccount) -> Label:
    """How the last test went, and whether it still says anything."""
    if account.tested_at is None:
        return NEVER_TESTED
    if not account.test_accepted:
        return TEST_FAILED
    return TEST_ACCEPTED if account.test_is_current else TEST_OUTDATED


def server_text(account: SmtpAccount) -> str:
    """`smtp.exemplo.com:587 · TLS`."""
    security = SECURITY_NAMES[account.security]
    return f"{account.host}:{account.port} · {'sem TLS' if security == 'Nenhuma' else security}"


def value_text(value: Any) -> str:
    """A column's value in the history: short, in words."""
    if value is None or value == "":
        return "vazio"
    if isinstance(value, bool):
        return "Sim" if value else "Não"
    text = VALUE_NAMES.get(str(value), str(value))
    return text if len(text) <= VALUE_LIMIT else f"{text[:VALUE_LIMIT]}…"
