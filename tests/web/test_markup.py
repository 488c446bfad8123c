"""The markup of every page, also of those that a refused form answers with."""

from portal.web.problems import TEXTS
from tests.support.forms import post
from tests.support.markup import faults
from tests.support.routes import Outline, private
from tests.support.walking import is_page, pages

# Pages of nobody's menu item: one's own account, the search, what cannot be shown.
WITHOUT_ITEM = ("/conta", "/busca")
PROBLEMS = {title for title, _ in TEXTS.values()}
# What these change would leave nothing to walk, or nobody to walk it.
LAST = {"/sair", "/sistema/usuarios/<int:user_id>/desativar"}


def test_every_page_is_valid_html_whose_fields_have_labels(app, admin, company):
    wrong = {url: found for url, html in pages(app, admin) if (found := faults(html))}
    assert wrong == {}


def test_every_page_that_answers_a_form_is_valid_html_too(app, admin, company):
    wrong, seen = {}, 0
    for route in private(app):
        if route.writes and route.rule.rule not in LAST:
            answer = post(admin, route.url())
            seen += is_page(answer)
            if answer.mimetype == "text/html" and (found := faults(answer.text)):
                wrong[str(route)] = found
    assert wrong == {}
    assert seen > 5


def test_every_page_marks_where_in_the_menu_it_stands(app, admin, company):
    unmarked = []
    for url, html in pages(app, admin):
        menu = html.split('id="menu"')[1].split("</nav>")[0]
        here = [a for a in Outline(menu).all("a") if a.get("aria-current") == "page"]
        problem = Outline(html).texts["h1"][0] in PROBLEMS
        if not problem and not url.startswith(WITHOUT_ITEM) and len(here) != 1:
            unmarked.append(url)
    assert unmarked == []
