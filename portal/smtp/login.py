"""Signing in at the server. The password leaves only over TLS, or inside an allowed network."""

import base64
import binascii
import hmac
from collections.abc import Callable

from portal.smtp.failures import Failure, Kind, visible_reply
from portal.smtp.replies import refusal
from portal.smtp.server import SmtpServer
from portal.smtp.stages import Stage
from portal.smtp.wire import Wire

Reply = tuple[int, bytes]
CONTINUE, SIGNED_IN = 334, 235
NOT_THIS_METHOD = range(500, 505)  # the server lists a method that it does not really know


def sign_in(wire: Wire, server: SmtpServer, *, trusted: bool) -> str:
    """Sign in as the account says; returns who signed in, for the report.

    `trusted` is True for a server inside an allowed private network, where a password may go
    unencrypted. Raises Failure at Stage.LOGIN, and WireError.
    """
    if not server.requires_auth:
        return "não requer autenticação"
    methods = _methods(wire, server, trusted=trusted)
    wire.allow(server.timeouts.reply)
    code, text = 504, b""
    for method in methods:
        code, text = method(wire, server)
        if code == SIGNED_IN:
            return server.username
        if code not in NOT_THIS_METHOD:
            break
    reply = server.hide(visible_reply(code, text.split(b"\n")))
    raise refusal(Stage.LOGIN, code, reply)


def _methods(
    wire: Wire, server: SmtpServer, *, trusted: bool
) -> list[Callable[[Wire, SmtpServer], Reply]]:
    """The ways to sign in that both sides know, best first; raises Failure if there is none."""
    known = METHODS.get(server.auth_method)
    if known is None:
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "auth_method_unsupported")
    if not server.username or not server.password:
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "credentials_missing")
    if not wire.encrypted and not trusted:
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "password_needs_tls")
    if not wire.has_extn("auth"):
        hidden_by_tls = not wire.encrypted and wire.has_extn("starttls")
        cause = "tls_required" if hidden_by_tls else "auth_missing"
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, cause)
    offered = wire.esmtp_features["auth"].upper().split()
    usable = [method for name, method in known.items() if name in offered]
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


METHODS: dict[str, dict[str, Callable[[Wire, SmtpServer], Reply]]] = {
    "password": {"PLAIN": _plain, "LOGIN": _login, "CRAM-MD5": _cram_md5},
}


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode("ascii")
