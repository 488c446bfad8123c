"""Walking the portal as a curious person does: every page, every link on it, every form."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from portal.core.db import db
from portal.users.models import Role, User
from tests.support.routes import private

MOST_PAGES = 220
AWAY = ("/sair", "/static/", "/entrar", "/api/")
ASKING = {f"/financeiro/emissao/{what}" for what in ("enviar", "baixar", "cancelar", "imprimir")}


@dataclass
class Form:
    """A form that posts: where to, and each field with the values that it offers."""

    action: str
    multipart: bool = False
    fields: dict[str, list[str]] = field(default_factory=dict)  # the first value is the present one
    files: list[str] = field(default_factory=list)

    def present(self) -> dict[str, str]:
        """What is sent by who changes nothing."""
        return {name: values[0] if values else "" for name, values in self.fields.items()}


class _Reader(HTMLParser):
    def __init__(self, html: str, url: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._url = url
        self._form: Form | None = None
        self._select: str | None = None
        self._text: list[str] | None = None
        self._others: list[str] = []  # where other buttons of the open form lead
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(urljoin(self._url, given.get("href", "")))
        if tag == "form" and given.get("method", "").lower() == "post":
            action = urljoin(self._url, given.get("action") or self._url)
            self._form = Form(action, given.get("enctype") == "multipart/form-data")
        if self._form is None:
            return
        if given.get("formaction"):
            self._others.append(urljoin(self._url, given["formaction"]))
        if tag in ("input", "textarea", "select", "button") and given.get("name"):
            self._field(tag, given)
        if tag == "option" and self._select:
            values = self._form.fields[self._select]
            values.insert(0 if "selected" in given else len(values), given.get("value", ""))

    def _field(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        name = given["name"]
        if given.get("type") == "file":
            self._form.files.append(name)
            return
        values = self._form.fields.setdefault(name, [])
        self._select = name if tag == "select" else None
        self._text = values if tag == "textarea" else None
        if tag in ("input", "button"):
            ticked = "checked" in given or given.get("type") not in ("checkbox", "radio")
            values.insert(0 if ticked else len(values), given.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data.removeprefix("\n"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None
        if tag == "textarea":
            self._text = None
        if tag == "form" and self._form is not None:
            self.forms.append(self._form)
            for action in self._others:
                copy = {name: list(values) for name, values in self._form.fields.items()}
                self.forms.append(Form(action, self._form.multipart, copy))
            self._form, self._others = None, []


def walk(
    app: Flask, client: FlaskClient, also: tuple[str, ...] = ()
) -> tuple[dict[str, str], list[Form]]:
    """(HTML by address, forms) that a person finds from every page with id 1 and `also` on.

    Forms of one address are made one; what answers a choice with another form is asked for it.
    """
    waiting = [*also, *(r.url() for r in private(app) if r.reads and r.only_ids)]
    pages: dict[str, str] = {}
    forms: dict[str, Form] = {}
    seen: set[Any] = set()
    while waiting and len(pages) < MOST_PAGES:
        url = waiting.pop(0)
        kind = _kind(app, url)
        if kind in seen or url.startswith(AWAY) or not url.startswith("/"):
            continue
        seen.add(kind)
        answer = client.get(url)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        pages[url] = answer.text
        waiting += _take(answer.text, url, forms).links
    for form in [form for path, form in forms.items() if path in ASKING]:
        answer = client.post(form.action, data=form.present())
        assert answer.status_code == 200, form.action
        _take(answer.text, form.action, forms)
    return pages, list(forms.values())


def _take(html: str, url: str, forms: dict[str, Form]) -> _Reader:
    found = _Reader(html, url)
    for form in found.forms:
        known = forms.setdefault(urlsplit(form.action).path, form)
        for name, values in form.fields.items():
            known.fields.setdefault(name, values)
    return found


def _kind(app: Flask, url: str) -> tuple[str, ...]:
    """What two addresses share that lead to the same kind of page."""
    parts = urlsplit(url)
    try:
        endpoint = str(app.url_map.bind("").match(parts.path, method="GET")[0])
    except (HTTPException, RequestRedirect):
        endpoint = parts.path
    return (endpoint, *sorted(name for name, _ in parse_qsl(parts.query)))


def as_administrator(app: Flask, client: FlaskClient) -> None:
    """Sign in again: what was sent before may have ended the session, rightly."""
    with app.app_context():
        whole = update(User).where(User.id == 1).values(role=Role.ADMIN, active=True)
        version = db.session.scalar(whole.returning(User.session_version))
        db.session.commit()
        db.session.remove()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = f"1.{version}", True
