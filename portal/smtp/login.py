"""Signing in at the server. Secrets leave only over TLS, or inside an allowed network."""

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portal.smtp.access_tokens import AccessToken, access_token, forget
from portal.smtp.failures import Failure, Kind, visible_reply
from portal.smtp.replies import refusal
from portal.smtp.server import SmtpServer
from portal.smtp.sockets import Reach
from portal.smtp.stages import Stage
from portal.smtp.wire import Wire

Reply = tuple[int, bytes]
CONTINUE, SIGNED_IN = 334, 235
NOT_THIS_METHOD = range(500, 505)  # the server lists a method that it does not really know
# What a refused password is called; with a token it is the token that was refused.
PASSWORD_CAUSES = ("wrong_password", "login_refused", "app_password_required")


@dataclass(frozen=True, slots=True)
class Line:
    """An open connection that waits for a login.

    `trusted` is True for a server inside an allowed private network, where secrets may go
    unencrypted; `reach` is how a token endpoint may be reached.
    """

    wire: Wire
    server: SmtpServer
    reach: Reach
    trusted: bool


def sign_in(line: Line) -> str:
    """Sign in as the account says; returns who signed in, for the report.

    Raises Failure at Stage.LOGIN, and WireError.
    """
    server = line.server
    if not server.requires_auth:
        return "não requer autenticação"
    if server.auth_method == "xoauth2":
        return _by_token(line)
    if server.auth_method != "password":
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "auth_method_unsupported")
    return _by_password(line)


def _by_password(line: Line) -> str:
    wire, server = line.wire, line.server
    if not server.username or not server.password:
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "credentials_missing")
    methods = _offered(line, PASSWORD_METHODS)
    wire.allow(server.timeouts.reply)
    code, text = 504, b""
    for method in methods:
        code, text = PASSWORD_METHODS[method](wire, server)
        if code == SIGNED_IN:
            return server.username
        if code not in NOT_THIS_METHOD:
            break
    reply = server.hide(visible_reply(code, text.split(b"\n")))
    raise refusal(Stage.LOGIN, code, reply)


def _by_token(line: Line) -> str:
    server = line.server
    if not server.username:
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "credentials_missing")
    _offered(line, ("XOAUTH2",))
    token = access_token(server.oauth, line.reach)
    code, text = _xoauth2(line, token)
    if code >= 500 and not token.fresh:
        # It may have been revoked before its time: one more try, with a new one.
        forget(server.oauth)
        token = access_token(server.oauth, line.reach)
        code, text = _xoauth2(line, token)
    if code == SIGNED_IN:
        return f"{server.username}, {token.words}"
    forget(server.oauth)
    reply = server.hide(visible_reply(code, text.split(b"\n")))
    for secret in (_bearer(server, token), token.text):
        reply = reply.replace(secret, "•••")
    raise _token_refusal(code, reply)


def _token_refusal(code: int, reply: str) -> Failure:
    failure = refusal(Stage.LOGIN, code, reply)
    if failure.kind is Kind.ACCOUNT and failure.cause in PASSWORD_CAUSES:
        return Failure(Stage.LOGIN, Kind.ACCOUNT, "oauth_login_refused", code=code, reply=reply)
    return failure


def _offered(line: Line, known: Mapping[str, object] | tuple[str, ...]) -> list[str]:
    """The ways to sign in that both sides know, best first; raises Failure if there is none."""
    wire = line.wire
    if not wire.encrypted and not line.trusted:
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "password_needs_tls")
    if not wire.has_extn("auth"):
        hidden_by_tls = not wire.encrypted and wire.has_extn("starttls")
        cause = "tls_required" if hidden_by_tls else "auth_missing"
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, cause)
    offered = wire.esmtp_features["auth"].upper().split()
    usable = [name for name in known if name in offered]
    if not usable:
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "auth_method_unsupported")
    return usable


def _plain(wire: Wire, server: SmtpServer) -> Reply:
    return wire.docmd("AUTH", "PLAIN " + _encoded(f"\0{server.username}\0{server.password}"))


def _login(wire: Wire, server: SmtpServer) -> Reply:
    reply = wire.docmd("AUTH", "LOGIN")
    for value in (server.username, server.password):
        if reply[0] != CONTINUE:
            return reply
        reply = wire.docmd(_encoded(value))
    return reply


def _cram_md5(wire: Wire, server: SmtpServer) -> Reply:
    reply = wire.docmd("AUTH", "CRAM-MD5")
    if reply[0] != CONTINUE:
        return reply
    try:
        challenge = base64.b64decode(reply[1], validate=True)
    except binascii.Error:
        return wire.docmd("*")  # cancel (RFC 4954, 4)
    proof = hmac.new(server.password.encode(), challenge, "md5").hexdigest()
    return wire.docmd(_encoded(f"{server.username} {proof}"))


PASSWORD_METHODS: dict[str, Callable[[Wire, SmtpServer], Reply]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
}


def _xoauth2(line: Line, token: AccessToken) -> Reply:
    """SASL XOAUTH2 as Google and Microsoft document it.

    A refused token is first answered with 334 and the error as JSON; after an empty line comes
    the refusal proper.
    """
    line.wire.allow(line.server.timeouts.reply)
    reply = line.wire.docmd("AUTH", "XOAUTH2 " + _bearer(line.server, token))
    return line.wire.docmd("") if reply[0] == CONTINUE else reply


def _bearer(server: SmtpServer, token: AccessToken) -> str:
    return _encoded(token.credentials(server.username))


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode("ascii")
