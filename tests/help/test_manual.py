"""The manual holds together, speaks of every screen, and says what the code does."""

import re
from html.parser import HTMLParser

import pytest

from portal.deliveries import backoff, labels
from portal.deliveries.labels import REASONS, REQUIREMENTS, STATES
from portal.help import links, manual
from portal.help.manual import FILES, PICTURES
from portal.issuance.forms import MAX_SELECTED
from portal.settings.models import FinancialSettings
from portal.users.reset_links import VALID
from portal.web.menu import MENU
from portal.web.sessions import LIFETIME
from portal.webhooks.sender import TOO_MANY

WHY = "quando-um-boleto-nao-foi-enviado"


class Targets(HTMLParser):
    """Every `href`, `src` and `id` of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {"href": [], "src": [], "id": []}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in self.found:
                self.found[name].append(value or "")


def places() -> set[str]:
    """Every `chapter` and `chapter#section` that can be linked to."""
    found = set()
    for chapter in manual.chapters().values():
        ids = Targets(chapter.html).found["id"]
        assert len(ids) == len(set(ids)), f"{chapter.slug}: two sections of one name"
        found |= {chapter.slug, *(f"{chapter.slug}#{anchor}" for anchor in ids)}
    return found


def text_of(slug: str) -> str:
    """All words of a chapter, blanks made one."""
    return " ".join(" ".join(part.text for part in manual.chapters()[slug].sections).split())


def test_every_file_of_the_folder_is_a_chapter():
    assert len(manual.chapters()) == len(list(FILES.iterdir())) > 20


def test_every_screen_of_the_menu_has_its_chapter():
    screens = {item.section for _, items in MENU for item in items} - {"help"}
    assert screens == set(links.SECTIONS)


def test_every_page_that_is_linked_to_a_section_exists(app):
    assert set(links.PAGES) <= set(app.view_functions)


def test_no_link_to_the_manual_or_inside_it_is_broken():
    inside = [
        (chapter.slug, href.removeprefix("/ajuda/"))
        for chapter in manual.chapters().values()
        for href in Targets(chapter.html).found["href"]
        if not href.startswith("/ajuda/imagens/")
    ]
    outside = [("links.py", place) for place in (*links.SECTIONS.values(), *links.PAGES.values())]
    assert len(inside) > 10
    assert [pair for pair in inside + outside if pair[1] not in places()] == []


def test_every_picture_is_there_and_described():
    for chapter in manual.chapters().values():
        for source in Targets(chapter.html).found["src"]:
            name = source.removeprefix("/ajuda/imagens/")
            assert (PICTURES / name).is_file(), f"{chapter.slug}: {source}"
        assert 'alt=""' not in chapter.html


def test_pictures_stay_small():
    sizes = [path.stat().st_size for path in PICTURES.glob("*.png")]
    assert max(sizes) < 200_000
    assert sum(sizes) < 4_000_000


@pytest.mark.parametrize("code", REQUIREMENTS)
def test_each_rule_has_its_section_in_the_rules_own_words(code):
    parts = {part.title: part.text for part in manual.chapters()[WHY].sections}
    assert f"{REASONS[code]}." in parts[REQUIREMENTS[code]]


def test_each_state_has_its_section():
    titles = [part.title for part in manual.chapters()[WHY].sections]
    assert [titles.count(label.text) for label in STATES.values()] == [1] * len(STATES)


def test_the_checklist_chapter_names_every_status():
    for label in labels.STATUSES.values():
        assert f"{label.sign} {label.text}" in text_of("checklist")


def test_the_numbers_are_those_of_the_code():
    expires = FinancialSettings.__table__.c.expire_after_days.default.arg
    hours = sum(backoff._DELAYS) / 60
    said = [
        (WHY, f"até {backoff.MAX_TRIES} tentativas, em cerca de {hours:.0f} horas"),
        (WHY, f"({expires}, se ninguém mudou)"),
        ("emissao-de-boletos", f"no máximo {MAX_SELECTED // 1000}.000 títulos"),
        ("usuarios", f"vale {VALID.total_seconds() / 3600:.0f} horas"),
        ("minha-conta", f"termina sozinha em {LIFETIME.total_seconds() / 3600:.0f} horas"),
        ("integracoes", f"Depois de {TOO_MANY} falhas seguidas"),
    ]
    assert [pair for pair in said if pair[1] not in text_of(pair[0])] == []


def test_no_line_of_the_manual_is_html():
    for path in FILES.iterdir():
        assert not re.search(r"<[a-z/!]", path.read_text(encoding="utf-8")), path.name
