"""Filas: workers, clock, queues, failed jobs, and what waits; for whoever operates the portal."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Flask, current_app, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.operations import labels, queries, redis_state, service
from portal.operations.redis_state import Task
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires

bp = Blueprint("operations", __name__)
SECTION = "operations"
SILENT = timedelta(minutes=3)  # the clock passes every minute
JOB_ID_LENGTH = 64


def register(app: Flask) -> None:
    """Add the page to the application."""
    app.register_blueprint(bp)


@bp.get("/sistema/filas")
@requires(Permission.SEE)
def index() -> ResponseReturnValue:
    """What runs and what waits now."""
    now = clock.now()
    found = redis_state.look(current_app.config["REDIS_URL"])
    return render(
        "operations/index.html",
        "operations/_queues.html",
        section=SECTION,
        redis=found,
        clock_ticks=_ticks(found.facts.heartbeat, now),
        accounts=queries.by_account(now),
        abandoned=queries.abandoned(now),
        words=labels,
    )


@bp.post("/sistema/filas/reconciliar")
@requires(Permission.CONFIGURE)
def reconcile() -> ResponseReturnValue:
    """Reconciliar agora."""
    report = service.reconcile_now(current_user, clock.now())
    return go_to("operations.index", f"Reconciliado: {report}.")


@bp.post("/sistema/filas/repetir")
@requires(Permission.CONFIGURE)
def retry() -> ResponseReturnValue:
    """Tentar de novo."""
    return _act(service.retry, "De novo na fila")


@bp.post("/sistema/filas/descartar")
@requires(Permission.CONFIGURE)
def discard() -> ResponseReturnValue:
    """Descartar."""
    return _act(service.discard, "Descartado")


def _ticks(heartbeat: datetime | None, now: datetime) -> bool:
    return heartbeat is not None and now - heartbeat < SILENT


def _act(use_case: Callable[[str, Any, datetime], Task], done: str) -> ResponseReturnValue:
    job_id = request.form.get("trabalho", "")[:JOB_ID_LENGTH]
    task = use_case(job_id, current_user, clock.now())
    return go_to("operations.index", f"{done}: {labels.task(task)}.")
