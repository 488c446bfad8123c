"""What providers write when they refuse, as a table: the first rule that matches names the cause.

Collected from what Gmail, Microsoft 365, Amazon SES, Zoho, Locaweb, UOL, KingHost, Postfix and
Exim (cPanel) answer. Order matters where two texts share words ("quota" of a mailbox, of an
account).
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from portal.smtp.failures import Kind
from portal.smtp.stages import Stage

LOGIN = frozenset({Stage.LOGIN})
SENDING = frozenset({Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.ACCEPTED})
ANY = frozenset(Stage)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """A cause, and the replies that mean it.

    `text` is searched in the whole reply, code and enhanced status included, without regard
    to case. `pauses` is the lowest code at which it stops the whole account (0: never).
    """

    cause: str
    text: re.Pattern[str]
    stages: frozenset[Stage]
    pauses: int = 0
    wait: timedelta | None = None

    def matches(self, stage: Stage, reply: str) -> bool:
        return stage in self.stages and self.text.search(reply) is not None

    def kind(self, code: int) -> Kind | None:
        """ACCOUNT where the rule says so; None leaves it to stage and code."""
        return Kind.ACCOUNT if self.pauses and code >= self.pauses else None


def _rule(
    cause: str,
    *texts: str,
    stages: frozenset[Stage] = SENDING,
    pauses: int = 0,
    wait: timedelta | None = None,
) -> Rule:
    return Rule(cause, re.compile("|".join(texts), re.IGNORECASE), stages, pauses, wait)


_BLOCKED = (
    r"account (is |has been )?(disabled|suspended|blocked|locked|paused)",
    r"conta (est[aá] )?(bloqueada|suspensa|desativada)",
)
LOGIN_RULES = (
    _rule(
        "app_password_required",
        r"application-specific password|app[- ]password|senha de app",
        stages=LOGIN,
    ),
    _rule(
        "smtp_auth_disabled",
        r"(SmtpClientAuthentication|basic authentication|smtp (auth\w*|access))\b.*\bdisabled",
        r"security defaults",
        stages=LOGIN,
    ),
    _rule("account_blocked", r"log ?in via your web browser", *_BLOCKED, stages=LOGIN),
    _rule(
        "tls_required",
        r"\b538 |must issue a STARTTLS|STARTTLS (is )?required|encryption required",
        r"requires? (a )?(TLS|secure|encrypted)",
        stages=ANY,
        pauses=500,
    ),
    _rule(
        "login_throttled",
        r"too many (failed )?(login|auth)\w*|login attempts|muitas tentativas",
        stages=LOGIN,
    ),
    _rule(
        "wrong_password",
        r"\b53[45] |5\.7\.8|incorrect authentication|invalid (login|credentials|user|password)",
        r"senha (inv[aá]lida|incorreta)|usu[aá]rio ou senha",
        stages=LOGIN,
    ),
)
# A mailbox's quota comes before the account's, except where the text is unmistakable.
LIMIT_RULES = (
    _rule("quota", r"SubmissionQuotaExceeded|\b5\.1\.90\b", pauses=400, wait=DAY),  # Microsoft 365
    _rule(
        "mailbox_full",
        r"\b[45]\.2\.2\b|mailbox (is )?full|over ?quota|out of storage",
        r"(mailbox|user) .{0,30}quota|caixa (postal )?cheia|inbox is (full|out of)",
    ),
    _rule(
        "rate_limited",
        r"maximum sending rate|sender thread limit|concurrent connections? limit",
        r"submission rate .{0,60}exceeded|too many (concurrent )?connections|throttle delay",
        r"rate limit|too (fast|quickly)|taxa de envio",
        pauses=500,
        wait=MINUTE,
    ),
    _rule(
        "quota",
        r"5\.4\.5 .*(daily|sending|limit|quota)",  # Gmail, Workspace relay
        r"\b(daily|hourly|user|relay|sending|submission|outbound|smtp|message|account)\b"
        r"[\w\s]{0,40}\b(limit|quota)\b[^.]{0,40}\b(exceed|reach)",
        r"\b(exceed|reach)\w*\b[^.]{0,40}\b(sending|daily|hourly|message|e-?mail)\w*\b"
        r"[^.]{0,20}\b(limit|quota)",
        r"max(imum)? (defers|emails|messages|number of e-?mails)[^.]{0,40}(per|an?) (hour|day)",
        r"(limite|quota|cota)\b[^.]{0,60}\b(envio|e-?mail|mensage|hora|di[aá]ri)\w*\b[^.]{0,60}"
        r"\b(excedid|atingid|ultrapassad|esgotad)",
        r"\b(excedeu|atingiu|ultrapassou|excedido|atingido)\b[^.]{0,60}"
        r"\b(limite|cota|quota)\b[^.]{0,30}\b(envio|e-?mail|mensage|hora|di[aá]ri)",
        r"sender is throttled|too many (messages|e-?mails) ",
        stages=ANY,
        pauses=400,
    ),
)
SENDER_RULES = (
    _rule(
        "account_blocked",
        r"unusual sending activity|bad outbound sender|sender address blocked",
        r"sending (has been |is )?paused|envio (bloqueado|suspenso)",
        *_BLOCKED,
        pauses=500,
    ),
    _rule(
        "sender_unauthenticated",
        r"5\.7\.(26|27|29|30|32|40)\b|sender is unauthenticated",
        r"\b(SPF|DKIM|DMARC)\b.{0,80}(fail|did not pass|reject|unauth|policy)",
        pauses=500,
    ),
    _rule(
        "sender_not_verified",
        r"e-?mail address is not verified|identities failed|not authorized to perform .?ses:",
        r"dom[ií]nio .{0,40}n[aã]o (validado|verificado)",
        pauses=500,
    ),
    _rule(
        "sender_refused",
        r"sender address rejected|sender (is )?(verify failed|not allowed|denied)",
        r"not owned by user|SendAs ?Denied|send as this sender|\b5\.7\.60\b|\b[45]\.1\.[78]\b",
        r"relaying disallowed as|from address",
        r"remetente .{0,40}(inv[aá]lid|n[aã]o (autorizad|permitid)|recusad)",
        pauses=500,
    ),
    _rule(
        "auth_required",
        r"\b530 |authentication (is )?required|5\.7\.57|client not authenticated",
        r"authenticate first|requer autentica",
        pauses=500,
    ),
    _rule(
        "relay_denied",
        r"relay(ing)? (access )?(denied|not permitted|prohibited|disallowed)|rcpthosts",
        r"retransmiss[aã]o (negada|n[aã]o permitida)",
        pauses=500,
    ),
    _rule(
        "blocked_ip",
        r"spamhaus|spamcop|barracuda|\b(rbl|dnsbl|block ?list|black ?list)",
        r"client host .{0,60}(blocked|rejected)|poor reputation|reverse (dns|hostname)",
        stages=ANY,
        pauses=500,
    ),
)
MESSAGE_RULES = (
    _rule("greylisted", r"gr[ea]y-? ?list", wait=5 * MINUTE),
    _rule(
        "message_too_big",
        r"\b5\.3\.4\b|size (limit|exceed)|too (big|large)|exceeds? .{0,30}size",
    ),
    _rule(
        "content_refused",
        r"\bvirus\b|security issue|malware|attachment .{0,40}(blocked|not allowed)",
    ),
    _rule("blocked_spam", r"\bspam|unsolicited|content reject|\b5\.7\.0\b.*blocked"),
    _rule(
        "domain_not_found",
        r"\b[45]\.1\.2\b|(domain|host) not found|no such domain|dom[ií]nio inexistente",
    ),
    _rule(
        "mailbox_not_found",
        r"\b5\.1\.(1|10)\b|user unknown|unknown user|no such (user|mailbox|recipient)",
        r"does not exist|unrouteable address|mailbox (unavailable|not found)|invalid recipient",
        r"usu[aá]rio (desconhecido|inexistente)",
    ),
    _rule("recipient_inactive", r"\b5\.2\.1\b|(account|mailbox) .{0,30}(disabled|inactive)"),
    _rule(
        "server_trouble",
        r"\b4\.3\.\d\b|temporar(y|ily) .{0,40}(error|problem|failure|unavailable)",
        r"lookup failure|insufficient system",
        stages=ANY,
    ),
)
RULES = (*LOGIN_RULES, *LIMIT_RULES, *SENDER_RULES, *MESSAGE_RULES)
