"""Pontual: boletos rendered and e-mailed on time, once, with proof."""

import os
from pathlib import Path
from typing import Any

from flask import Flask

from portal.core import clock, logs
from portal.core.config import Settings
from portal.core.db import db, engine_options, prepare_engine, set_reading

ROOT = Path(__file__).resolve().parent.parent
MAX_UPLOAD = 20 * 1024 * 1024
ROOMS = (
    "users",
    "smtp",
    "settings",
    "clients",
    "wallets",
    "contracts",
    "receivables",
    "deliveries",
    "generation",
    "issuance",
    "checklist",
    "dashboard",
    "privacy",
    "operations",
    "help",
    "webhooks",
    "api",
)


def create_app(settings: Settings | None = None, *, web: bool = True, **overrides: Any) -> Flask:
    """The application for `settings` (default: the environment). Raises ConfigError.

    Commands and workers leave the screens out (`web=False`): they start in half the time.
    """
    settings = settings or Settings.from_env()
    app = Flask(
        __name__,
        root_path=str(ROOT / "portal"),
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        REDIS_URL=settings.redis_url,
        SETTINGS=settings,
        MAX_CONTENT_LENGTH=MAX_UPLOAD,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.production,
        SESSION_COOKIE_NAME="pontual",
        TRUSTED_HOSTS=list(settings.hosts) or None,
        WTF_CSRF_TIME_LIMIT=None,  # a form lives as long as its session
        **overrides,
    )
    logs.install(app)
    _install_core(app)
    if web:
        _install_web(app)
    return app


def _install_core(app: Flask) -> None:
    from flask_mail import Mail

    import_models()
    db.init_app(app)
    Mail(app)  # composes messages; a session of our own sends them (portal.smtp.transport)
    with app.app_context():
        prepare_engine(db.engine)
        # A forked worker must not share its parent's connections.
        engine = db.engine
        os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))


def import_models() -> None:
    """Import every room's tables, so that the metadata is whole."""
    import portal.api.models
    import portal.clients.models
    import portal.contracts.models
    import portal.core.audit
    import portal.deliveries.models
    import portal.generation.models
    import portal.receivables.models
    import portal.settings.models
    import portal.smtp.models
    import portal.users.models
    import portal.wallets.models
    import portal.webhooks.models  # noqa: F401


def _install_web(app: Flask) -> None:
    from importlib import import_module

    from flask import request

    from portal.web import context, health, problems, proxies, security

    @app.before_request
    def choose_transaction() -> None:
        set_reading(request.method in ("GET", "HEAD", "OPTIONS"))

    @app.teardown_request
    def back_to_writing(_error: BaseException | None) -> None:
        set_reading(False)

    proxies.install(app)
    security.install(app)
    health.install(app)
    problems.install(app)
    context.install(app, now=clock.now)
    for room in ROOMS:
        import_module(f"portal.{room}.views").register(app)
    import_module("portal.operations.metrics_views").register(app)
