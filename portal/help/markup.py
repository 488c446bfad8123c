"""Markdown of the manual as HTML for a page with a strict CSP: no raw HTML, no inline style."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import escape

from portal.core.text import fold

_CHAPTER_LINK = re.compile(r"(?:\d+-)?([a-z0-9-]+)\.md(#[a-z0-9-]+)?")
_PICTURE = re.compile(r"\.\./screenshots/([a-z0-9-]+\.png)")


class _Renderer(RendererHTML):
    """Its methods are the rules for tokens of their names."""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """A picture that a click shows in its own size."""
        source = escape(str(tokens[idx].attrGet("src")))
        return f'<a href="{source}">{super().image(tokens, idx, options, env)}</a>'


_PARSER = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a chapter with what stands under it, as plain text for the search."""

    anchor: str  # "" for what precedes the first heading below the chapter's own
    title: str
    text: str
    level: int  # 2 for h2, 3 for h3


@dataclass(frozen=True, slots=True)
class Chapter:
    """One file of the manual; `html` leaves its h1 out, which is `title`."""

    slug: str
    title: str
    html: str
    sections: tuple[Section, ...]


def chapter(slug: str, markdown: str) -> Chapter:
    """Render one file. Its first line is the only h1; each h2 and h3 is a section with an anchor.

    Raises ValueError for a file without a heading at its top.
    """
    tokens = _PARSER.parse(markdown)
    if len(tokens) < 3 or tokens[0].tag != "h1":
        raise ValueError(f"chapter {slug}: the first line must be its heading")
    title, body = _words(tokens[1]), tokens[3:]
    sections = tuple(_sections(title, body))
    for token in _all(body):
        _fit(token)
    return Chapter(slug, title, _PARSER.renderer.render(body, _PARSER.options, {}), sections)


def anchor_of(title: str) -> str:
    """`E-mails enviados` → `e-mails-enviados`."""
    return re.sub(r"[^a-z0-9]+", "-", fold(title)).strip("-")


def _sections(title: str, tokens: Sequence[Token]) -> Iterable[Section]:
    """Also gives each heading its anchor."""
    anchor, heading, level, texts = "", title, 1, list[str]()
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            yield Section(anchor, heading, " ".join(texts), level)
            heading, level, texts = _words(tokens[place + 1]), int(token.tag[1]), []
            anchor = anchor_of(heading)
            token.attrSet("id", anchor)
        elif token.type == "inline" and tokens[place - 1].type != "heading_open":
            texts.append(_words(token))
        elif token.type in ("fence", "code_block"):
            texts.append(token.content)
    yield Section(anchor, heading, " ".join(texts), level)


def _words(inline: Token) -> str:
    """The text of a token without its markup; of a picture nothing."""
    return "".join(
        " " if child.type.endswith("break") else child.content
        for child in inline.children or ()
        if child.type != "image"
    )


def _all(tokens: Iterable[Token]) -> Iterable[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _fit(token: Token) -> None:
    """Addresses of files become addresses of pages; tables get the portal's look."""
    token.attrs.pop("style", None)  # of aligned columns
    if token.type == "link_open":
        target = _CHAPTER_LINK.fullmatch(str(token.attrGet("href")))
        if target:
            token.attrSet("href", f"/ajuda/{target[1]}{target[2] or ''}")
    elif token.type == "image":
        picture = _PICTURE.fullmatch(str(token.attrGet("src")))
        if picture:
            token.attrSet("src", f"/ajuda/imagens/{picture[1]}")
        token.attrSet("loading", "lazy")
    elif token.type == "table_open":
        token.attrSet("class", "table table-dense")
