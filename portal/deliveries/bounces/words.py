"""What reading a mailbox says in pt-BR: why it failed, and what was found."""

from portal.core.errors import InvalidValue
from portal.deliveries.bounces.mailbox import MailboxFacts
from portal.deliveries.bounces.parse import BounceFacts
from portal.deliveries.bounces.plain_notice import DELAYED, FAILED
from portal.smtp import causes
from portal.smtp.failures import Failure, Kind
from portal.smtp.server import OAuth, SmtpServer
from portal.smtp.stages import Stage
from portal.web.labels import Label

ERROR_LIMIT = 500
# Beside the scope that sends: https://learn.microsoft.com/exchange/client-developer/
# legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
MICROSOFT_SCOPE = "https://outlook.office.com/IMAP.AccessAsUser.All"
UNREADABLE = (
    "A senha da caixa não pode ser lida com a chave atual da instalação. Informe a senha de novo."
)
UNREADABLE_GRANT = (
    "O token da conta não pode ser lido com a chave atual da instalação. Informe o refresh token de"
    " novo na aba Conta."
)
DEFECT = "A leitura parou por um defeito do portal; o registro do servidor diz qual. Tente de novo."
CHANGED = "A caixa mudou durante a leitura. Leia de novo."
ACTIONS = {
    FAILED: Label("Devolvido", "danger", "↩"),
    DELAYED: Label("Atrasado", "warning", "…"),
}
# What is said otherwise of a mailbox than of a server that sends.
_TEXTS: dict[str, tuple[str, str]] = {
    "host_invalid": (
        "O servidor IMAP não está escrito como um nome de servidor.",
        "Informe só o nome, por exemplo imap.exemplo.com, sem porta, espaços ou https://.",
    ),
    "port_refused": (
        "A porta {port} não é uma porta de IMAP.",
        "Use 993 (SSL) ou 143 (TLS).",
    ),
    "port_closed": (
        "{host} recusou a conexão na porta {port}: nada atende nessa porta.",
        "Confira a porta: em geral é 993 com SSL ou 143 com TLS.",
    ),
    "timeout_connect": (
        "{host} não respondeu na porta {port}.",
        "Confira servidor e porta. Um firewall também pode estar no caminho.",
    ),
    "timeout": (
        "{host} parou de responder no meio da conversa.",
        "O portal lê de novo sozinho em 5 minutos. Se repetir, procure o provedor.",
    ),
    "dropped": (
        "{host} encerrou a conexão antes do fim.",
        "O portal lê de novo sozinho em 5 minutos. Se repetir, procure o provedor.",
    ),
    "garbage": (
        "{host} respondeu algo que não se entende como IMAP.",
        "Confira servidor, porta e tipo de segurança.",
    ),
    "wrong_tls_mode": (
        "O tipo de segurança não combina com a porta {port}.",
        "Com a porta 993 use SSL; com a porta 143 use TLS.",
    ),
    "starttls_missing": (
        "{host} não oferece TLS na porta {port}. A senha não foi enviada.",
        "Use SSL com a porta 993.",
    ),
    "password_needs_tls": (
        "A senha não é enviada sem criptografia.",
        "Use SSL (porta 993) ou TLS (porta 143).",
    ),
    "credentials_missing": ("Falta o usuário ou a senha da caixa.", "Preencha os dois e salve."),
    "wrong_password": (
        "Usuário ou senha recusados pelo servidor IMAP.",
        "Digite-os de novo, e confira no provedor se o acesso por IMAP está ligado. O Gmail pede "
        'uma "senha de app". O Microsoft 365 não aceita senha por IMAP: use OAuth 2.0 na aba Conta '
        "e deixe a caixa sem senha.",
    ),
    "auth_method_unsupported": (
        "{host} não aceita login por token (XOAUTH2).",
        "Informe uma senha para a caixa, ou leia uma caixa do provedor que envia.",
    ),
    "oauth_login_refused": (
        "{host} recusou o token de acesso da conta.",
        "O usuário precisa ser a caixa que autorizou o aplicativo, e a autorização precisa incluir "
        f"a leitura por IMAP: no Microsoft 365, o escopo {MICROSOFT_SCOPE}. Inclua-o no Escopo da "
        "aba Conta, autorize de novo e cole lá o novo refresh token.",
    ),
    "oauth_refused": (
        "O provedor não deu o token de acesso: a autorização foi recusada.",
        "Autorize o aplicativo de novo no provedor, com todos os escopos da aba Conta, e cole lá o "
        "novo refresh token. Confira também o segredo do cliente: pode ter vencido.",
    ),
    "folder_not_found": (
        "A pasta não existe nesta caixa, ou não pode ser aberta.",
        "Confira o nome da pasta. A caixa de entrada chama-se INBOX.",
    ),
}


def problem_text(failure: Failure, facts: MailboxFacts) -> str:
    """The failure in one paragraph: what happened, what to do, and the server's own words."""
    own = _TEXTS.get(failure.cause)
    if own is None:
        oauth = facts.oauth or OAuth()
        server = SmtpServer(facts.host, facts.port, facts.security, "", oauth=oauth)
        explanation = causes.explain(failure.cause, server)
        title, cure = explanation.title, explanation.cure
    else:
        title, cure = (text.format(host=facts.host, port=facts.port) for text in own)
    reply = f" Resposta: {failure.reply}" if failure.reply else ""
    return f"{title} {cure}{reply}"[:ERROR_LIMIT]


def destination_problem(cause: str, host: str, port: int) -> InvalidValue:
    """The refusal of a field for a destination that may not be reached."""
    failure = Failure(Stage.DNS, Kind.ACCOUNT, cause)
    text = problem_text(failure, MailboxFacts(host, port, "ssl", ""))
    return InvalidValue("imap_port" if cause == "port_refused" else "imap_host", text)


def client_reason(recipient: str, why: str) -> str:
    """What the client's page says beside the date."""
    return f"{recipient}: {why}"[:300]


def raw_reply(fact: BounceFacts) -> str:
    """The notification's own words, for those who want them."""
    return fact.diagnostic if fact.status in fact.diagnostic else f"{fact.status} {fact.diagnostic}"
