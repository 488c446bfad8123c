"""Início: what needs a person first, then today in numbers, then the last runs."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, current_app
from flask.typing import ResponseReturnValue

from portal.core import clock
from portal.dashboard import processes, queries
from portal.deliveries import cause_names
from portal.deliveries import labels as delivery_labels
from portal.generation import labels as generation_labels
from portal.generation.queries import latest
from portal.web.context import portal_today
from portal.web.htmx import render
from portal.web.permissions import Permission, requires

bp = Blueprint("dashboard", __name__)
SECTION = "dashboard"
RUNS = 5


def register(app: Flask) -> None:
    """Add the page to the application."""
    app.register_blueprint(bp)


@bp.get("/")
@requires(Permission.SEE)
def index() -> ResponseReturnValue:
    """The day; a portal without contracts shows the checklist as a guided set-up instead."""
    if queries.is_empty():
        return render("dashboard/setup.html", section=SECTION)
    settings, now = current_app.config["SETTINGS"], clock.now()
    day = portal_today(settings, now)
    midnight = datetime.combine(day, time(), ZoneInfo(settings.timezone)).astimezone(UTC)
    queues = queries.waiting()
    return render(
        "dashboard/index.html",
        section=SECTION,
        day=day,
        problem=processes.look(settings.redis_url, now).problem,
        stopped=queries.stopped(queues, now),
        failures=queries.failures(midnight),
        held=queries.held(),
        failed_runs=queries.failed_runs(now),
        numbers=queries.today(midnight, queues),
        gauges=queries.gauges(now),
        runs=latest(RUNS),
        labels=generation_labels,
        delivery_labels=delivery_labels,
        cause_names=cause_names,
    )
