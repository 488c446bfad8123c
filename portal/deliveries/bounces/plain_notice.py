"""Notices that are not written as RFC 3464: Exim's, qmail's, and those of old gateways.

Exim names the recipients in `X-Failed-Recipients`. The others are believed only when a mail
daemon wrote them, their subject speaks of a failed delivery, and a server's reply code stands in
the text.
"""

import re
from dataclasses import dataclass

FAILED, DELAYED = "failed", "delayed"
MOST = 50
PARAGRAPH = 12  # lines in which the reply of a server is looked for
_MACHINES = re.compile(r"^(mailer-daemon|postmaster|mail-daemon|maildaemon|mdaemon)\b")
_SUBJECT = re.compile(
    r"undeliver|delivery (status|failure|has failed|problem)|mail delivery|returned mail"
    r"|failure notice|delayed|could not send|delivery .{0,30}(failed|delayed)"
    r"|n[aã]o (foi )?(entregue|entregu)|devolvid|devolu|falha (na|de) entrega|retorno de mensagem",
    re.IGNORECASE,
)
_LATE = re.compile(r"delayed|warning|atrasad|adiad|still being retried", re.IGNORECASE)
# From here on the notice quotes the mail that came back.
_COPY = re.compile(
    r"^[ >]*-{2,}.{0,80}(copy of|below this line|original|c[oó]pia).*$"
    r"|^[ >]*(mensagem|message) original\b.*$",
    re.IGNORECASE | re.MULTILINE,
)
_RECIPIENT = re.compile(r"^\s*<?([^\s<>:;,\"()]{1,64}@[^\s<>:;,\"()]{1,189})>?:?(?:\s.*)?$")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -#])")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Told:
    """What a notification says of one recipient."""

    recipient: str
    action: str
    status: str
    diagnostic: str


def is_from_machine(sender: str) -> bool:
    """Whether a mail system signs: mailer-daemon, postmaster."""
    return _MACHINES.match(sender) is not None


def is_about_failure(subject: str) -> bool:
    """Whether the subject speaks of a mail that did not arrive."""
    return _SUBJECT.search(subject) is not None


def read(sender: str, subject: str, failed: str, text: str) -> list[Told]:
    """The recipients of a plain notice. `failed` is the header X-Failed-Recipients."""
    said = _COPY.split(text, maxsplit=1)[0]
    paragraphs = _paragraphs(said)
    if failed.strip():
        named = [item.strip(" <>") for item in failed.split(",")]
        return [
            _told(item, FAILED, paragraphs.get(item.lower(), said), "5.0.0")
            for item in named[:MOST]
            if "@" in item and item.isprintable()
        ]
    if not (is_from_machine(sender) and is_about_failure(subject)):
        return []
    action = DELAYED if _LATE.search(subject) else FAILED
    told = [_told(item, action, words, "") for item, words in list(paragraphs.items())[:MOST]]
    return [item for item in told if item.status]


def better_status(status: str, diagnostic: str) -> str:
    """The enhanced code; where it is missing or says nothing (x.0.0), the diagnostic's own.

    A reply without one (`550 no such user`) gives 5.0.0, `450 …` 4.0.0.
    """
    own = _STATUS.search(status)
    if own is not None and not own[1].endswith(".0.0"):
        return own[1]
    told = _STATUS.search(diagnostic)
    if told is not None and (own is None or told[1][0] == own[1][0]):
        return told[1]
    if own is not None:
        return own[1]
    code = _CODE.search(diagnostic)
    return f"{code[1][0]}.0.0" if code else ""


def reply_code(status: str, diagnostic: str) -> int | None:
    """The three digits of the server's reply, else those that the status stands for."""
    match = _CODE.search(diagnostic)
    if match:
        return int(match[1])
    return {"5": 550, "4": 450}.get(status[:1])


def _told(recipient: str, action: str, words: str, default: str) -> Told:
    diagnostic = _reply(words)
    return Told(recipient[:254], action, better_status("", diagnostic) or default, diagnostic)


def _paragraphs(said: str) -> dict[str, str]:
    """The lines after each recipient that stands at the beginning of a line."""
    lines = said.splitlines()[:500]
    found: dict[str, str] = {}
    for number, line in enumerate(lines):
        match = _RECIPIENT.match(line) if "@" in line and len(line) < 500 else None
        if match is not None and match[1].lower() not in found:
            found[match[1].lower()] = _until_next(lines, number)
    return found


def _until_next(lines: list[str], start: int) -> str:
    rest = lines[start + 1 : start + PARAGRAPH]
    end = next((i for i, line in enumerate(rest) if _RECIPIENT.match(line[:300])), len(rest))
    return "\n".join([_after_address(lines[start]), *rest[:end]])


def _after_address(line: str) -> str:
    """What follows the address in its own line, as in `maria@example.com: 550 no such user`."""
    return line.partition("@")[2].partition(" ")[2]


def _reply(words: str) -> str:
    """The server's reply: the line with its code, and the lines that belong to it."""
    lines = words.splitlines()
    for number, line in enumerate(lines):
        match = _CODE.search(line) or _STATUS.search(line)
        if match is None:
            continue
        rest = [line[match.start() :]]
        for following in lines[number + 1 : number + 6]:
            if not following.strip():
                break
            rest.append(following)
        return _SPACE.sub(" ", " ".join(rest)).strip()[:1000]
    return ""
