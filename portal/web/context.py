"""What every template knows: formatters, the menu, the person, the time."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, request, url_for
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect

from portal.core import clock
from portal.web import formatters, intake, limits, sessions
from portal.web.menu import MENU
from portal.web.permissions import Permission, may, may_set
from portal.web.returning import ask_to_sign_in

THEMES = ("light", "dark")
csrf = CSRFProtect()
login_manager = LoginManager()


def install(app: Flask, *, now: Callable[[], datetime]) -> None:
    """Register filters, globals, and the checks that run before every view."""
    intake.install(app)
    sessions.install(app)
    csrf.init_app(app)
    login_manager.init_app(app)
    login_manager.session_protection = None  # sessions carry their own version
    login_manager.unauthorized_handler(ask_to_sign_in)
    limits.install(app)
    timezone = app.config["SETTINGS"].timezone
    app.jinja_env.filters.update(formatters.FILTERS)
    app.jinja_env.filters.update(
        moment=lambda value: formatters.moment(value, timezone),
        short_moment=lambda value: formatters.short_moment(value, now(), timezone),
        since=lambda value: formatters.since(value, now()),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        may=may,
        may_set=may_set,
        Permission=Permission,
        asset=asset,
        with_args=with_args,
        theme=theme,
    )

    @app.context_processor
    def frame() -> dict[str, Any]:
        return {"menu": MENU, "today": clock.local_date(now(), timezone)}


def portal_today(settings: Any, now: datetime) -> date:
    """The calendar day in the portal's timezone."""
    return clock.local_date(now, settings.timezone)


def theme() -> str:
    """`light` or `dark` as the person chose it, or "" to follow the system's setting."""
    chosen = request.cookies.get("tema", "")
    return chosen if chosen in THEMES else ""


def asset(path: str) -> str:
    """URL of a static file, with its age so that browsers never keep an old one."""
    file = Path(str(current_app.static_folder)) / path
    stamp = format(int(file.stat().st_mtime), "x") if file.is_file() else "0"
    return url_for("static", filename=path, v=stamp)


def with_args(**changes: Any) -> str:
    """This page's URL with some query arguments changed (None removes one)."""
    args: dict[str, Any] = {**request.args.to_dict(flat=False), **changes}
    kept = {name: value for name, value in args.items() if value is not None}
    return f"{request.path}?{urlencode(kept, doseq=True)}" if kept else request.path
