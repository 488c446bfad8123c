"""Reads for the checklist's page, and the number beside its name in the menu."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app
from flask_login import current_user
from sqlalchemy import select

from portal.checklist.flow import Node, nodes
from portal.checklist.probes import Checklist, check
from portal.core import clock
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.deliveries.eligibility import Requirement
from portal.settings.service import financial
from portal.web.htmx import wants_fragment

KEPT = timedelta(seconds=10)
# Which changes are the history of a requirement: entity and columns (empty: any).
HISTORY: dict[str, tuple[str, frozenset[str]]] = {
    "message_ready": ("smtp_account", frozenset({"subject", "body"})),
    "smtp_account_chosen": ("financial_settings", frozenset({"smtp_account_id"})),
    "email_delivery_type": ("general_settings", frozenset({"default_delivery_type"})),
    "wallet_email_on_generation": ("wallet", frozenset({"email_on_generation"})),
}
LOOKED_AT = 20  # last events of an entity among which the one that matters is sought


@dataclass(frozen=True, slots=True)
class Row:
    """A requirement with its last change, where one is known."""

    requirement: Requirement
    changed: AuditEvent | None


@dataclass(frozen=True, slots=True)
class CheckPage:
    """The whole checklist, as its page shows it."""

    checklist: Checklist
    nodes: Sequence[Node]
    rows: Sequence[Row]


def page(now: datetime) -> CheckPage:
    """Probe everything now; the menu's number follows."""
    found = check(now)
    _keep(current_app, found.missing, now)
    timezone = current_app.config["SETTINGS"].timezone
    return CheckPage(found, nodes(found, timezone, now), list(_rows(found)))


def frame_missing() -> dict[str, Any]:
    """For templates: how many requirements are missing, counted at most every ten seconds.

    Only where a whole page is drawn for who is signed in.
    """
    if wants_fragment() or not current_user.is_authenticated:
        return {}
    now = clock.now()
    kept: tuple[datetime, int] | None = current_app.extensions.get("checklist_missing")
    if kept is None or not kept[0] <= now < kept[0] + KEPT:
        return {"frame_missing": _keep(current_app, check(now).missing, now)}
    return {"frame_missing": kept[1]}


def _keep(app: Flask, missing: int, now: datetime) -> int:
    app.extensions["checklist_missing"] = (now, missing)
    return missing


def _rows(found: Checklist) -> Iterable[Row]:
    account_id = financial().smtp_account_id
    for requirement in found.requirements:
        entity, columns = HISTORY.get(requirement.code, ("", frozenset()))
        only = account_id if entity == "smtp_account" else None
        yield Row(requirement, _last_change(entity, columns, only) if entity else None)


def _last_change(entity: str, columns: frozenset[str], entity_id: int | None) -> AuditEvent | None:
    # A test is an event of the account, too, and there may be many of them.
    query = select(AuditEvent).where(AuditEvent.entity == entity, AuditEvent.action != "smtp.test")
    if entity_id is not None:
        query = query.where(AuditEvent.entity_id == entity_id)
    recent = db.session.scalars(query.order_by(AuditEvent.id.desc()).limit(LOOKED_AT))
    return next((event for event in recent if columns & event.changes.keys()), None)
