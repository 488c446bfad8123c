"""A message is written once, as text or as simple HTML; both parts are made from it."""

import html
import re

_TAG = re.compile(
    r"</?(?:a|b|blockquote|br|code|div|em|font|h[1-6]|hr|html|i|img|li|ol|p|pre|s|script|small|"
    r"span|strong|style|sub|sup|table|tbody|td|th|thead|tr|u|ul)(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
_ANY_TAG = re.compile(
    r"<(?:(?P<slash>/?)(?P<name>[a-z][a-z0-9]*)(?P<attributes>(?:[\s/][^<>]*)?)|![^<>]*)>",
    re.IGNORECASE,
)
_HREF = re.compile(r"""\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE)
_SILENT = {"script", "style", "title", "head", "template"}
_BEFORE = {"br": "\n", "hr": "\n", "tr": "\n", "li": "\n- "}
_AFTER = {"td": "  ", "th": "  "}
_PARAGRAPHS = {"p", "div", "table", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4"}


def is_html(body: str) -> bool:
    """Whether the author wrote HTML: at least one tag that a message may have."""
    return _TAG.search(body) is not None


def text_to_html(body: str, blocks: frozenset[str]) -> str:
    """Text as escaped paragraphs: an empty line parts paragraphs, a line end stays one.

    Tokens stay in place; those named in `blocks` are set between paragraphs.
    """
    parting = re.compile("(" + "|".join(f"#{name}#" for name in sorted(blocks)) + ")")
    parts: list[str] = []
    for paragraph in re.split(r"\n[ \t]*\n", body):
        for piece in parting.split(paragraph):
            if parting.fullmatch(piece):
                parts.append(piece)
            elif piece.strip():
                lines = html.escape(piece.strip(), quote=False).split("\n")
                parts.append(f"<p>{'<br>'.join(line.strip() for line in lines)}</p>")
    return "\n".join(parts)


def unwrap_blocks(body: str, blocks: frozenset[str]) -> str:
    """HTML in which a block token alone in a paragraph stands by itself: no table inside <p>."""
    names = "|".join(sorted(blocks))
    return re.sub(rf"(?i)<p(?:\s[^<>]*)?>\s*(#(?:{names})#)\s*</p>", r"\1", body)


def html_to_text(body: str) -> str:
    """What a reader of the text part sees: no tags, addresses of links in brackets.

    Takes time in proportion to the length, whatever is in it (the parser of the standard
    library does not, and stops at some declarations).
    """
    reader = _Reader()
    position = 0
    body = _without_comments(body)
    for match in _ANY_TAG.finditer(body):
        reader.data(body[position : match.start()])
        reader.tag(match["name"] or "", match["attributes"] or "", closing=bool(match["slash"]))
        position = match.end()
    reader.data(body[position:])
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _without_comments(body: str) -> str:
    first, *rest = body.split("<!--")
    return first + "".join(piece.partition("-->")[2] for piece in rest)


class _Reader:
    """Collects the text between tags."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._silent = 0
        self._link: tuple[str, int] | None = None

    def data(self, raw: str) -> None:
        if not self._silent:
            self.parts.append(html.unescape(raw).replace("\n", " "))

    def tag(self, name: str, attributes: str, *, closing: bool) -> None:
        name = name.lower()
        if name in _SILENT:
            self._silent = max(0, self._silent + (-1 if closing else 1))
        elif name == "a":
            self._close_link()
            if not closing:
                self._link = (_address(attributes), len(self.parts))
        elif name in _PARAGRAPHS:
            self.parts.append("\n\n")
        elif closing:
            self.parts.append(_AFTER.get(name, ""))
        else:
            self.parts.append(_BEFORE.get(name, ""))

    def _close_link(self) -> None:
        if self._link is None:
            return
        address, start = self._link
        self._link = None
        if address and address not in "".join(self.parts[start:]):
            self.parts.append(f" ({address})")


def _address(attributes: str) -> str:
    """Where a link leads, as a person writes it; nothing for what no reader can follow."""
    match = _HREF.search(attributes)
    href = html.unescape(match[1].strip("\"'")) if match else ""
    if href.startswith(("http://", "https://")):
        return href
    return re.sub(r"^(mailto|tel):", "", href) if href.startswith(("mailto:", "tel:")) else ""
