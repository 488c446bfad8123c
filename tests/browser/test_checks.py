"""The checks of the browser tests see what they are there to see."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import check_accessible


def test_axe_sees_grey_on_grey(page, live):
    page.goto(f"{live.url}/entrar")
    page.evaluate("document.querySelector('h1').style.color = '#eee'")
    with pytest.raises(AssertionError, match="color-contrast"):
        check_accessible(page, rule="color-contrast")


@pytest.mark.parametrize(
    "script",
    [
        "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')",
        "document.body.append(Object.assign(document.createElement('script'), {text: '1'}))",
        "document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}))",
        "setTimeout(() => { throw new Error('boom') })",
        "console.error('boom')",
        "fetch('/static/nada.js')",
    ],
)
def test_complaints_of_the_browser_are_heard(page, live, complaints, script):
    page.goto(f"{live.url}/entrar")
    page.evaluate(script)
    for _ in range(100):  # messages come in their own time
        if complaints.found:
            break
        page.wait_for_timeout(100)
    with pytest.raises(AssertionError, match="the browser complained"):
        complaints.check()
    complaints.found.clear()


def test_an_answer_that_refuses_is_no_complaint(page, live, complaints):
    page.goto(f"{live.url}/nada")
    expect(page.get_by_role("heading", name="Não encontrado")).to_be_visible()
    complaints.check()
