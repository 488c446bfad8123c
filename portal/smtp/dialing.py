"""Opening a connection: address, socket, greeting, TLS, login. Each stage is checked and timed."""

import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from portal.smtp.addresses import DestinationPolicy, Resolver, check_destination
from portal.smtp.failures import Failure, Kind, visible, visible_reply
from portal.smtp.login import Line, sign_in
from portal.smtp.replies import refusal, unclear
from portal.smtp.server import SmtpServer
from portal.smtp.sockets import Reach, connect, trusted_context
from portal.smtp.stages import Stage
from portal.smtp.wire import Broken, Wire, WireError

OnStage = Callable[[Stage, str, int], None]  # what was done, in words; milliseconds
IMPLICIT_TLS_PORT = 465
PATIENCE_ON_465 = 5.0  # a server that waits for TLS says nothing in clear, however long one waits
CERTIFICATE_CAUSES = {
    # OpenSSL's X509_V_ERR_… numbers (x509_vfy.h)
    10: "certificate_expired",
    62: "certificate_wrong_name",
    64: "certificate_wrong_name",
}
NOT_TLS = ("WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")
OLD_TLS = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE")
TLS_RECORDS = (b"\x15\x03", b"\x16\x03")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Progress:
    """Tells the caller of each stage that is done, with the milliseconds since the one before."""

    on_stage: OnStage | None = None
    _since: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        self._since = time.monotonic()

    def done(self, stage: Stage, detail: str) -> None:
        now = time.monotonic()
        milliseconds, self._since = round((now - self._since) * 1000), now
        if self.on_stage is not None:
            self.on_stage(stage, detail, milliseconds)

    def done_whatever_happens(self, stage: Stage, detail: str) -> None:
        """As `done`, but an error of the listener is logged: the server has already answered."""
        try:
            self.done(stage, detail)
        except Exception:
            log.exception("listener failed at stage %s", stage)


def dial(
    server: SmtpServer,
    policy: DestinationPolicy,
    progress: Progress,
    *,
    resolver: Resolver | None = None,
    context: ssl.SSLContext | None = None,
) -> Wire:
    """A connection that is ready for the first MAIL; raises Failure with the stage it stopped at.

    Only addresses that the policy permits are contacted, the name is resolved once, and TLS
    checks the certificate against the name.
    """
    progress.start()
    target = check_destination(
        server.host, server.port, policy, resolver=resolver, timeout=server.timeouts.dns
    )
    found = ", ".join(str(address) for address in target.addresses)
    progress.done(Stage.DNS, found if found == server.host else f"{server.host} → {found}")
    sock, peer = connect(target, server.timeouts.connect)
    wire = Wire(sock)
    try:
        progress.done(Stage.CONNECT, f"porta {server.port}")
        if server.security == "ssl":
            progress.done(Stage.TLS, _encrypt(wire, server, context))
            progress.done(Stage.GREETING, _greet(wire, server))
        else:
            progress.done(Stage.GREETING, _greet(wire, server))
            progress.done(Stage.TLS, _upgrade(wire, server, context))
        reach = Reach(policy, resolver, context)
        line = Line(wire, server, reach, trusted=policy.trusts(target.host, peer))
        progress.done(Stage.LOGIN, _login(line))
    except BaseException:
        wire.close()
        raise
    return wire


def broken(stage: Stage, error: WireError, server: SmtpServer) -> Failure:
    """The failure that a broken conversation means: temporary, or uncertain after the dot."""
    reply = server.hide(visible(error.seen))
    if error.how is Broken.GARBAGE or stage is Stage.ACCEPTED:
        return unclear(stage, reply=reply)
    return Failure(stage, Kind.TEMPORARY, str(error.how), reply=reply)


def refused(stage: Stage, reply: tuple[int, bytes], server: SmtpServer) -> Failure:
    """The failure that an answer other than the wanted one means."""
    code, text = reply
    return refusal(stage, code, server.hide(visible_reply(code, text.split(b"\n"))))


def _greet(wire: Wire, server: SmtpServer) -> str:
    patience = server.timeouts.reply
    if server.port == IMPLICIT_TLS_PORT and server.security != "ssl":
        patience = min(patience, PATIENCE_ON_465)
    wire.allow(patience)
    try:
        code, text = wire.getreply()
    except WireError as error:
        if server.security != "ssl" and _speaks_tls(wire, error, server):
            raise Failure(Stage.GREETING, Kind.ACCOUNT, "wrong_tls_mode") from error
        raise broken(Stage.GREETING, error, server) from error
    if code != 220:
        raise refused(Stage.GREETING, (code, text), server)
    _introduce(wire, server, Stage.GREETING)
    return visible(text, 120)


def _introduce(wire: Wire, server: SmtpServer, stage: Stage) -> None:
    """EHLO, or HELO for a server of the last century."""
    wire.allow(server.timeouts.reply)
    try:
        code, text = wire.ehlo()
        if code >= 500:
            code, text = wire.helo()
    except WireError as error:
        raise broken(stage, error, server) from error
    if not 200 <= code < 300:
        raise refused(stage, (code, text), server)


def _upgrade(wire: Wire, server: SmtpServer, context: ssl.SSLContext | None) -> str:
    if server.security != "starttls":
        return "sem criptografia"
    if not wire.has_extn("starttls"):
        raise Failure(Stage.TLS, Kind.ACCOUNT, "starttls_missing")
    wire.allow(server.timeouts.reply)
    try:
        code, text = wire.docmd("STARTTLS")
    except WireError as error:
        raise broken(Stage.TLS, error, server) from error
    if code != 220:
        raise refused(Stage.TLS, (code, text), server)
    detail = _encrypt(wire, server, context)
    _introduce(wire, server, Stage.TLS)
    return detail


def _encrypt(wire: Wire, server: SmtpServer, context: ssl.SSLContext | None) -> str:
    wire.allow(server.timeouts.reply)
    try:
        sock = wire.encrypt(context or trusted_context(), server.host)
    except WireError as error:
        raise broken(Stage.TLS, error, server) from error
    except ssl.SSLCertVerificationError as error:
        cause = CERTIFICATE_CAUSES.get(error.verify_code, "certificate_untrusted")
        reply = visible(error.verify_message)
        raise Failure(Stage.TLS, Kind.ACCOUNT, cause, reply=reply) from error
    except ssl.SSLError as error:
        raise _tls_failure(error, server) from error
    except TimeoutError as error:
        raise Failure(Stage.TLS, Kind.TEMPORARY, "timeout") from error
    except OSError as error:
        raise Failure(Stage.TLS, Kind.TEMPORARY, "dropped") from error
    return _described(sock)


def _tls_failure(error: ssl.SSLError, server: SmtpServer) -> Failure:
    reason = error.reason or ""
    reply = visible(reason)
    if server.security == "ssl" and any(word in reason for word in NOT_TLS):
        return Failure(Stage.TLS, Kind.ACCOUNT, "wrong_tls_mode", reply=reply)
    if any(word in reason for word in OLD_TLS):
        return Failure(Stage.TLS, Kind.ACCOUNT, "tls_too_old", reply=reply)
    return Failure(Stage.TLS, Kind.TEMPORARY, "tls_failed", reply=reply)


def _described(sock: ssl.SSLSocket) -> str:
    version = (sock.version() or "TLS").replace("TLSv", "TLS ")
    certificate = sock.getpeercert() or {}
    expires = certificate.get("notAfter")
    if not isinstance(expires, str):
        return version
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(expires), UTC)
    return f"{version}, certificado válido até {until:%d/%m/%Y}"


def _speaks_tls(wire: Wire, error: WireError, server: SmtpServer) -> bool:
    """Whether a server that greets nobody in clear is waiting for TLS.

    Only asked to explain a failure: nothing is sent over this connection, so its certificate
    does not matter.
    """
    if error.seen.startswith(TLS_RECORDS):
        return True
    if error.how is not Broken.TIMEOUT or error.seen:
        return False
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    wire.allow(min(server.timeouts.reply, PATIENCE_ON_465))
    try:
        wire.encrypt(context, server.host)
    except (OSError, WireError):
        return False
    return True


def _login(line: Line) -> str:
    try:
        return sign_in(line)
    except WireError as error:
        raise broken(Stage.LOGIN, error, line.server) from error
