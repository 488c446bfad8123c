"""Bringing an installation to the present: tables, the first administrator, the demo company."""

from portal.core import clock
from portal.core.config import Settings
from portal.core.db import db
from portal.core.migrations import ensure_migrated


def prepare(settings: Settings) -> list[str]:
    """Migrate, create the first administrator, load the demo; returns lines to print."""
    from portal import create_app
    from portal.cli.demo import load_demo
    from portal.users.service import ensure_first_admin

    app = create_app(settings, web=False)
    lines: list[str] = []
    with app.app_context():
        ensure_migrated()
        if settings.demo and load_demo(settings, clock.now()):
            lines.append("empresa de demonstração carregada (DEMO=0 começa vazio)")
        password = ensure_first_admin(clock.now())
        if password:
            lines += [
                "primeiro acesso (mostrado só desta vez):",
                "  e-mail  admin@pontual.local",
                f"  senha   {password}",
            ]
        db.session.remove()
        db.engine.dispose()
    return lines
