"""Walking every page of the portal, as one person's browser."""

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.routes import FRAMED, private

A_CODE = "client_email"  # a requirement: the one part of URLs that is a word and known beforehand


def is_page(answer: TestResponse) -> bool:
    """Whether a whole page was answered, and no fragment, file or redirect."""
    return answer.mimetype == "text/html" and '<html lang="pt-BR"' in answer.text[:200]


def pages(app: Flask, client: FlaskClient) -> list[tuple[str, str]]:
    """(URL, HTML) of every whole page, each id being 1."""
    found = []
    for route in private(app):
        if route.reads and route.rule.rule not in FRAMED:
            url = route.url(1, A_CODE)
            answer = client.get(url)
            assert answer.status_code < 500, f"{route}: {answer.status_code}"
            if is_page(answer):
                found.append((url, answer.text))
    assert len(found) > 8
    return found
