"""Reading the pages as a person does: words in order, links by their text, counts."""

import re
from html import unescape

from werkzeug.test import TestResponse

_TAG = re.compile(r"<[^>]+>")
_LINK = re.compile(r'<a\b[^>]*\bhref="([^"]+)"[^>]*>(.*?)</a>', re.DOTALL)
_MAIN = re.compile(r"<main\b.*?</main>", re.DOTALL)


def words(answer: TestResponse) -> str:
    """The text of the page's main part (of a fragment: all of it), blanks made one."""
    html = answer.get_data(as_text=True)
    found = _MAIN.search(html)
    return plain(found.group(0) if found else html)


def plain(html: str) -> str:
    return " ".join(unescape(_TAG.sub(" ", html)).split())


def links(answer: TestResponse) -> dict[str, str]:
    """Text → URL of the links of the main part; of two that read alike, the last one."""
    html = answer.get_data(as_text=True)
    found = _MAIN.search(html)
    return {
        plain(text): unescape(url) for url, text in _LINK.findall(found.group(0) if found else html)
    }


def hidden(answer: TestResponse) -> dict[str, str]:
    """The hidden fields of the confirmation form, without the token."""
    found = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.get_data(as_text=True)
    )
    return {name: unescape(value) for name, value in found if name not in ("csrf_token", "next")}
