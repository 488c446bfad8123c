"""What goes wrong with a mailbox: errors of the library and of the network, as Failure."""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from portal.smtp.dialing import CERTIFICATE_CAUSES, NOT_TLS, OLD_TLS
from portal.smtp.failures import Failure, Kind, visible
from portal.smtp.stages import Stage


@contextmanager
def failures(stage: Stage, secret: str = "") -> Iterator[None]:
    """Raises Failure with the stage, a cause and the server's words, `secret` left out of them."""
    try:
        yield
    except ssl.SSLError as error:
        raise _tls_failure(error) from error
    except TimeoutError as error:
        raise Failure(stage, Kind.TEMPORARY, "timeout") from error
    except OSError as error:
        raise Failure(stage, Kind.TEMPORARY, "dropped") from error
    except imaplib.IMAP4.abort as error:
        if isinstance(error.__context__, OSError):  # so imaplib tells of what cannot be sent
            raise Failure(stage, Kind.TEMPORARY, "dropped") from error
        raise Failure(stage, Kind.TEMPORARY, "garbage", reply=reply_of(error, secret)) from error
    except (imaplib.IMAP4.error, ValueError) as error:
        cause = {Stage.LOGIN: "wrong_password", Stage.TLS: "starttls_missing"}.get(stage, "garbage")
        raise Failure(stage, Kind.ACCOUNT, cause, reply=reply_of(error, secret)) from error


def reply_of(error: Exception, *secrets: str) -> str:
    """The server's words in an error of imaplib, without the secrets that it may repeat."""
    told = error.args[0] if error.args else ""
    text = visible(told if isinstance(told, bytes) else str(told))
    for secret in filter(None, secrets):
        text = text.replace(secret, "•••")
    return text


def _tls_failure(error: ssl.SSLError) -> Failure:
    if isinstance(error, ssl.SSLCertVerificationError):
        cause = CERTIFICATE_CAUSES.get(error.verify_code, "certificate_untrusted")
        reply = visible(error.verify_message)
        return Failure(Stage.TLS, Kind.ACCOUNT, cause, reply=reply)
    reason = error.reason or ""
    if any(word in reason for word in NOT_TLS):
        return Failure(Stage.TLS, Kind.ACCOUNT, "wrong_tls_mode", reply=visible(reason))
    if any(word in reason for word in OLD_TLS):
        return Failure(Stage.TLS, Kind.ACCOUNT, "tls_too_old", reply=visible(reason))
    return Failure(Stage.TLS, Kind.TEMPORARY, "tls_failed", reply=visible(reason))
