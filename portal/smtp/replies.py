"""From a server's refusal to a failure: its kind from stage and code, its cause from its words."""

import re
from datetime import timedelta

from portal.smtp.failures import Failure, Kind
from portal.smtp.reply_rules import DAY, HOUR, MINUTE, RULES, Rule
from portal.smtp.stages import Stage

LONGEST_WAIT = DAY
_DEFAULT_CAUSES = {
    Stage.LOGIN: "login_refused",
    Stage.TLS: "starttls_missing",
    Stage.RCPT: "recipient_refused",
}
_STATED_WAIT = re.compile(
    r"(?:again|retry|wait|back|tente|aguarde|novamente|daqui)\D{0,30}(?:(\d+):(\d\d):(\d\d)|"
    r"(\d+)\s*(s|m|h)\w*)\b",
    re.IGNORECASE,
)
_UNITS = {"s": timedelta(seconds=1), "m": MINUTE, "h": HOUR}


def refusal(stage: Stage, code: int, reply: str) -> Failure:
    """The failure that a 4xx or 5xx `reply` (as visible_reply gives it) means at `stage`.

    Greeting and 4xx are temporary; a refused STARTTLS or login stops the account; 5xx in the
    transaction is permanent for this recipient, unless the text speaks of the account (its
    quota, its sender, its block). A clear 4xx or 5xx after the final dot was not accepted.
    Any other code where another was due is no answer: temporary, after the dot uncertain.
    """
    if not 400 <= code <= 599:
        return unclear(stage, code, reply)
    rule = next((rule for rule in RULES if rule.matches(stage, reply)), None)
    default = "try_later" if code < 500 else _DEFAULT_CAUSES.get(stage, "refused")
    cause = rule.cause if rule else default
    wait = _stated_wait(reply) or (rule.wait if rule else None)
    if cause == "quota" and wait is None:
        wait = _window(reply)
    kind = _kind(stage, code, rule)
    return Failure(stage, kind, cause, code=code, reply=reply, retry_after=wait)


def unclear(stage: Stage, code: int | None = None, reply: str = "") -> Failure:
    """No answer that can be understood: nothing was lost before the dot, nobody knows after."""
    if stage is Stage.ACCEPTED:
        return Failure(stage, Kind.UNCERTAIN, "uncertain", code=code, reply=reply)
    return Failure(stage, Kind.TEMPORARY, "garbage", code=code, reply=reply)


def _kind(stage: Stage, code: int, rule: Rule | None) -> Kind:
    if stage is Stage.GREETING:
        return Kind.TEMPORARY
    by_rule = rule.kind(code) if rule else None
    if by_rule is not None:
        return by_rule
    if code < 500:
        return Kind.TEMPORARY
    return Kind.ACCOUNT if stage in (Stage.TLS, Stage.LOGIN) else Kind.PERMANENT


def _stated_wait(reply: str) -> timedelta | None:
    """What the server asks for: "try again in 300 seconds", "retorne daqui a 00:02:00"."""
    match = _STATED_WAIT.search(reply)
    if match is None:
        return None
    if match[1]:
        hours, minutes, seconds = (min(int(match[group]), 1000) for group in (1, 2, 3))
        wait = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    else:
        wait = min(int(match[4]), 100_000) * _UNITS[match[5].lower()]
    return min(wait, LONGEST_WAIT)


def _window(reply: str) -> timedelta:
    """How long until a limit opens again, from its own words; an hour where it says nothing."""
    daily = re.search(r"\bda(y|ily)\b|di[aá]ri|por dia|\b24\b|5\.4\.5", reply, re.IGNORECASE)
    return DAY if daily else HOUR
