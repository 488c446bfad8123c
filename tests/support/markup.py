"""A page as a strict reader sees it: whether its HTML is valid, and what refers to what."""

from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from html5lib import HTMLParser

REFERENCES = ("aria-describedby", "aria-labelledby", "aria-controls", "list", "for", "form")
FILLED = {"input", "select", "textarea"}
SELF_NAMED = {"hidden", "submit", "button", "image", "reset"}


def faults(html: str) -> list[str]:
    """What is wrong with the markup of a page or fragment, in words; empty for a valid one."""
    parser = HTMLParser(namespaceHTMLElements=False)
    whole = html.lstrip()[:9].lower() == "<!doctype"
    root = parser.parse(html) if whole else parser.parseFragment(html)
    found = [f"line {place[0]}: {code} {facts}" for place, code, facts in parser.errors]
    found += [
        f"id {name!r} {count} times" for name, count in Counter(_ids(root)).items() if count > 1
    ]
    if whole:
        found += _lost(root)
    return [*found, *_nameless(root)]


def fields(root: Element) -> Iterator[Element]:
    """The controls of a form that a person fills."""
    for element in root.iter():
        kind = element.get("type", "text") if element.tag == "input" else element.tag
        if element.tag in FILLED and kind not in SELF_NAMED:
            yield element


def tree(html: str) -> Element:
    """The page's elements, without namespaces."""
    root: Element = HTMLParser(namespaceHTMLElements=False).parse(html)
    return root


def _ids(root: Element) -> list[str]:
    return [name for element in root.iter() if (name := element.get("id"))]


def _lost(root: Element) -> Iterator[str]:
    """References to ids that the page does not have."""
    known = set(_ids(root))
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue  # a comment
        for name in REFERENCES:
            for target in (element.get(name) or "").split():
                if target not in known:
                    yield f"<{element.tag} {name}={target!r}> leads nowhere"
        href = element.get("href") or ""
        if element.tag == "a" and href.startswith("#") and href[1:] not in known:
            yield f"<a href={href!r}> leads nowhere"


def _nameless(root: Element) -> Iterator[str]:
    """Controls that no label names, and buttons and links without words."""
    labelled = {element.get("for") for element in root.iter("label")}
    inside = {id(field) for label in root.iter("label") for field in fields(label)}
    for field in fields(root):
        named = field.get("aria-label") or field.get("aria-labelledby") or id(field) in inside
        if not named and field.get("id") not in labelled and field.get("aria-hidden") != "true":
            yield f"<{field.tag} name={field.get('name')!r}> has no label"
    for tag in ("button", "a"):
        for element in root.iter(tag):
            if not ("".join(element.itertext()).strip() or element.get("aria-label")):
                yield f"<{tag} {element.attrib}> has no words"
