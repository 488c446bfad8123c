"""Every form that a person fills: refusals, the guard against leaving, two people at once."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from tests.support.forms import post
from tests.support.markup import faults, fields, tree
from tests.support.walking import pages

# Typed fields that nobody minds losing: each is one step, and asks before what cannot be undone.
ONE_STEP = (
    "/conta/senha",
    "/importar",  # a file
    "/logotipo",
    "/emails",  # a file, or lines pasted
    "/feriados",
    "/testes",
    "/pausar",
    "/baixar",
    "/cancelar",
    "/anonimizar",
    "/corrigir",
    "/desfazer",
    "/financeiro/emissao",
    "/sistema/log-email/em-massa",
)
# These make something new: there is nothing yet that another person could have changed.
NEW = ("/novo", "/nova")
# One's own name: a person does not edit against themselves.
OWN = ("/conta",)


def posted(html: str) -> Iterator[Element]:
    """The forms of the page's main part that post."""
    main = html.partition("<main")[2].partition(">")[2].partition("</main>")[0]
    return (form for form in tree(main).iter("form") if form.get("method") == "post")


def values(form: Element) -> MultiDict[str, str]:
    """What a browser would send of the form, as it stands."""
    found: MultiDict[str, str] = MultiDict()
    for field in form.iter():
        name, kind = field.get("name"), field.get("type", "text")
        if not name or name == "csrf_token" or field.tag == "button":
            continue
        if field.tag == "select":
            options = list(field.iter("option"))
            chosen = [option for option in options if option.get("selected") is not None]
            for option in chosen or options[:1]:
                found.add(name, option.get("value", "".join(option.itertext())))
        elif field.tag == "textarea":
            found.add(name, "".join(field.itertext()).removeprefix("\n"))
        elif kind not in ("radio", "checkbox") or field.get("checked") is not None:
            found.add(name, field.get("value", ""))
    return found


@pytest.fixture
def forms(app: Flask, admin: FlaskClient, company: None) -> list[Element]:
    """Every form with fields to fill, each address once."""
    found = {
        form.get("action", url): form
        for url, html in pages(app, admin)
        if 'method="post"' in html.partition("<main")[2]
        for form in posted(html)
        if any(True for _ in fields(form))
    }
    assert len(found) > 20
    return list(found.values())


@pytest.fixture
def edited(forms: list[Element]) -> list[Element]:
    """Those in which a person changes what is there."""
    found = [form for form in forms if form.get("data-guard") is not None]
    assert len(found) > 12
    return found


def _address(form: Element) -> str:
    return str(form.get("action")).partition("?")[0]


def test_leaving_asks_first_wherever_typing_takes_more_than_a_step(forms):
    unguarded = {_address(form) for form in forms if form.get("data-guard") is None}
    assert {url for url in unguarded if not url.endswith(ONE_STEP)} == set()


def test_who_saves_over_anothers_change_is_told_and_keeps_what_was_typed(admin, edited):
    wrong = {}
    for form in edited:
        url, sent = _address(form), values(form)
        if url.endswith(NEW) or url in OWN:
            continue
        sent["version"] = "999"
        answer = post(admin, url, sent)
        told = "Outra pessoa salvou" in answer.text and "data-focus" in answer.text
        again = next((item for item in posted(answer.text) if _address(item) == url), None)
        kept = again is not None and dict(values(again).lists()) == dict(sent.lists())
        if answer.status_code != 409 or not told or not kept:
            wrong[url] = (answer.status_code, told, kept)
    assert wrong == {}


def test_saving_what_is_shown_is_accepted(admin, edited):
    wrong = {}
    for form in edited:
        url = _address(form)
        if not url.endswith(NEW):
            answer = post(admin, url, values(form))
            if answer.status_code != 303:
                wrong[url] = (answer.status_code, _errors(answer.text))
    assert wrong == {}


def test_each_error_stands_beside_its_field_and_in_the_summary(admin, edited):
    wrong, seen = {}, 0
    for form in edited:
        emptied = {name: "" for name in values(form) if name != "version"}
        url = _address(form)
        answer = post(admin, url, {**emptied, "version": values(form).get("version", "")})
        if answer.status_code == 303:
            continue  # nothing in it has to be filled
        seen += 1
        found = [*_unexplained(answer.text), *faults(answer.text)]
        if answer.status_code != 422 or found:
            wrong[url] = (answer.status_code, found)
    assert wrong == {}
    assert seen > 8


def _errors(html: str) -> list[str]:
    root = tree(html)
    return ["".join(item.itertext()) for item in root.iter("p") if item.get("class") == "error"]


def _unexplained(html: str) -> Iterator[str]:
    """Errors that the summary does not lead to, or that their field does not carry."""
    root = tree(html)
    by_id = {item.get("id"): item for item in root.iter() if item.get("id")}
    summary = [item for item in root.iter() if "error-summary" in (item.get("class") or "").split()]
    if len(summary) != 1 or summary[0].get("data-focus") is None:
        yield "no summary that takes the focus"
        return
    if summary[0].get("tabindex") != "-1" or summary[0].get("role") != "alert":
        yield "the summary cannot take the focus"
    links = [str(link.get("href")).removeprefix("#") for link in summary[0].iter("a")]
    errors = [name.removesuffix("-error") for name in by_id if str(name).endswith("-error")]
    if not links or sorted(links) != sorted(errors):
        yield f"the summary leads to {links}, errors stand at {errors}"
    for name in errors:
        field = by_id.get(name)
        if field is None or f"{name}-error" not in (field.get("aria-describedby") or "").split():
            yield f"{name} does not say its error"
