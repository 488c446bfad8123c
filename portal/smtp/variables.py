"""`#variavel#` in a message: find them, refuse unknown ones, replace them in one pass.

No template language: a name of the catalogue between two `#` is replaced, everything else is
literal text. A value that looks like a variable is not looked at again.
"""

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

from portal.smtp.catalogue import BLOCKS, BY_NAME, CATALOGUE, Variable, grouped
from portal.smtp.facts import (
    ClientFacts,
    CompanyFacts,
    ContractFacts,
    MessageFacts,
    TitleFacts,
)
from portal.smtp.markup import html_to_text, is_html, text_to_html, unwrap_blocks
from portal.smtp.wording import clean_line, clean_text

__all__ = [
    "BODY_LIMIT",
    "CATALOGUE",
    "SUBJECT_LIMIT",
    "VARIABLE_LIMIT",
    "ClientFacts",
    "CompanyFacts",
    "ContractFacts",
    "MessageFacts",
    "MessageTooLarge",
    "Problem",
    "Rendered",
    "TitleFacts",
    "Token",
    "Unknown",
    "Variable",
    "find",
    "grouped",
    "problems",
    "render",
    "unknown",
]

SUBJECT_LIMIT = 200  # characters, before and after replacement
BODY_LIMIT = 100_000  # bytes as UTF-8
VARIABLE_LIMIT = 500  # in subject and body together
RENDERED_LIMIT = 1_000_000  # characters of one part: 500 tables of many titles would be more
_TOKEN = re.compile(r"#([a-z_]{3,})#")
# What only differs in capitals, accents, blanks or hyphens from a known name was meant as one.
_ALMOST = re.compile(r"#([\w .-]{3,40})(?=#)")
# `#cliente.nome#`: whoever writes an attribute expects a template language; there is none.
_ATTRIBUTE = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+")
_MAX_REPORTED = 50


class MessageTooLarge(ValueError):
    """Subject, body or result go beyond the limits; the message is fit to be shown."""


@dataclass(frozen=True, slots=True)
class Token:
    """`#name#` at `start:end`; line and column count from 1."""

    name: str
    start: int
    end: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A variable that does not exist, and the nearest name that does."""

    name: str
    line: int
    column: int
    suggestion: str | None

    @property
    def message(self) -> str:
        hint = f" Você quis dizer #{self.suggestion}#?" if self.suggestion else ""
        return f"#{self.name}# não existe.{hint}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a message cannot be saved. `field` is subject or body; line 0: the whole field."""

    field: str
    code: str
    message: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message for one client. `html` still has to pass message.sanitise_html."""

    subject: str
    text: str
    html: str


def find(text: str) -> list[Token]:
    """All `#nome#` in `text`, known or not, in order."""
    return list(_tokens(text, _TOKEN, closing=0))


def unknown(text: str) -> list[Unknown]:
    """The variables in `text` that do not exist, with place and nearest name; at most 50."""
    exact = find(text)
    found = [token for token in exact if token.name not in BY_NAME]
    hashes = {place for token in exact for place in (token.start, token.end - 1)}
    for token in _tokens(text, _ALMOST, closing=1):
        meant = _plain(token.name) in BY_NAME or _ATTRIBUTE.fullmatch(token.name)
        if token.start not in hashes and meant:
            found.append(token)
    found.sort(key=lambda token: token.start)
    return [
        Unknown(token.name, token.line, token.column, _nearest(token.name))
        for token in found[:_MAX_REPORTED]
    ]


def problems(subject: str, body: str) -> list[Problem]:
    """Everything that keeps this message from being saved; empty when it is ready."""
    too_large = _size_problems(subject, body)
    if too_large:
        return too_large
    out = []
    if not subject.strip():
        out.append(Problem("subject", "subject_missing", "Escreva o assunto."))
    if not body.strip():
        out.append(Problem("body", "body_missing", "Escreva a mensagem."))
    for field, text in (("subject", subject), ("body", body)):
        out += [
            Problem(field, "unknown_variable", item.message, item.line, item.column)
            for item in unknown(text)
        ]
    out += [
        Problem(
            "subject", "block_in_subject", f"#{token.name}# não cabe no assunto.", 1, token.column
        )
        for token in find(subject)
        if token.name in BLOCKS
    ]
    return out


def render(subject: str, body: str, facts: MessageFacts) -> Rendered:
    """The message for these facts: subject in one line, a text part and an HTML part.

    Values are escaped in the HTML part. Unknown variables stay as they are (saving refuses
    them). Raises MessageTooLarge.
    """
    for problem in _size_problems(subject, body):
        raise MessageTooLarge(problem.message)
    values: dict[str, str] = {}

    def value(name: str) -> str:
        if name not in values:
            raw = BY_NAME[name].value(facts)
            values[name] = raw if name in BLOCKS else clean_line(raw)
        return values[name]

    def html_value(name: str) -> str:
        own = BY_NAME[name].html
        return own(facts) if own else escape(value(name))

    body = clean_text(body)
    written_as_html = is_html(body)
    text = html_to_text(body) if written_as_html else body.strip()
    html = unwrap_blocks(body, BLOCKS) if written_as_html else text_to_html(body, BLOCKS)
    text = _fill(text, lambda name: f"\n{value(name)}\n" if name in BLOCKS else value(name))
    return Rendered(
        subject=_short(clean_line(_fill(subject, value))),
        text=re.sub(r"\n{3,}", "\n\n", text).strip(),
        html=_fill(html, html_value),
    )


def _tokens(text: str, pattern: re.Pattern[str], *, closing: int) -> Iterator[Token]:
    line, line_start, seen = 1, 0, 0
    for match in pattern.finditer(text):
        breaks = text.count("\n", seen, match.start())
        if breaks:
            line += breaks
            line_start = text.rfind("\n", seen, match.start()) + 1
        seen = match.start()
        yield Token(match[1], seen, match.end() + closing, line, seen - line_start + 1)


def _fill(template: str, value: Callable[[str], str]) -> str:
    """`template` with every known token replaced, in one pass."""
    parts: list[str] = []
    length = 0
    for index, part in enumerate(_TOKEN.split(template)):
        if index % 2:
            part = value(part) if part in BY_NAME else f"#{part}#"
        length += len(part)
        if length > RENDERED_LIMIT:
            raise MessageTooLarge("A mensagem ficou grande demais: use menos variáveis.")
        parts.append(part)
    return "".join(parts)


def _short(subject: str) -> str:
    return subject if len(subject) <= SUBJECT_LIMIT else subject[: SUBJECT_LIMIT - 1] + "…"


def _size_problems(subject: str, body: str) -> list[Problem]:
    out = []
    if len(subject) > SUBJECT_LIMIT:
        message = f"O assunto passa de {SUBJECT_LIMIT} caracteres (tem {len(subject)})."
        out.append(Problem("subject", "too_long", message))
    size = len(body) if len(body) > BODY_LIMIT else len(body.encode("utf-8", "surrogatepass"))
    if size > BODY_LIMIT:
        message = f"A mensagem passa de {BODY_LIMIT // 1000} kB (tem {size // 1000} kB)."
        out.append(Problem("body", "too_long", message))
    if not out and _TOKEN.subn("", subject)[1] + _TOKEN.subn("", body)[1] > VARIABLE_LIMIT:
        message = f"A mensagem usa mais de {VARIABLE_LIMIT} variáveis."
        out.append(Problem("body", "too_many_variables", message))
    return out


def _nearest(name: str) -> str | None:
    """The known name that was probably meant; the order of its words does not matter."""
    plain = _plain(name)[:60]
    for near in (plain, _BY_WORDS.get(_words(plain), "")):
        if near in BY_NAME:
            return near
    close = difflib.get_close_matches(plain, BY_NAME, n=1, cutoff=0.6)
    return close[0] if close else None


def _words(name: str) -> str:
    return " ".join(sorted(name.split("_")))


_BY_WORDS = {_words(name): name for name in BY_NAME}


def _plain(name: str) -> str:
    """`Cliente Nome`, `cliénte-nome` as `cliente_nome`."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[ .-]+", "_", letters.strip().lower())
