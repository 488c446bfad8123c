"""Every cause of a failed delivery in plain pt-BR: what happened, and what to do about it.

The codes are stable: they are stored with messages and attempts, and filtered by. In the texts
`{host}`, `{port}`, `{sender}` and the like stand for the account's settings; where no
account is at hand they read "o servidor", "a porta" and so on.
"""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from portal.smtp.server import SmtpServer


@dataclass(frozen=True, slots=True)
class Explanation:
    """One cause, explained: `title` says what happened, `cure` the next step."""

    cause: str
    title: str
    cure: str


class Provider(StrEnum):
    """Providers whose login has a peculiarity that the cure must name."""

    GOOGLE = "google"
    MICROSOFT = "microsoft"
    AMAZON = "amazon"
    OTHER = "other"


PROVIDER_HOSTS = {
    "gmail.com": Provider.GOOGLE,
    "googlemail.com": Provider.GOOGLE,
    "google.com": Provider.GOOGLE,
    "office365.com": Provider.MICROSOFT,
    "outlook.com": Provider.MICROSOFT,
    "amazonaws.com": Provider.AMAZON,
}
SECURITY_LABELS = {"none": "nenhuma", "starttls": "TLS", "ssl": "SSL"}
_LOGIN_HINTS = {
    Provider.GOOGLE: 'No Gmail a senha da conta não serve: gere uma "senha de app" na conta Google '
    "(Segurança > Verificação em duas etapas > Senhas de app) e use-a aqui.",
    Provider.MICROSOFT: "No Microsoft 365 a senha da conta costuma ser recusada: peça ao "
    'administrador que ative "SMTP autenticado" para esta caixa, ou use OAuth.',
    Provider.AMAZON: "No Amazon SES use as credenciais SMTP criadas no console do SES, não as "
    "chaves de acesso da AWS.",
    Provider.OTHER: "Entre no webmail do provedor com o mesmo usuário e senha e digite-os de novo "
    "aqui. No Gmail e no Microsoft 365 a senha da conta não serve: gere uma "
    '"senha de app" (Gmail) ou use OAuth (Microsoft 365).',
}
_SEE_REPLY = "Veja a resposta completa do servidor e, se preciso, envie-a ao provedor."

# code: (what happened, what to do)
CAUSES: dict[str, tuple[str, str]] = {
    # --- the address of the server
    "host_invalid": (
        "O servidor de saída não está escrito como um nome de servidor.",
        "Informe só o nome, por exemplo smtp.exemplo.com, sem porta, espaços ou https://.",
    ),
    "dns_not_found": (
        "O servidor {host} não foi encontrado.",
        "Confira se o nome do servidor de saída está certo, letra por letra.",
    ),
    "dns_timeout": (
        "A busca do endereço de {host} demorou demais.",
        "Verifique a conexão deste computador com a internet e tente de novo.",
    ),
    "destination_refused": (
        "{host} é um endereço da rede interna ou reservado, e o portal não se conecta a ele.",
        "Use o servidor público do provedor. Se o servidor interno é mesmo o certo, quem cuida da "
        "instalação precisa incluí-lo em PORTAL_SMTP_ALLOW_PRIVATE.",
    ),
    "port_refused": (
        "A porta {port} não é uma porta de envio de e-mail.",
        "Use 587 (TLS), 465 (SSL), 2525 ou 25.",
    ),
    # --- reaching it
    "port_closed": (
        "{host} recusou a conexão na porta {port}: nada atende nessa porta.",
        "Confira a porta: em geral é 587 com TLS ou 465 com SSL.",
    ),
    "timeout_connect": (
        "{host} não respondeu na porta {port}.",
        "Confira servidor e porta. Muitas redes bloqueiam a porta 25: prefira 587 com TLS. Um "
        "firewall também pode estar no caminho.",
    ),
    "unreachable": (
        "Não há caminho de rede até {host}.",
        "Verifique a conexão deste computador com a internet e tente de novo.",
    ),
    "timeout": (
        "{host} parou de responder no meio da conversa.",
        "O portal tenta de novo sozinho. Se repetir, procure o provedor.",
    ),
    "dropped": (
        "{host} encerrou a conexão antes do fim.",
        "O portal tenta de novo sozinho. Se repetir, procure o provedor.",
    ),
    "garbage": (
        "{host} respondeu algo que não é SMTP.",
        "Confira servidor e porta: pode ser outro serviço.",
    ),
    # --- TLS
    "wrong_tls_mode": (
        "O tipo de segurança não combina com a porta {port}.",
        "Com a porta 587 use TLS; com a porta 465 use SSL.",
    ),
    "tls_required": (
        "{host} só aceita conversar com criptografia, e a conta está com segurança {security}.",
        "Mude o tipo de segurança para TLS (porta 587) ou SSL (porta 465).",
    ),
    "starttls_missing": (
        "{host} não oferece TLS na porta {port}. Nada foi enviado sem criptografia.",
        "Use SSL com a porta 465. Se o provedor diz que há TLS nesta porta, um antivírus ou "
        "firewall pode estar a removê-lo do caminho.",
    ),
    "tls_failed": (
        "A conexão segura com {host} não pôde ser estabelecida.",
        "O portal tenta de novo sozinho. Se repetir, confira porta e tipo de segurança.",
    ),
    "tls_too_old": (
        "{host} só oferece uma versão antiga e insegura de TLS.",
        "Peça ao provedor um servidor com TLS 1.2 ou mais novo.",
    ),
    "certificate_untrusted": (
        "O certificado de {host} não é de uma autoridade conhecida.",
        "Confira o nome do servidor. Se a empresa tem autoridade própria, quem cuida da instalação "
        "informa o certificado dela em SSL_CERT_FILE.",
    ),
    "certificate_expired": (
        "O certificado de {host} está vencido.",
        "Avise o provedor: só ele pode renová-lo. Confira também o relógio deste computador.",
    ),
    "certificate_wrong_name": (
        "O certificado apresentado é de outro servidor, não de {host}.",
        "Use o nome de servidor que o provedor indica. Muitas vezes é o nome do provedor, não "
        "smtp.suaempresa.com.br.",
    ),
    "password_needs_tls": (
        "A senha não é enviada sem criptografia.",
        "Mude o tipo de segurança para TLS (porta 587) ou SSL (porta 465).",
    ),
    # --- login
    "credentials_missing": (
        "A conta requer autenticação, e falta o usuário ou a senha.",
        "Preencha usuário e senha, ou marque Requer autenticação como Não.",
    ),
    "auth_missing": (
        "{host} não oferece login nesta porta.",
        "Use 587 com TLS ou 465 com SSL. Se o servidor não pede login, marque Requer autenticação "
        "como Não.",
    ),
    "auth_method_unsupported": (
        "{host} não aceita a forma de login desta conta.",
        "Escolha outra forma de autenticação na conta, ou consulte o provedor.",
    ),
    "wrong_password": ("Usuário ou senha recusados pelo servidor.", "{login_hint}"),
    "app_password_required": (
        "O provedor não aceita a senha normal da conta.",
        'Gere uma "senha de app" na conta do provedor e use-a aqui.',
    ),
    "smtp_auth_disabled": (
        "O provedor desligou o login por senha nesta conta.",
        'Peça ao administrador que ative "SMTP autenticado" para esta caixa, ou use OAuth.',
    ),
    "login_throttled": (
        "Houve tentativas de login demais, e o servidor pede uma pausa.",
        "Espere alguns minutos antes de testar de novo.",
    ),
    "login_refused": ("O servidor recusou o login.", _SEE_REPLY),
    # --- login by OAuth 2.0
    "oauth_missing": (
        "A conta usa OAuth 2.0, e faltam dados para pedir o token.",
        "Preencha o endereço do token, o ID do cliente e o refresh token, e salve.",
    ),
    "oauth_address_refused": (
        "O portal não se conecta ao serviço de tokens {of_token_host}.",
        "Use o endereço público do provedor, com https:// e sem outra porta. Se o servidor interno "
        "é mesmo o certo, quem cuida da instalação precisa incluí-lo em PORTAL_SMTP_ALLOW_PRIVATE.",
    ),
    "oauth_unreachable": (
        "O serviço de tokens {of_token_host} não respondeu como devia.",
        "O portal tenta de novo sozinho. Se repetir, confira o endereço do token e a conexão deste "
        "computador com a internet.",
    ),
    "oauth_refused": (
        "O provedor não deu o token de acesso: a autorização foi recusada.",
        "Autorize o aplicativo de novo no provedor e cole aqui o novo refresh token. Confira "
        "também o ID e o segredo do cliente: o segredo pode ter vencido.",
    ),
    "oauth_login_refused": (
        "{host} recusou o token de acesso.",
        "O usuário precisa ser a caixa que autorizou o aplicativo, com a permissão de enviar por "
        'SMTP (escopo). No Microsoft 365 confira também se "SMTP autenticado" está ativo para a '
        "caixa.",
    ),
    "auth_required": (
        "{host} exige login antes de enviar.",
        "Marque Requer autenticação como Sim e preencha usuário e senha.",
    ),
    # --- the account
    "account_blocked": (
        "O provedor bloqueou o envio por esta conta.",
        "Entre no painel do provedor para ver o motivo e desbloquear; depois teste de novo.",
    ),
    "quota": (
        "O limite de envios da conta no provedor foi atingido.",
        "Os envios continuam quando o limite abrir. Ajuste os limites por hora e por dia da conta "
        "aos do provedor.",
    ),
    "rate_limited": (
        "O servidor pede um ritmo mais lento.",
        "O portal espera e continua. Se repetir, diminua o limite por hora ou o número de conexões "
        "da conta.",
    ),
    "sender_refused": (
        "O servidor não aceita {sender} como remetente.",
        "Use como remetente o endereço do próprio usuário, ou autorize este remetente no provedor.",
    ),
    "sender_not_verified": (
        "O remetente {sender} ainda não foi verificado no provedor.",
        "Verifique o endereço ou o domínio no painel do provedor. No Amazon SES em modo de teste "
        "(sandbox) também o destinatário precisa ser verificado.",
    ),
    "sender_unauthenticated": (
        "O domínio do remetente não está autenticado (SPF, DKIM ou DMARC).",
        "Configure SPF e DKIM no DNS do domínio de {sender} como o provedor indica.",
    ),
    "relay_denied": (
        "{host} não aceita enviar por esta conta para fora.",
        "Marque Requer autenticação como Sim e confira usuário, senha e remetente.",
    ),
    "blocked_ip": (
        "O endereço de internet deste portal está numa lista de bloqueio.",
        "Envie pelo servidor autenticado do provedor (587 com TLS) ou peça a retirada da lista que "
        "a resposta cita.",
    ),
    # --- the recipient
    "mailbox_invalid": (
        "O endereço de e-mail não está escrito corretamente.",
        "Corrija o e-mail no cadastro do cliente.",
    ),
    "mailbox_not_found": (
        "O endereço do destinatário não existe.",
        "Confirme o e-mail com o cliente e corrija o cadastro.",
    ),
    "mailbox_full": (
        "A caixa de e-mail do destinatário está cheia.",
        "Avise o cliente por outro meio ou peça outro endereço.",
    ),
    "recipient_inactive": (
        "A caixa de e-mail do destinatário está desativada.",
        "Peça ao cliente outro endereço e corrija o cadastro.",
    ),
    "domain_not_found": (
        "O domínio do destinatário não existe ou não recebe e-mail.",
        "Confira o que vem depois do @ no e-mail do cliente.",
    ),
    "recipient_refused": (
        "O servidor recusou este destinatário.",
        "Confirme o e-mail com o cliente. " + _SEE_REPLY,
    ),
    "smtputf8_missing": (
        "O servidor não aceita endereços com acentos ou letras especiais.",
        "Peça ao cliente um e-mail sem acentos antes do @.",
    ),
    # --- the message
    "message_too_big": (
        "A mensagem é maior do que o servidor aceita.",
        "Diminua o texto ou envie menos boletos por mensagem.",
    ),
    "content_refused": (
        "O servidor recusou o conteúdo ou o anexo.",
        "Reveja a mensagem e os links. " + _SEE_REPLY,
    ),
    "blocked_spam": (
        "A mensagem foi tratada como spam.",
        "Reveja assunto e texto, e confira SPF e DKIM do domínio de {sender}.",
    ),
    "greylisted": (
        "O servidor pede que se tente de novo em alguns minutos (greylisting).",
        "Nada a fazer: o portal tenta de novo sozinho.",
    ),
    "try_later": (
        "O servidor recusou por enquanto.",
        "O portal tenta de novo sozinho. Se repetir, veja a resposta completa.",
    ),
    "server_trouble": (
        "O servidor está com um problema passageiro.",
        "O portal tenta de novo sozinho. Se repetir, procure o provedor.",
    ),
    "refused": ("O servidor recusou a mensagem.", _SEE_REPLY),
    "uncertain": (
        "O servidor não confirmou o recebimento: a mensagem pode ter chegado.",
        "Confirme com o destinatário e então decida: marcar como entregue ou enviar de novo.",
    ),
}
# The same mistake seen from both sides: what the server speaks, and what the account says.
_WRONG_MODE_SSL = (
    "A porta {port} de {host} começa sem criptografia, e a conta está com SSL.",
    "Mude o tipo de segurança para TLS, ou use a porta 465 com SSL.",
)
_WRONG_MODE_PLAIN = (
    "A porta {port} de {host} espera SSL desde o início, e a conta está com segurança {security}.",
    "Mude o tipo de segurança para SSL, ou use a porta 587 com TLS.",
)


def explain(cause: str, server: SmtpServer | None = None) -> Explanation:
    """The cause in pt-BR, with the account's own host, port and provider where it is given.

    An unknown code is explained as a plain refusal, so that an old row can always be shown.
    """
    title, cure = _texts(cause, server)
    facts = {
        "host": server.host if server else "o servidor",
        "port": str(server.port) if server else "configurada",
        "security": SECURITY_LABELS.get(server.security, "nenhuma") if server else "diferente",
        "of_token_host": _of_token_host(server),
        "sender": (server.sender_address if server else "") or "o remetente",
        "login_hint": _LOGIN_HINTS[provider_of(server.host if server else "")],
    }
    title = title.format_map(facts)
    return Explanation(cause, title[:1].upper() + title[1:], cure.format_map(facts))


def provider_of(host: str) -> Provider:
    """The provider that `host` belongs to."""
    host = host.lower().rstrip(".")
    for domain, provider in PROVIDER_HOSTS.items():
        if host == domain or host.endswith("." + domain):
            return provider
    return Provider.OTHER


def _of_token_host(server: SmtpServer | None) -> str:
    try:
        host = urlsplit(server.oauth.token_url).hostname if server else None
    except ValueError:
        host = None
    return f"de {host}" if host else "do provedor"


def _texts(cause: str, server: SmtpServer | None) -> tuple[str, str]:
    if cause == "wrong_tls_mode" and server is not None:
        return _WRONG_MODE_SSL if server.security == "ssl" else _WRONG_MODE_PLAIN
    return CAUSES.get(cause) or CAUSES["refused"]
