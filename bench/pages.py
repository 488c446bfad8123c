"""Server time of the pages that people open all day, on a base of 5,000 contracts."""

import statistics
import time
from datetime import date

from flask.testing import FlaskClient

from bench.support import NOW, TODAY, add_contracts, scratch_app, verdict
from portal.core.db import db
from portal.generation import service
from portal.generation.orders import Order
from portal.users.models import Role, User

PAGES = (
    "/",
    "/checklist",
    "/clientes",
    "/clientes/2500",
    "/clientes/2500/emails-enviados",
    "/contratos",
    "/financeiro/gerar",
    "/financeiro/titulos",
    "/financeiro/emissao",
    "/cadastros/carteiras",
    "/configuracoes/smtp",
    "/configuracoes/parametros/financeiro",
    "/sistema/log-email",
    "/sistema/log-email?q=Cliente+42",
)
LIMIT_MS = 100
TIMES = 15


def main() -> bool:
    """Whether the median of every page stays within 100 ms."""
    with scratch_app(web=True) as app:
        add_contracts(5000)
        service.run_now(Order(date(2026, 12, 1)), today=TODAY, actor=None, now=NOW)
        user = User(
            email="bench@example.com",
            name="Bench",
            role=Role.ADMIN,
            password_hash="!",
            created_at=NOW,
        )
        db.session.add(user)
        db.session.commit()
        session_id = user.get_id()
        db.session.remove()
        browser = app.test_client()
        with browser.session_transaction() as session:
            session["_user_id"] = session_id
        kept = [verdict(path, _median(browser, path), LIMIT_MS, "ms") for path in PAGES]
        return all(kept)


def _median(browser: FlaskClient, path: str) -> float:
    times = []
    for _ in range(TIMES):
        start = time.perf_counter()
        answer = browser.get(path)
        times.append((time.perf_counter() - start) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}")
    return statistics.median(times)
