import pytest
from flask import Flask

from portal.web.limits import storage_uri
from portal.web.paths import local_path
from tests.support.routes import Outline


@pytest.fixture
def frame(app: Flask, monkeypatch):
    """Gives the frame what other rooms give it: the checklist's count, the state of sending."""

    def give(**values):
        processors = [*app.template_context_processors[None], lambda: values]
        monkeypatch.setitem(app.template_context_processors, None, processors)

    return give


def test_the_menu_follows_the_manual(admin):
    nav = admin.get("/conta").text.split('id="menu"')[1].split("</nav>")[0]
    places = [
        "Início", "Checklist", "Clientes", "Contratos",
        "Financeiro", "Gerar financeiro", "Emissão de boletos", "Títulos",
        "Cadastros", "Carteiras de cobrança",
        "Configurações", "E-mail SMTP", "Parâmetros financeiro", "Parâmetros gerais",
        "Sistema", "Log de e-mail", "Usuários", "Auditoria",
    ]  # fmt: skip
    found = [nav.index(f">{place}") for place in places]
    assert found == sorted(found)


def test_the_checklist_shows_how_many_items_are_missing(admin, frame):
    frame(frame_missing=2)
    assert '<span class="menu-count">2<span class="visually-hidden"> itens faltam' in (
        admin.get("/conta").text
    )
    frame(frame_missing=0)
    assert "menu-count" not in admin.get("/conta").text


def test_the_top_bar_shows_the_state_of_sending(admin, frame):
    frame(frame_sending={"tone": "danger", "text": "Pausado: <senha>", "url": "/x?a=1&b=2"})
    page = admin.get("/conta").text
    assert 'class="sending sending-danger" href="/x?a=1&amp;b=2"' in page
    assert "Pausado: &lt;senha&gt;" in page
    frame(frame_sending=None)
    assert 'class="sending' not in admin.get("/conta").text


def test_a_page_begins_with_the_way_past_the_menu(admin):
    outline = Outline(admin.get("/conta").text)
    first = next(outline.all("a"))
    assert (first["class"], first["href"]) == ("skip-link", "#conteudo")
    assert any(main["id"] == "conteudo" for main in outline.all("main"))


def test_the_search_keeps_what_was_asked(admin):
    page = Outline(admin.get("/conta").text)
    search = next(field for field in page.all("input") if field.get("name") == "q")
    assert search["maxlength"] == "100"
    assert next(page.all("form"))["role"] == "search"


def test_a_stranger_sees_no_menu(web):
    page = web.get("/entrar").text
    assert "Menu principal" not in page
    assert "<h1>Entrar</h1>" in page


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/", "/"),
        ("/a?b=c#d", "/a?b=c#d"),
        ("/busca?q=//x", "/busca?q=//x"),
        ("", None),
        (None, None),
        ("//x", None),
        ("/\\x", None),
        ("/a\\b", None),
        ("http://x", None),
        ("a", None),
        ("/\u2028", None),
        ("/\r\nSet-Cookie: a=b", None),
    ],
)
def test_only_paths_of_this_site_are_local(target, path):
    assert local_path(target) == path


def test_sockets_are_named_as_the_limits_library_wants_them():
    assert storage_uri("unix:///run/redis.sock") == "redis+unix:///run/redis.sock"
    assert storage_uri("rediss://host:6380/1") == "rediss://host:6380/1"
