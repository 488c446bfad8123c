"""/ajuda: what it shows, what it finds, and what it never lets through."""

import pytest

from portal.help.markup import Chapter, anchor_of, chapter
from portal.help.search import search
from tests.support.company import fill
from tests.support.routes import Outline


def test_raw_html_and_scripts_stay_text():
    html = chapter("x", "# X\n\n<script>alert(1)</script>\n\n[a](javascript:alert(1))\n").html
    assert "<script" not in html
    assert "href" not in html


def test_a_table_has_the_look_of_the_portal_and_no_style_of_its_own():
    html = chapter("x", "# X\n\n|a|b|\n|--:|---|\n|1|2|\n").html
    assert '<table class="table table-dense">' in html
    assert "style" not in html


def test_links_between_files_become_links_between_pages():
    html = chapter("x", "# X\n\n[a](03-todo-mes.md#2-gerar) ![b](../screenshots/b.png)\n").html
    assert 'href="/ajuda/todo-mes#2-gerar"' in html
    assert 'src="/ajuda/imagens/b.png"' in html


def test_a_file_without_its_heading_is_refused():
    with pytest.raises(ValueError, match="first line"):
        chapter("x", "Só texto.\n")


def test_anchors_have_no_accents_and_no_signs():
    assert anchor_of("O que é “incerto”?") == "o-que-e-incerto"


def _chapters() -> list[Chapter]:
    return [
        chapter("um", "# Um\n\n## Prazo\n\nNada aqui.\n\n## Geração\n\nFala do piloto.\n"),
        chapter("dois", "# Dois\n\n## Devolução\n\nO prazo é de 30 dias.\n"),
    ]


def test_search_ignores_accents_and_puts_headings_first():
    assert [hit.section.title for hit in search(_chapters(), "PRAZO")] == ["Prazo", "Devolução"]
    assert [hit.section.anchor for hit in search(_chapters(), "geracao piloto")] == ["geracao"]


@pytest.mark.parametrize("text", ["", "   ", "inexistente", "30 piloto"])
def test_search_finds_nothing_where_not_every_word_is(text):
    assert search(_chapters(), text) == []


def test_the_contents_lead_to_every_chapter(admin):
    page = Outline(admin.get("/ajuda").text)
    chapters = {a["href"] for a in page.all("a") if (a.get("href") or "").startswith("/ajuda/")}
    for url in {href.partition("#")[0] for href in chapters if href}:
        assert admin.get(url).status_code == 200, url


def test_the_search_page_shows_what_was_found_and_escapes_what_was_asked(admin):
    assert "/ajuda/quando-um-boleto-nao-foi-enviado#incerto" in admin.get("/ajuda?q=incerto").text
    nothing = admin.get("/ajuda", query_string={"q": "<b>zzz"}).text
    assert "Nada no manual com" in nothing
    assert "<b>zzz" not in nothing


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("/", "/ajuda/inicio"),
        ("/checklist/base", "/ajuda/checklist#saude-da-base"),
        ("/clientes/1/historico", "/ajuda/clientes#linha-do-tempo"),
        ("/clientes/1", "/ajuda/clientes"),
        ("/sistema/webhooks", "/ajuda/integracoes#webhooks"),
        ("/ajuda", "/ajuda"),
    ],
)
def test_each_page_links_to_what_the_manual_says_of_it(app, admin, url, place):
    with app.app_context():
        fill(3)
    links = [a for a in Outline(admin.get(url).text).all("a") if a.get("class") == "topbar-help"]
    assert [a["href"] for a in links] == [place]


def test_pictures_are_served_from_their_folder_only(admin, web):
    answer = admin.get("/ajuda/imagens/checklist.png")
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    for name in ("../manual/01-primeiro-dia.md", "..%2f..%2fpyproject.toml", "x.png", "x.svg"):
        assert admin.get(f"/ajuda/imagens/{name}").status_code == 404, name
    assert web.get("/ajuda/imagens/checklist.png").status_code == 302
