"""What an account must look like to be saved, and what is odd about it but allowed.

Screens and `portal config apply` ask the same rules. Values are named as the table's columns.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from portal.core.errors import InvalidValue
from portal.smtp.addresses import MAIL_PORTS, DestinationPolicy, host_problem
from portal.smtp.causes import explain
from portal.smtp.mailboxes import InvalidMailbox, clean_mailbox
from portal.smtp.models import AuthMethod, Security
from portal.smtp.server import SmtpServer
from portal.smtp.token_endpoint import url_problem

FITTING_SECURITY = {587: Security.STARTTLS, 465: Security.SSL}
SECURITY_NAMES = {Security.NONE: "Nenhuma", Security.STARTTLS: "TLS", Security.SSL: "SSL"}
PASSWORD_LIMIT = 500
MOST_EMAILS = 10_000_000
MOST_CONNECTIONS = 20
TEXT_LIMITS = {"name": 80, "username": 254, "sender_name": 120}
STORED = "•"  # stands for a secret that is stored: the rules never see it
AUTH_NAMES = {
    AuthMethod.PASSWORD: "Senha",
    AuthMethod.XOAUTH2: "OAuth 2.0 (Microsoft 365, Google)",
}
OAUTH_LIMITS = {
    "oauth_token_url": 300,
    "oauth_client_id": 200,
    "oauth_client_secret": 500,
    "oauth_refresh_token": 8000,
    "oauth_scope": 300,
}


def account_problems(
    values: Mapping[str, Any], policy: DestinationPolicy
) -> Iterator[InvalidValue]:
    """Everything that forbids saving: one refusal per field, with its cure."""
    yield from _texts(values)
    yield from _destination(values, policy)
    yield from _sign_in(values)
    yield from _oauth(values, policy)
    yield from _mailboxes(values)
    yield from _limits(values)


def account_warnings(values: Mapping[str, Any]) -> Iterator[str]:
    """What is allowed but seldom right; shown after saving, while it stays so."""
    port, security = values["port"], values["security"]
    fitting = FITTING_SECURITY.get(port)
    if fitting and fitting != security:
        yield (
            f"A porta {port} costuma usar {SECURITY_NAMES[fitting]}, e a conta está com "
            f"{SECURITY_NAMES[security]}. Com a porta 587 use TLS; com a porta 465 use SSL."
        )
    yield from _secret_warnings(values)
    if values["requires_auth"] and security == Security.NONE:
        yield (
            "Sem criptografia a senha não é enviada a servidores da internet. Use TLS (porta 587) "
            "ou SSL (porta 465)."
        )
    if not values["requires_auth"]:
        yield "A conta não requer autenticação: a maioria dos provedores pede. O manual indica Sim."
    if values["daily_limit"] < values["hourly_limit"]:
        yield "O limite por dia é menor que o limite por hora: o do dia acaba valendo."
    if values["minute_limit"] and values["hourly_limit"] < values["minute_limit"]:
        yield "O limite por hora é menor que o limite por minuto: o da hora acaba valendo."


def _secret_warnings(values: Mapping[str, Any]) -> Iterator[str]:
    if not values["requires_auth"]:
        return
    by_token = values["auth_method"] == AuthMethod.XOAUTH2
    if by_token and not values.get("oauth_refresh_token"):
        yield "Falta o refresh token: sem ele o portal não recebe o token de acesso. Informe-o."
    if not by_token and not values["password"]:
        yield "Falta a senha: sem ela o servidor não aceita o login. Informe-a e salve."


def _texts(values: Mapping[str, Any]) -> Iterator[InvalidValue]:
    if not values["name"]:
        yield InvalidValue("name", "Dê um nome à conta, por exemplo Financeiro.")
    for field, limit in TEXT_LIMITS.items():
        if len(values[field]) > limit:
            yield InvalidValue(field, f"No máximo {limit} caracteres.")
        elif not values[field].isprintable():
            yield InvalidValue(field, "Tire quebras de linha e caracteres invisíveis.")


def _destination(values: Mapping[str, Any], policy: DestinationPolicy) -> Iterator[InvalidValue]:
    host, port = values["host"], values["port"]
    problem = host_problem(host)
    if problem:
        yield InvalidValue("host", problem)
    if not 1 <= port <= 65535:
        yield InvalidValue("port", "A porta vai de 1 a 65535. Em geral é 587 ou 465.")
        return
    cause = None if problem else _refused_destination(host, port, policy)
    if cause:
        text = explain(cause, SmtpServer(host, port, "none", ""))
        yield InvalidValue(
            "port" if cause == "port_refused" else "host", f"{text.title} {text.cure}"
        )


def _refused_destination(host: str, port: int, policy: DestinationPolicy) -> str | None:
    """The cause that forbids the destination, as far as it shows without asking a name server."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        opened = port in MAIL_PORTS or any(item.opens(port) for item in policy.items())
        return None if opened else "port_refused"
    if policy.permits(host, address, port):
        return None
    known = address.is_global or policy.trusts(host, address)
    return "port_refused" if known else "destination_refused"


def _sign_in(values: Mapping[str, Any]) -> Iterator[InvalidValue]:
    if values["requires_auth"] and not values["username"]:
        yield InvalidValue("username", "Informe o usuário, ou marque Requer autenticação como Não.")
    password = values.get("password") or ""
    if len(password) > PASSWORD_LIMIT:
        yield InvalidValue("password", f"A senha passa de {PASSWORD_LIMIT} caracteres.")
    elif any(char in password for char in "\0\r\n"):
        yield InvalidValue("password", "A senha não pode ter quebras de linha.")


def _oauth(values: Mapping[str, Any], policy: DestinationPolicy) -> Iterator[InvalidValue]:
    for field, limit in OAUTH_LIMITS.items():
        text = values.get(field) or ""
        if text == STORED:
            continue
        if len(text) > limit:
            yield InvalidValue(field, f"No máximo {limit} caracteres.")
        if not (text.isascii() and text.isprintable()):
            yield InvalidValue(field, "Copie de novo: há um caractere que não faz parte do valor.")
    if values["auth_method"] != AuthMethod.XOAUTH2 or not values["requires_auth"]:
        return
    problem = url_problem(values["oauth_token_url"], policy)
    if problem:
        yield InvalidValue("oauth_token_url", problem)
    if not values["oauth_client_id"]:
        yield InvalidValue("oauth_client_id", "Informe o ID do aplicativo registrado no provedor.")


def _mailboxes(values: Mapping[str, Any]) -> Iterator[InvalidValue]:
    if not values["sender_address"]:
        yield InvalidValue("sender_address", "Informe o e-mail que aparece como remetente.")
    for field in ("sender_address", "reply_to", "test_recipient"):
        if values[field]:
            try:
                clean_mailbox(values[field])
            except InvalidMailbox as error:
                yield InvalidValue(field, str(error))


def _limits(values: Mapping[str, Any]) -> Iterator[InvalidValue]:
    for field in ("hourly_limit", "daily_limit"):
        if not 1 <= values[field] <= MOST_EMAILS:
            yield InvalidValue(field, "Informe quantos e-mails o provedor permite: 1 ou mais.")
    if values["minute_limit"] is not None and not 1 <= values["minute_limit"] <= MOST_EMAILS:
        yield InvalidValue("minute_limit", "Informe 1 ou mais, ou deixe em branco: sem limite.")
    if not 1 <= values["max_connections"] <= MOST_CONNECTIONS:
        yield InvalidValue("max_connections", f"Informe de 1 a {MOST_CONNECTIONS} conexões.")
