"""Signing in and out, and a person's own account."""

import hashlib
from typing import Any

from flask import Flask, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.config import Settings
from portal.core.errors import InvalidValue
from portal.users import service
from portal.users.forms import LoginForm, OwnForm, OwnPasswordForm
from portal.users.web import begin_session, bp, load_user, note_session, session_id
from portal.web.context import THEMES, login_manager
from portal.web.htmx import go_to, go_to_url, render
from portal.web.limits import limiter
from portal.web.paths import local_path
from portal.web.permissions import Permission, requires

WRONG = "E-mail ou senha incorretos."
TRIES = "10 per 15 minutes"
THEME_AGE = 365 * 24 * 3600  # seconds


def register(app: Flask) -> None:
    """Add the room's pages, and teach the portal who is signed in."""
    from portal.users import (  # noqa: F401 - they add their pages to `bp`
        audit_views,
        people_views,
        reset_views,
        session_views,
    )

    login_manager.user_loader(load_user)
    app.after_request(note_session)
    app.register_blueprint(bp)


def _account() -> str:
    email = current_user.email if current_user.is_authenticated else request.form.get("email", "")
    return "account:" + hashlib.sha256(service.clean_email(email).encode()).hexdigest()


def _was_wrong(_response: Any) -> bool:
    return bool(g.get("wrong_password", False))


def _limited(view: Any) -> Any:
    """Ten wrong passwords in 15 minutes, by account and by address; right ones cost nothing."""
    for key in (None, _account):
        view = limiter.limit(TRIES, methods=["POST"], key_func=key, deduct_when=_was_wrong)(view)
    return view


@bp.route("/entrar", methods=["GET", "POST"])
@_limited
def login() -> ResponseReturnValue:
    """The sign-in page."""
    target = local_path(request.args.get("next"))
    if request.method == "GET" and current_user.is_authenticated:
        return redirect(target or url_for("dashboard.index"))
    form = LoginForm()
    if form.validate_on_submit():
        user = service.sign_in(form.email.data, form.password.data, clock.now())
        if user:
            begin_session(user)
            return go_to_url(target or url_for("dashboard.index"))
        g.wrong_password = True
        form.form_errors.append(WRONG)
    page = render("users/login.html", form=form, next=target)
    return page, 422 if request.method == "POST" else 200


@bp.post("/sair")
@requires(Permission.SEE)
def logout() -> ResponseReturnValue:
    """End this session, here and wherever its cookie was copied to."""
    service.sign_out(session_id(), current_user, clock.now())
    session.clear()
    return go_to("users.login", "Você saiu.")


@bp.route("/conta", methods=["GET", "POST"])
@requires(Permission.SEE)
def own() -> ResponseReturnValue:
    """A person's own name, password and theme."""
    form = OwnForm(obj=current_user)
    if form.validate_on_submit():
        service.change_own(current_user, form.name.data, clock.now())
        return go_to("users.own", "Nome salvo.")
    return _own_page(form, OwnPasswordForm(formdata=None), form)


@bp.post("/conta/senha")
@requires(Permission.SEE)
@_limited
def own_password() -> ResponseReturnValue:
    """Change one's own password; the other sessions end."""
    form = OwnPasswordForm()
    if form.validate_on_submit():
        try:
            user = service.change_own_password(
                current_user.id, form.current.data, form.password.data, clock.now()
            )
        except InvalidValue as error:
            g.wrong_password = error.field == "current"
            form.reject(error)
        else:
            begin_session(user)
            return go_to("users.own", "Senha trocada. As suas outras sessões foram encerradas.")
    return _own_page(OwnForm(formdata=None, obj=current_user), form, form)


def _own_page(own: OwnForm, password: OwnPasswordForm, sent: OwnForm) -> ResponseReturnValue:
    page = render("users/own.html", form=own, password_form=password)
    return page, 422 if sent.errors else 200


@bp.post("/conta/tema")
@requires(Permission.SEE)
def theme() -> ResponseReturnValue:
    """Choose light or dark, or follow the system; kept in this browser."""
    response = go_to_url(local_path(request.form.get("next")) or url_for("users.own"))
    chosen = request.form.get("tema", "")
    settings: Settings = current_app.config["SETTINGS"]
    if chosen in THEMES:
        response.set_cookie(
            "tema", chosen, max_age=THEME_AGE, samesite="Lax", secure=settings.production
        )
    else:
        response.delete_cookie("tema")
    return response
