"""Why a mail came back, in pt-BR, from its enhanced status (RFC 3463) and the server's words."""

import re

from portal.deliveries.bounces.plain_notice import reply_code
from portal.smtp import causes
from portal.smtp.replies import refusal
from portal.smtp.stages import Stage

# Causes whose words hold for a bounce too. The others speak of our own account and its server.
_OF_THE_RECIPIENT = frozenset(
    {"mailbox_not_found", "mailbox_full", "recipient_inactive", "domain_not_found"}
    | {"mailbox_invalid", "message_too_big", "content_refused", "blocked_spam"}
    | {"sender_unauthenticated"}
)
_BY_STATUS = (  # pattern of x.SUBJECT.DETAIL → cause
    (r"1\.(1|6|10)", "mailbox_not_found"),
    (r"1\.2", "domain_not_found"),
    (r"1\.3", "mailbox_invalid"),
    (r"2\.1", "recipient_inactive"),
    (r"2\.2", "mailbox_full"),
    (r"(2\.3|3\.4)", "message_too_big"),
)
_OWN = (
    (r"4\.\d+", "O servidor do destinatário não pôde ser alcançado, ou não aceitou a tempo."),
    (r"7\.\d+", "O servidor do destinatário recusou a mensagem pelas regras dele."),
)
UNKNOWN = "O servidor do destinatário devolveu a mensagem."
LATE = "A entrega está atrasada: o servidor continua tentando."


def reason(status: str, diagnostic: str) -> str:
    """One sentence: what the recipient's server says happened."""
    cause = _by_words(status, diagnostic) or _by_status(status)
    if cause:
        return causes.explain(cause).title
    for pattern, text in _OWN:
        if re.fullmatch(pattern, status[2:]):
            return text
    return UNKNOWN


def _by_words(status: str, diagnostic: str) -> str | None:
    code = reply_code(status, diagnostic)
    if code is None:
        return None
    cause = refusal(Stage.RCPT, code, f"{code} {status} {diagnostic}").cause
    return cause if cause in _OF_THE_RECIPIENT else None


def _by_status(status: str) -> str | None:
    return next((cause for pattern, cause in _BY_STATUS if re.fullmatch(pattern, status[2:])), None)
