"""What must hold on every route, also on those written after this file."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.web.menu import MENU
from portal.web.permissions import ROLE_PERMISSIONS
from tests import factories
from tests.conftest import signed_in
from tests.support.counting import statements
from tests.support.forms import csrf_token, post
from tests.support.routes import FRAMED, PUBLIC, Outline, Route, private, routes
from tests.support.walking import pages

MAX_QUERIES = 25
# They probe every requirement.
MORE_QUERIES = {"GET /checklist": 30, "GET /checklist/numeros": 30}
UNKNOWN_ID = 999_999_999
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{7*7}}'


def wrong(found: list[Route], fault: Callable[[Route], Any]) -> list[str]:
    """`route: what is wrong` for each route where `fault` returns something."""
    faults = ((route, fault(route)) for route in found)
    return [f"{route}: {text}" for route, text in faults if text]


def send(client: FlaskClient, route: Route, url: str | None = None, **options: Any) -> Any:
    """The route's request, with a valid token when it is a POST."""
    if route.method == "POST":
        return post(client, url or route.url(), **options)
    return client.get(url or route.url(), **options)


# --- who may ------------------------------------------------------------------------------------
def test_every_route_asks_for_a_permission_or_is_public_on_purpose(app):
    unguarded = {route.rule.rule for route in routes(app) if route.permission is None}
    assert unguarded <= PUBLIC


def test_a_stranger_is_sent_to_the_sign_in_page(app, web):
    def fault(route):
        answer = send(web, route)
        ok = answer.status_code == 302 and answer.location.startswith("/entrar")
        return None if ok else (answer.status_code, answer.location)

    assert wrong(private(app), fault) == []


def test_a_stranger_who_sends_a_form_without_token_is_sent_there_too(app, web):
    posts = [route for route in private(app) if route.writes]
    assert wrong(posts, lambda route: web.post(route.url()).status_code != 302) == []


def test_a_stranger_with_htmx_gets_401_and_the_way_to_sign_in(app, web):
    def fault(route):
        answer = send(web, route, headers=HTMX)
        target = answer.headers.get("HX-Redirect", "")
        ok = answer.status_code == 401 and target.startswith("/entrar") and not answer.data
        return None if ok else (answer.status_code, target)

    assert wrong(private(app), fault) == []


@pytest.mark.parametrize("role", sorted(ROLE_PERMISSIONS))
def test_each_role_is_refused_what_it_may_not_do(app, role):
    client = signed_in(app, role=role)
    forbidden = [route for route in private(app) if route.permission not in ROLE_PERMISSIONS[role]]
    assert bool(forbidden) == (role != "admin")
    assert wrong(forbidden, lambda route: send(client, route).status_code != 403) == []


# --- forms ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("token", [None, "", "foreign", "expired"])
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["form", "htmx"])
def test_a_post_without_a_valid_token_changes_nothing(app, admin, token, headers):
    other = signed_in(app, role="admin")
    with other.session_transaction() as session:
        session["csrf_token"] = "f" * 40
    fields = {"foreign": csrf_token(other), "expired": "old.old.old"}
    data = {} if token is None else {"csrf_token": fields.get(token, token)}
    posts = [route for route in private(app) if route.writes]
    assert len(posts) > 3
    faults = wrong(
        posts, lambda r: admin.post(r.url(), data=data, headers=headers).status_code != 400
    )
    assert faults == []


def test_what_changes_something_cannot_be_got_by_a_link(app, admin):
    reading = {route.rule.rule for route in routes(app) if route.reads}
    changing = [r for r in private(app) if r.writes and r.rule.rule not in reading]
    assert len(changing) > 3
    assert wrong(changing, lambda route: admin.get(route.url()).status_code != 405) == []


# --- what is not there ----------------------------------------------------------------------------
@pytest.mark.parametrize("number", [UNKNOWN_ID, 2**31, 2**63 - 1, 2**63, 10**40])
def test_an_id_that_does_not_exist_is_not_found(app, admin, number):
    by_id = [route for route in private(app) if route.rule.arguments]
    assert len(by_id) > 3

    def fault(route):
        status = send(admin, route, route.url(number)).status_code
        return None if status == 404 else status

    assert wrong(by_id, fault) == []


def test_what_exists_is_found(app, admin, company):
    made_later = {"/financeiro/titulos/<int:receivable_id>/boleto.pdf"}  # by the generation
    by_id = [
        route
        for route in private(app)
        if route.reads and route.rule.arguments and route.only_ids
        if route.rule.rule not in made_later
    ]
    assert len(by_id) > 3
    assert wrong(by_id, lambda route: admin.get(route.url(1)).status_code in (404, 500)) == []


@pytest.mark.parametrize("word", ["abc", "-1", "1.5", "%20", "٣"])
def test_an_id_that_is_no_number_is_not_found(app, admin, word):
    for route in private(app):
        path = route.rule.rule
        for name in route.rule.arguments:
            path = path.replace(f"<int:{name}>", word)
        if "<" not in path and path != route.rule.rule:
            assert send(admin, route, path).status_code in (404, 405), path


# --- pages ----------------------------------------------------------------------------------------
def test_every_page_has_one_heading_a_title_and_its_language(app, admin, company):
    for url, html in pages(app, admin):
        outline = Outline(html)
        assert len(outline.texts.get("h1", [])) == 1, url
        assert outline.texts["h1"][0].strip(), url
        assert outline.texts["title"][0].removesuffix(" · Pontual").strip(), url
        assert next(outline.all("html"))["lang"] == "pt-BR", url


def test_every_page_of_the_menu_opens_and_marks_its_item(app, admin, company):
    with app.test_request_context():
        items = [(app.url_for(item.endpoint), item) for _, items in MENU for item in items]
    for url, item in items:
        answer = admin.get(url)
        assert answer.status_code == 200, url
        here = [a for a in Outline(answer.text).all("a") if a.get("aria-current") == "page"]
        assert url in [a["href"] for a in here], f"{url} does not pass section={item.section!r}"
        assert item.text in answer.text


@pytest.mark.parametrize("role", sorted(ROLE_PERMISSIONS))
def test_the_menu_shows_each_role_what_it_may_open(app, company, role):
    client = signed_in(app, role=role)
    links = {a.get("href") for a in Outline(client.get("/conta").text).all("a")}
    for _, items in MENU:
        for item in items:
            with app.test_request_context():
                url = app.url_for(item.endpoint)
            allowed = item.permission in ROLE_PERMISSIONS[role]
            assert (url in links) == allowed, url
            assert (client.get(url).status_code == 200) == allowed, url


def test_no_page_has_inline_script_or_style_or_what_needs_eval(app, admin, company):
    for url, html in pages(app, admin):
        outline = Outline(html)
        assert all("src" in script for script in outline.all("script")), url
        assert "style" not in outline.texts, url
        for tag, attrs in outline.tags:
            names = " ".join(attrs)
            assert "style" not in attrs, f"{url}: <{tag} style>"
            assert not any(name.startswith("on") for name in attrs), f"{url}: <{tag} {names}>"
            assert "hx-on" not in names, f"{url}: <{tag} {names}>"
            assert "[" not in (attrs.get("hx-trigger") or ""), f"{url}: trigger filter"
            for name in ("hx-vals", "hx-headers", "hx-confirm", "href", "src", "action"):
                assert not (attrs.get(name) or "").startswith(("js:", "javascript:")), url


def test_a_framed_message_is_locked_in_its_frame(app, admin, company):
    framed = [route for route in private(app) if route.rule.rule in FRAMED]
    assert len(framed) == len(FRAMED)
    for route in framed:
        policy = admin.get(route.url()).headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "sandbox"} <= set(policy), route
        assert not any(rule.startswith(("script-src", "connect-src")) for rule in policy), route


def test_no_page_loads_anything_from_elsewhere(app, admin, company):
    for url, html in pages(app, admin):
        for tag, attrs in Outline(html).tags:
            if tag in ("script", "link", "img", "iframe"):
                source = attrs.get("src") or attrs.get("href") or ""
                assert source.startswith(("/", "data:image/")) or not source, f"{url}: {source}"


def test_every_form_that_posts_carries_the_token(app, admin, company):
    for url, html in pages(app, admin):
        for form in html.split("<form")[1:]:
            form = form.split("</form>")[0]
            if 'method="post"' in form.split(">")[0].lower():
                assert 'name="csrf_token"' in form, f"{url}: <form{form.split('>')[0]}>"


def test_every_page_is_made_with_few_queries(app, admin, crowd):
    counts: dict[str, int] = {}
    for route in private(app):
        if route.reads:
            with statements(app) as sent:
                admin.get(route.url())
            counts[str(route)] = len(sent)
    wrong = {r: n for r, n in counts.items() if n > MORE_QUERIES.get(r, MAX_QUERIES)}
    assert wrong == {}


# --- bad input ------------------------------------------------------------------------------------
ODD_QUERIES = [
    "depois=99999999999999999999999999&q=%27%22%25_%5C&estado=zzz&de=31/02/9999&ate=0000-00-00",
    "depois=-1&conta=99999999999999999999&cliente=1%20OR%201=1&carteira=x&ordem=1;drop%20table",
    "depois=%F0%9F%92%A3&q=&estado=&de=&ate=&competencia=13/2026&parcelas=1e9&page=-1",
    "q=" + "a" * 5000,
    "endpoint=x&_external=1&_scheme=javascript&_anchor=x&filename=x",
]


@pytest.mark.parametrize("query", ODD_QUERIES)
def test_no_page_breaks_on_odd_arguments(app, admin, company, query):
    def fault(route):
        answer = admin.get(f"{route.url()}?{query}")
        return answer.status_code if answer.status_code >= 500 else None

    assert wrong([route for route in private(app) if route.reads], fault) == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"version": "x", "name": "", "amount": "1e309", "port": "99999999999999999999"},
        {"version": "99999999999999999999", "role": "x", "kind": "x", "state": "sent"},
    ],
)
def test_no_form_breaks_on_odd_fields(app, admin, company, fields):
    posts = [route for route in private(app) if route.writes and route.rule.rule != "/sair"]

    def fault(route):
        status = post(admin, route.url(), fields).status_code
        return status if status >= 500 else None

    assert wrong(posts, fault) == []


def test_what_people_wrote_is_shown_as_text_on_every_page(app, admin):
    with app.app_context():
        account = factories.create_account(
            name=f"C{EVIL}"[:80], sender_name=EVIL, subject=EVIL, body=EVIL, tested_by=EVIL
        )
        factories.create_settings(account, company_name=EVIL, company_city=EVIL)
        wallet = factories.create_wallet(name=f"W{EVIL}"[:80], instructions=[EVIL])
        person = factories.create_client(
            name=EVIL, address=EVIL, district=EVIL, city=EVIL[:80], phone=EVIL[:40],
            invalid_emails=EVIL, complement=EVIL[:80],
        )  # fmt: skip
        contract = factories.create_contract(client=person, wallet=wallet, plan=EVIL)
        receivable = factories.create_receivable(contract=contract, document_number=EVIL[:20])
        factories.create_message(
            receivable=receivable, smtp_account=account, subject=EVIL, reason=EVIL,
            requested_by=EVIL,
        )  # fmt: skip
        factories.create_user(name=EVIL)
    shown = 0
    for url, html in pages(app, admin):
        assert "<script>alert" not in html, url
        assert "<img src=x" not in html, url
        shown += "&lt;script&gt;" in html
    assert shown > 5
