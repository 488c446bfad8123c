"""Every route of the application, for tests that must hold on all of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

# What a stranger may see. Everything else asks for a permission.
PUBLIC = {
    "/static/<path:filename>",
    "/entrar",
    "/senha-nova",  # opened by a signed link
    "/health/live",
    "/health/ready",
    "/metrics",
}

# Messages as the client's mail program shows them: documents for a sandboxed frame, not pages.
FRAMED = {
    "/configuracoes/smtp/<int:account_id>/mensagem/previa.html",
    "/sistema/log-email/<int:message_id>/mensagem.html",
}


@dataclass(frozen=True)
class Route:
    """One rule of the URL map."""

    rule: Rule
    permission: Any

    @property
    def reads(self) -> bool:
        return "GET" in (self.rule.methods or ())

    @property
    def writes(self) -> bool:
        return "POST" in (self.rule.methods or ())

    @property
    def method(self) -> str:
        return "GET" if self.reads else "POST"

    @property
    def only_ids(self) -> bool:
        """Whether every part of the URL that varies is a number."""
        kinds = {type(converter).__name__ for converter in self.rule._converters.values()}
        return kinds <= {"IntegerConverter"}

    def url(self, number: int = 1, word: str = "nao-existe") -> str:
        """The URL with `number` for every id and `word` for every other part."""
        values = {
            name: number if type(converter).__name__ == "IntegerConverter" else word
            for name, converter in self.rule._converters.items()
        }
        _, path = self.rule.build(values) or ("", "")
        return path

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule}"


def routes(app: Flask) -> list[Route]:
    """All of them but the API's, the public ones too."""
    return [
        Route(rule, getattr(app.view_functions[rule.endpoint], "permission", None))
        for rule in app.url_map.iter_rules()
        if not rule.rule.startswith("/api/v1/")  # asks for tokens: tests/api walks it
    ]


def private(app: Flask) -> list[Route]:
    """Those that ask for a permission; never empty."""
    found = [route for route in routes(app) if route.rule.rule not in PUBLIC]
    assert len(found) > 10
    return found


class Outline(HTMLParser):
    """What a page is made of: its tags in order, and the text of some of them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        for tag in ("h1", "title", "script", "style"):
            if tag in self._open:
                self.texts[tag][-1] += data

    def all(self, tag: str) -> Iterator[dict[str, str | None]]:
        """Attributes of every `tag`."""
        return (attrs for name, attrs in self.tags if name == tag)
