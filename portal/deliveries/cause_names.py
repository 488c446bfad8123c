"""Every cause in few words, for badges and filters; the whole sentences are in smtp.causes.

Some causes are the portal's own, without a server: those have their cure here.
"""

from portal.deliveries.models import EmailMessage
from portal.smtp import causes
from portal.smtp.causes import Explanation
from portal.smtp.server import SmtpServer

SHORT: dict[str, str] = {
    "host_invalid": "servidor mal escrito",
    "dns_not_found": "servidor não encontrado",
    "dns_timeout": "busca do servidor demorou",
    "destination_refused": "servidor em rede interna",
    "port_refused": "porta não permitida",
    "port_closed": "porta fechada",
    "timeout_connect": "servidor não responde",
    "unreachable": "sem caminho de rede",
    "timeout": "servidor parou de responder",
    "dropped": "conexão encerrada",
    "garbage": "resposta não é SMTP",
    "wrong_tls_mode": "segurança não combina com a porta",
    "tls_required": "servidor exige TLS",
    "starttls_missing": "servidor sem TLS",
    "tls_failed": "TLS falhou",
    "tls_too_old": "TLS antigo",
    "certificate_untrusted": "certificado desconhecido",
    "certificate_expired": "certificado vencido",
    "certificate_wrong_name": "certificado de outro servidor",
    "password_needs_tls": "senha exige TLS",
    "credentials_missing": "falta usuário ou senha",
    "auth_missing": "servidor sem login",
    "auth_method_unsupported": "forma de login não aceita",
    "wrong_password": "senha recusada",
    "app_password_required": "exige senha de app",
    "smtp_auth_disabled": "login por senha desligado",
    "login_throttled": "logins demais",
    "login_refused": "login recusado",
    "auth_required": "servidor exige login",
    "oauth_missing": "faltam dados do OAuth",
    "oauth_refused": "autorização OAuth recusada",
    "oauth_unreachable": "token OAuth não respondeu",
    "oauth_address_refused": "endereço do token recusado",
    "oauth_login_refused": "token OAuth recusado",
    "account_blocked": "conta bloqueada",
    "quota": "limite do provedor",
    "rate_limited": "ritmo alto demais",
    "sender_refused": "remetente recusado",
    "sender_not_verified": "remetente não verificado",
    "sender_unauthenticated": "domínio sem SPF ou DKIM",
    "relay_denied": "envio para fora negado",
    "blocked_ip": "portal em lista de bloqueio",
    "mailbox_invalid": "endereço mal escrito",
    "mailbox_not_found": "caixa inexistente",
    "mailbox_full": "caixa cheia",
    "recipient_inactive": "caixa desativada",
    "domain_not_found": "domínio inexistente",
    "recipient_refused": "destinatário recusado",
    "smtputf8_missing": "endereço com acentos",
    "message_too_big": "mensagem grande demais",
    "content_refused": "conteúdo recusado",
    "blocked_spam": "tratada como spam",
    "greylisted": "tentar de novo (greylisting)",
    "try_later": "recusada por enquanto",
    "server_trouble": "problema no servidor",
    "refused": "mensagem recusada",
    "uncertain": "servidor não confirmou",
    "content": "não pôde ser montada",
    "interrupted": "envio interrompido",
    "expired": "passou do prazo",
    "skipped": "não era mais preciso",
    "held": "pausada por uma pessoa",
    "cancelled": "cancelada por uma pessoa",
    "bounced": "aceita, depois devolvida",
    "confirmed": "entrega confirmada por uma pessoa",
}
OWN_CURES: dict[str, str] = {
    "content": "Corrija o que o motivo diz e reenvie.",
    "interrupted": "Se a mensagem está na fila, ela sai sozinha. Se ficou incerta, confirme com o "
    "destinatário antes de decidir.",
    "expired": "Se o cliente ainda precisa do boleto, reenvie.",
    "skipped": "Nada a fazer.",
    "held": "Fica na fila até alguém retomar: na página da geração, ou em “Retomar” no log de "
    "e-mail.",
    "bounced": "Confirme o e-mail com o cliente, corrija o cadastro e envie o boleto à mão.",
    "cancelled": "Para mandar o boleto mesmo assim, envie-o à mão.",
    "confirmed": "Nada a fazer.",
}


def short(cause: str) -> str:
    """The cause in few words; an unknown code as it is."""
    return SHORT.get(cause, cause)


def about(cause: str) -> Explanation | None:
    """The cause alone, for a heading over many messages; None for an unknown one."""
    if cause not in SHORT:
        return None
    own = OWN_CURES.get(cause)
    if own is not None:
        return Explanation(cause, f"{short(cause)[0].upper()}{short(cause)[1:]}.", own)
    return causes.explain(cause)


def explain(message: EmailMessage, server: SmtpServer | None = None) -> Explanation | None:
    """What happened to the message and what to do about it; None when nothing went wrong.

    The message's own reason is what was true then; the cure speaks of the account as it is now.
    """
    if not message.cause:
        return None
    own = OWN_CURES.get(message.cause)
    if own is not None:
        return Explanation(message.cause, message.reason, own)
    found = causes.explain(message.cause, server)
    return Explanation(message.cause, message.reason or found.title, found.cure)
