"""Search in the manual: the sections that hold every word, whatever the case and the accents."""

from collections.abc import Iterable
from dataclasses import dataclass

from portal.core.text import fold, one_line
from portal.help.markup import Chapter, Section

MAX_QUERY = 100  # characters
HITS = 30
AROUND = 90  # characters shown before and after the first word found


@dataclass(frozen=True, slots=True)
class Hit:
    """A section that was found, and a piece of its text."""

    chapter: Chapter
    section: Section
    excerpt: str


def search(chapters: Iterable[Chapter], text: str) -> list[Hit]:
    """Sections with every word of `text`; those that have them in their heading come first."""
    words = fold(one_line(text)[:MAX_QUERY]).split()
    if not words:
        return []
    titled: list[Hit] = []
    others: list[Hit] = []
    for chapter in chapters:
        for section in chapter.sections:
            heading = fold(f"{chapter.title} {section.title}")
            if all(word in heading for word in words):
                titled.append(Hit(chapter, section, _excerpt(section.text, words)))
            elif all(word in heading or word in fold(section.text) for word in words):
                others.append(Hit(chapter, section, _excerpt(section.text, words)))
    return (titled + others)[:HITS]


def _excerpt(text: str, words: list[str]) -> str:
    """The text around the first word found; its beginning where the words are in the heading."""
    folded = fold(text)
    places = [place for word in words if (place := folded.find(word)) >= 0]
    # Folding keeps the length of most text; elsewhere the piece only begins nearby.
    middle = min(places, default=0)
    start = text.rfind(" ", 0, max(0, middle - AROUND)) + 1
    end = text.find(" ", middle + AROUND)
    before = "… " if start else ""
    after = " …" if end >= 0 else ""
    return f"{before}{text[start : end if end >= 0 else None]}{after}"
