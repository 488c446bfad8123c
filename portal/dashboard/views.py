"""Início: what needs a person first, then today in numbers, the charts, and the last runs."""

from datetime import date, datetime
from typing import Any

from flask import Blueprint, Flask, current_app
from flask.typing import ResponseReturnValue

from portal.core import clock
from portal.dashboard import broken, buckets, figures, processes, queries
from portal.deliveries import cause_names
from portal.deliveries import labels as delivery_labels
from portal.deliveries.states import State
from portal.generation import labels as generation_labels
from portal.generation.queries import latest
from portal.web import charts
from portal.web.context import portal_today
from portal.web.formatters import month, number
from portal.web.htmx import render
from portal.web.permissions import Permission, requires

bp = Blueprint("dashboard", __name__)
SECTION = "dashboard"
RUNS = 5
DAYS, HOURS = 30, 24
MONTHS_BACK, MONTHS_AHEAD = 10, 1  # twelve; the next one is what was generated last


def register(app: Flask) -> None:
    """Add the pages to the application."""
    app.register_blueprint(bp)


@bp.get("/")
@requires(Permission.SEE)
def index() -> ResponseReturnValue:
    """The day; a portal without contracts shows the checklist as a guided set-up instead."""
    if queries.is_empty():
        return render("dashboard/setup.html", section=SECTION)
    settings, now = current_app.config["SETTINGS"], clock.now()
    day = portal_today(settings, now)
    midnight = buckets.midnight(day, settings.timezone)
    queues, runs = queries.waiting(), latest(RUNS)
    return render(
        "dashboard/index.html",
        section=SECTION,
        day=day,
        problem=processes.look(settings.redis_url, now).problem,
        stopped=queries.stopped(queues, now),
        failures=queries.failures(midnight),
        held=queries.held(),
        failed_runs=queries.failed_runs(now),
        made=queries.runs_since(midnight),
        waiting=sum(queues.values()),
        oldest=queries.oldest(),
        uncertain=queries.uncertain(),
        gauges=queries.gauges(now),
        runs=runs,
        changed=broken.changes_since(runs[0].created_at) if runs else [],
        labels=generation_labels,
        delivery_labels=delivery_labels,
        cause_names=cause_names,
        **_charts(day, now, settings.timezone),
    )


@bp.get("/inicio/valores")
@requires(Permission.SEE)
def amounts() -> ResponseReturnValue:
    """Settled and open amounts by month; loaded after the page, for it reads a year of titles."""
    today = portal_today(current_app.config["SETTINGS"], clock.now())
    sums = figures.amounts_by_month(buckets.months(today, MONTHS_BACK, MONTHS_AHEAD))
    return render(
        "dashboard/amounts.html",
        "dashboard/_amounts.html",
        section=SECTION,
        sums=sums,
        drawing=charts.stacked([month(item.first) for item in sums.months], sums.series, _reais),
    )


def _charts(today: date, now: datetime, timezone: str) -> dict[str, Any]:
    """The e-mails of the last days and the tries of the last hours, with today's sums."""
    days = buckets.days(today, DAYS, timezone)
    emails = figures.emails_by_day(days)
    hours = buckets.hours(now, HOURS, timezone)
    tries = figures.tries_by_hour(hours)
    return {
        "days": days,
        "emails": emails,
        "emails_drawing": charts.stacked([item.label for item in days], emails, number),
        "hours": hours,
        "tries": tries,
        "tries_drawing": charts.stacked([item.label for item in hours], tries, number),
        "today_by_state": {State(item.key): item.values[-1] for item in emails},
    }


def _reais(value: charts.Number) -> str:
    return f"R$ {number(round(value))}"
