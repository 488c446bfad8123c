"""The chapters of the manual, read once from the files that stand beside the code."""

import re
from functools import cache
from pathlib import Path

from portal.help.markup import Chapter, chapter

DOCS = Path(__file__).resolve().parents[2] / "docs"
FILES = DOCS / "manual"
PICTURES = DOCS / "screenshots"
_NAME = re.compile(r"\d\d-([a-z0-9-]+)\.md")


@cache
def chapters() -> dict[str, Chapter]:
    """Chapters by slug, in the order of their files' numbers. Raises ValueError for a bad file."""
    named = ((_NAME.fullmatch(path.name), path) for path in sorted(FILES.glob("*.md")))
    return {
        match[1]: chapter(match[1], path.read_text(encoding="utf-8"))
        for match, path in named
        if match
    }
